"""What may go wrong: every code of the API by its status, and who may answer which.

``doc/source/reference/codes.rst`` explains the codes; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ratings.api.openapi.walking import Operation
from ratings.api.silence import NotDurable
from ratings.core import errors
from ratings.core.errors import RatingError
from ratings.exporters import NotExportable

Schema = Mapping[str, Any]

CODES: Mapping[int, tuple[str, ...]] = {
    400: (
        *("bad_request", "body_incomplete", "body_invalid", "body_no_event", "body_no_sample"),
        *(
            "body_not_json",
            "budget_invalid",
            "content_invalid",
            "currency_invalid",
            "end_in_future",
        ),
        *(
            "end_not_after_start",
            "end_not_ahead",
            "event_invalid",
            "event_time_invalid",
            "event_type_invalid",
        ),
        *("field_invalid", "field_missing", "format_unknown", "idempotency_key_invalid"),
        *("invalid_input", "nesting_too_deep", "no_usage", "number_invalid", "price_invalid"),
        *("query_invalid", "range_invalid", "resource_type_invalid", "tenant_id_invalid"),
        *("term_invalid", "text_invalid"),
    ),
    401: ("unauthenticated",),
    403: ("forbidden", "region_forbidden"),
    404: ("not_found",),
    405: ("method_not_allowed",),
    406: ("not_acceptable",),
    409: (
        *("budgets_exhausted", "conflict", "currency_fixed", "currency_mixed", "derivation_failed"),
        *("idempotency_key_in_use", "not_exportable", "order_overlap", "period_billed"),
        *("price_overlap", "resource_ambiguous"),
    ),
    413: ("body_too_large",),
    415: ("media_type_unsupported",),
    422: ("idempotency_key_reused",),
    500: ("digest_mismatch", "internal_error"),
    503: ("database_unavailable", "identity_unavailable"),
}

_NAMES = {
    400: ("BadRequest", "The request says something that cannot be meant."),
    401: ("Unauthenticated", "It is not known who asks."),
    403: ("Forbidden", "Who asks may not do that."),
    404: ("NotFound", "There is nothing with this id."),
    406: ("NotAcceptable", "Answers are application/json."),
    409: ("Conflict", "The database would have to break a promise."),
    413: ("BodyTooLarge", "The body is larger than [api] max_body_size."),
    415: ("UnsupportedMediaType", "The body is not application/json, or is compressed."),
    422: ("KeyReused", "The Idempotency-Key was used for another request."),
    500: ("InternalError", "A bug, or a database that was changed behind ratings."),
    503: ("Unavailable", "The database, or Keystone, cannot be reached now."),
}

_ERRORS: Mapping[str, type[RatingError]] = {
    each.__name__: each
    for each in (*vars(errors).values(), NotExportable, NotDurable)
    if isinstance(each, type) and issubclass(each, RatingError)
}
_RAISES = re.compile(rf"(?:Raises )?(?:{'|'.join(_ERRORS)})\b")


def responses_by_name() -> dict[str, Any]:
    """A response for each status, all of the one form."""
    return {name: _response(status) for status, (name, _) in _NAMES.items()}


def schemas() -> dict[str, Any]:
    """The form of errors."""
    texts = {
        "request_id": "Of this request; the log has it, and the header X-Openstack-Request-Id.",
        "code": "What is wrong, for programs: it is stable.",
        "title": "The status in words.",
        "detail": "What is wrong, for people: it may change.",
    }
    properties = {name: {"type": "string", "description": told} for name, told in texts.items()}
    status = {"type": "integer", "description": "The status of the answer."}
    return {
        "Error": {
            "type": "object",
            "description": "A reason why something was refused, or failed.",
            "properties": properties | {"status": status},
            "required": [*texts, "status"],
        }
    }


def responses(operation: Operation) -> dict[str, Any]:
    """By status, what an operation may answer instead of what it was asked for."""
    return {
        str(status): {"$ref": f"#/components/responses/{_NAMES[status][0]}"}
        for status in statuses(operation)
    }


def statuses(operation: Operation) -> Sequence[int]:
    """Of refusals and failures: those of every endpoint, and those that its docstring names."""
    contract = operation.contract
    found = {400, 401, 403, 406, 500, 503}
    found |= {_ERRORS[name].status for name in _ERRORS if re.search(rf"\b{name}\b", operation.told)}
    if operation.parts:
        found.add(404)
    if contract.body is not None:
        found |= {413, 415}
    if contract.once:
        found |= {409, 422}
    return sorted(found)


def prose(told: str) -> tuple[str, str]:
    """The first sentence of a docstring, and all of it; both without what it raises."""
    text = re.sub(r"``([^`]+)``", r"`\1`", " ".join(told.split()))
    sentences = [s for s in re.split(r"(?<=\.) ", text) if not _RAISES.match(s)]
    return sentences[0].rstrip("."), " ".join(sentences)


def _response(status: int) -> dict[str, Any]:
    codes = CODES[status]
    one = {
        "$ref": "#/components/schemas/Error",
        "properties": {"code": {"enum": list(codes)}, "status": {"const": status}},
    }
    schema = {
        "type": "object",
        "properties": {"errors": {"type": "array", "minItems": 1, "items": one}},
        "required": ["errors"],
    }
    told = f"{_NAMES[status][1]} Codes: {', '.join(f'`{code}`' for code in codes)}."
    return {"description": told, "content": {"application/json": {"schema": schema}}}
