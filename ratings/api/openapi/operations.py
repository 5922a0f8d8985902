"""An operation in the words of OpenAPI: parameters, body, answers, links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import wsme.types

from ratings.api import idempotency
from ratings.api.openapi import bodies, refusals
from ratings.api.openapi.glossary import IDS, meaning
from ratings.api.openapi.schemas import Schemas, asked
from ratings.api.openapi.walking import Operation
from ratings.api.values import Choices, Json
from ratings.exporters import Exporter

Described = dict[str, Any]

_MEANT = {
    HTTPStatus.OK: "What was asked for.",
    HTTPStatus.CREATED: "What came into being.",
    HTTPStatus.ACCEPTED: "All of it is durable.",
    HTTPStatus.NO_CONTENT: "It is done.",
}

PARAMETERS: Described = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Of the sender's choice. A request that is sent again with the same key "
        "is answered as the first time, and not carried out again.",
        "schema": {"type": "string", "pattern": idempotency.KEY},
        "example": '"8e03978e-40d5-43e8-bc93-6894a57f9324"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of an earlier answer: 304 if it would be the same now.",
        "schema": {"type": "string"},
        "example": '"33a64df551425fcc55e4d42a148795d9"',
    },
}

HEADERS: Described = {
    "CacheControl": {
        "description": "Who may keep the answer, and for how long.",
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "Another one for each other answer.",
        "schema": {"type": "string", "pattern": '^"[0-9a-f]{32}"$'},
    },
    "Replayed": {
        "description": "Says `true` where the Idempotency-Key was known.",
        "schema": {"type": "string", "const": "true"},
    },
    "RequestId": {
        "description": "Id of the request; the log has it.",
        "schema": {"type": "string", "pattern": "^req-"},
    },
}

NOT_MODIFIED: Described = {
    "description": "The answer would be the one that bore the ETag.",
    "headers": {
        "ETag": {"$ref": "#/components/headers/ETag"},
        "X-Openstack-Request-Id": {"$ref": "#/components/headers/RequestId"},
    },
}


class Operations:
    """Operations described; the types that they meet are collected in `schemas`.

    exporters: the formats in which orders can be had.
    """

    def __init__(
        self, every: Sequence[Operation], schemas: Schemas, exporters: Mapping[str, Exporter]
    ) -> None:
        self._every = every
        self._schemas = schemas
        self._exporters = exporters

    def described(self, operation: Operation) -> Described:
        """The Operation Object."""
        summary, description = refusals.prose(operation.told)
        contract = operation.contract
        found: Described = {
            "operationId": operation.id,
            "tags": [operation.noun],
            "summary": summary,
            "description": description,
        }
        if parameters := self._parameters(operation):
            found["parameters"] = parameters
        if contract.body is bytes:
            found["requestBody"] = bodies.request(operation.noun)
        elif contract.body is not None:
            found["requestBody"] = self._body(contract.body)
        answers = {str(contract.status): self._answer(operation)}
        if operation.verb == "get":
            answers["304"] = {"$ref": "#/components/responses/NotModified"}
        return {**found, "responses": {**answers, **refusals.responses(operation)}}

    def _parameters(self, operation: Operation) -> list[Described]:
        found = [_of_path(name) for name in operation.parts]
        query = operation.contract.query
        for attribute in () if query is None else wsme.types.list_attributes(query):
            found.append(self._of_query(query.__name__, attribute))
        if operation.contract.once:
            found.append({"$ref": "#/components/parameters/IdempotencyKey"})
        if operation.verb == "get":
            found.append({"$ref": "#/components/parameters/IfNoneMatch"})
        return found

    def _of_query(self, datatype: str, attribute: Any) -> Described:
        schema = asked(attribute.datatype)
        if attribute.name == "format":
            schema = {"type": "string", "enum": sorted(self._exporters)}
        if isinstance(attribute.default, bool):
            schema["default"] = str(attribute.default).lower()
        elif isinstance(attribute.default, int):
            schema["default"] = attribute.default
        found = {
            "name": attribute.name,
            "in": "query",
            "description": meaning(datatype, attribute.name),
            "required": attribute.mandatory,
            "schema": schema,
        }
        if isinstance(attribute.datatype, Choices):
            # Separated by commas.
            found |= {"style": "form", "explode": False}
        return found

    def _body(self, datatype: Any) -> Described:
        attributes = wsme.types.list_attributes(datatype)
        return {
            "description": " ".join((datatype.__doc__ or "What is to change.").split()),
            "required": any(attribute.mandatory for attribute in attributes),
            "content": {"application/json": {"schema": self._schemas.body(datatype)}},
        }

    def _answer(self, operation: Operation) -> Described:
        contract = operation.contract
        headers = {"X-Openstack-Request-Id": {"$ref": "#/components/headers/RequestId"}}
        if operation.verb == "get":
            headers["ETag"] = {"$ref": "#/components/headers/ETag"}
            headers["Cache-Control"] = {"$ref": "#/components/headers/CacheControl"}
        if contract.once:
            headers["Idempotent-Replayed"] = {"$ref": "#/components/headers/Replayed"}
        found: Described = {"description": _MEANT[HTTPStatus(contract.status)], "headers": headers}
        if contract.answer is not None:
            found["content"] = self._content(operation)
        if links := self._links(operation):
            found["links"] = links
        return found

    def _content(self, operation: Operation) -> Described:
        contract = operation.contract
        if contract.plural is not None:
            schema = self._schemas.page(contract.answer, contract.plural)
        elif isinstance(contract.answer, Json):
            schema = {"type": "object", "description": "A document of OpenAPI 3.1."}
        else:
            schema = self._schemas.answer(contract.answer)
        found: Described = {"application/json": {"schema": schema}}
        if contract.query is not None and hasattr(contract.query, "format"):
            for exporter in self._exporters.values():
                media_type = exporter.media_type.partition(";")[0]
                found.setdefault(media_type, {"schema": _file(media_type)})
        return found

    def _links(self, operation: Operation) -> Described:
        """What can be asked of something that an answer shows the id of."""
        made = operation.verb in ("post", "put") and hasattr(operation.contract.answer, "id")
        base = operation.path if operation.verb == "post" else operation.path.rpartition("/")[0]
        if not made:
            return {}
        return {
            other.id: {
                "operationId": other.id,
                "description": "By its id.",
                "parameters": {other.parts[0]: "$response.body#/id"},
            }
            for other in self._every
            if len(other.parts) == 1 and other.path == f"{base}/{{{other.parts[0]}}}"
        }


def _of_path(name: str) -> Described:
    schema, told = IDS[name]
    return {"name": name, "in": "path", "required": True, "description": told, "schema": schema}


def _file(media_type: str) -> Described:
    if media_type.startswith("text/"):
        return {"type": "string", "description": "A file."}
    return {"description": "A file.", "contentMediaType": media_type}
