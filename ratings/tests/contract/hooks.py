"""What Schemathesis is told beyond the document: run by it, in its own process.

Random ids and names would be answered 404 and 400 for ever; so about half of those that
fit are replaced by some that are known to the service.
"""

import hashlib
import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import schemathesis

from ratings.api.idempotency import KEY
from ratings.api.openapi.schemas import ISO

COMPONENTS = ("vcpu", "ram", "disk", "volume")
KNOWN = {
    "tenant_id": ("acme", "initech"),
    "resource_id": ("web-1", "web-2", "data"),
    "resource_type": ("instance", "volume"),
    "component": COMPONENTS,
    "region": ("RegionOne",),
    "code": ("event_type_unknown", "delete_missing"),
    "event_type": ("create", "delete"),
}

TIMES = {"start", "end", "start_at", "end_at", "at", "date", "since"}

#: The request has not the shape that the document says it must have.
MISSHAPEN = {
    *("bad_request", "body_invalid", "body_no_event", "body_no_sample", "body_not_json"),
    *("idempotency_key_invalid", "media_type_unsupported", "query_invalid"),
}
#: What no schema can say: of markers of other lists, of numbers that are too long or too small,
#: of instants that lie beyond the years 1 to 9999 in UTC, and that who has no project, as without
#: authentication, has to name one.
EXCUSED = (
    *("marker is none of this list", "digits on a side", "must be an instant"),
    "tenant_id is missing",
)


@schemathesis.check
def misshapen(ctx, response, case):
    """What fits the document is not refused for its shape."""
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if positive and response.status_code in (400, 415):
        for error in json.loads(response.content)["errors"]:
            if error["code"] in MISSHAPEN:
                assert any(words in error["detail"] for words in EXCUSED), error


@schemathesis.deserializer("application/vnd.apache.parquet", "application/xml")
def as_bytes(ctx, response):
    """Formats of others, which have their own tests."""
    return response.content


def chance(value, of):
    """A number below `of` that depends on nothing but the value."""
    return hashlib.sha256(repr(value).encode()).digest()[0] % of


def fits(value):
    """Whether it is a name; what is meant to be wrong must stay so."""
    return isinstance(value, str) and 0 < len(value) <= 255 and "\0" not in value


def familiar(name, value):
    """`value`, or something of that name that exists; what does not fit stays as it is."""
    if isinstance(value, float):
        return round(value, 9)
    if isinstance(value, str) and name in TIMES and re.match(ISO, value) and chance(value, 4):
        day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return (day - timedelta(days=chance(value, 60))).isoformat()
    if name in KNOWN and fits(value):
        return (*KNOWN[name], value)[chance(value, len(KNOWN[name]) + 1)]
    if name.endswith("_id") and isinstance(value, int) and value > 0 and chance(value, 2):
        return value % 12 + 1
    return value


@schemathesis.hook
def map_headers(context, headers):
    """Keys that are not all the same: else most requests would repeat one that was answered."""
    key = (headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and re.match(KEY, key) and chance(key, 8):
        return {**headers, "Idempotency-Key": str(uuid.uuid4())}
    return headers


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return _all(path_parameters)


@schemathesis.hook
def map_query(context, query):
    return _all(query)


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict) and "/v1/prices" in context.operation.path:
        found = body.get("resource_type")
        if fits(found):
            return {**_all(body), "resource_type": COMPONENTS[chance(found, len(COMPONENTS))]}
    return _all(body) if isinstance(body, dict) else body


def _all(values):
    if not isinstance(values, dict):
        return values
    return {name: familiar(name, value) for name, value in values.items()}
