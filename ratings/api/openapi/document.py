"""The whole document: `document(tree, ...)` is a value of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ratings
from ratings.api.authentication import OPEN_PATHS
from ratings.api.openapi import bodies, refusals
from ratings.api.openapi.operations import HEADERS, NOT_MODIFIED, PARAMETERS, Operations
from ratings.api.openapi.schemas import Schemas
from ratings.api.openapi.walking import Operation, operations
from ratings.api.resource import Resource
from ratings.exporters import Exporter

_TOLD = """\
What an OpenStack cloud reports about itself becomes priced records, and these become sales orders.

* **Numbers** go out as JSON numbers with every digit, and come in as numbers or as texts. Read
  them as decimals: a parser that makes floats of them loses digits.
* **Instants** go out as `2026-01-31T00:00:00.000000Z`. They come in as ISO 8601 in any form;
  without a zone they are UTC, and a date is its midnight. Ranges contain their start and not
  their end.
* **Lists** come in pages: `limit` is how many rows at most, `marker` what the page before ended
  with. As long as there are more, `links` has the URL of the next page.
* **Errors** have one form, with a stable code. What is not described here is refused.
* **Writes** heed `Idempotency-Key`. `POST /v1/events` and `POST /v1/samples` need none: an event is
  known by its message id, a sample by what it measured.
* **Reads** bear an `ETag`.
"""

_SCHEMES = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Auth-Token",
        "description": "A token of Keystone.",
    },
    "ingest": {
        "type": "http",
        "scheme": "basic",
        "description": "For senders that know no Keystone, such as Ceilometer's HTTP publisher: "
        "events and samples only.",
    },
}

_LICENSE = "https://www.apache.org/licenses/LICENSE-2.0"


def document(
    tree: Resource, exporters: Mapping[str, Exporter], url: str, *, secured: bool
) -> dict[str, Any]:
    """OpenAPI 3.1 of an URL tree that is reached at `url`.

    secured: whether a request must say who sends it.
    """
    found, schemas = operations(tree), Schemas()
    described = Operations(found, schemas, exporters)
    paths: dict[str, Any] = {}
    for each in found:
        told = described.described(each)
        if secured:
            told["security"] = _security(each)
        paths.setdefault(each.path, {})[each.verb] = told
    refused = {**refusals.responses_by_name(), "NotModified": NOT_MODIFIED}
    components = {
        "schemas": dict(
            sorted({**schemas.found, **bodies.schemas(), **refusals.schemas()}.items())
        ),
        "responses": dict(sorted(refused.items())),
        "parameters": PARAMETERS,
        "headers": HEADERS,
    }
    if secured:
        components["securitySchemes"] = _SCHEMES
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ratings",
            "version": ratings.__version__,
            "summary": "Rating for OpenStack",
            "description": _TOLD,
            "contact": {"name": "The operator of this service", "url": url},
            "license": {"name": "Apache-2.0", "url": _LICENSE},
        },
        "servers": [{"url": url, "description": "This service."}],
        "tags": _tags(found),
        "paths": paths,
        "components": components,
    }


def _tags(found: list[Operation]) -> list[dict[str, str]]:
    """A tag for each noun, with what its module says of it."""
    told = {each.noun: each.noun_told.partition(": ")[2].partition("\n")[0] for each in found}
    return [
        {"name": name, "description": text[:1].upper() + text[1:]}
        for name, text in sorted(told.items())
    ]


def _security(operation: Operation) -> list[dict[str, Any]]:
    """Any one of what it gives is enough."""
    if operation.path in OPEN_PATHS:
        return []
    schemes = ("token", "ingest") if operation.contract.body is bytes else ("token",)
    return [{scheme: []} for scheme in schemes]
