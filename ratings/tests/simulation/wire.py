"""A message as bytes, in each of the forms in which services and Ceilometer send it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

TRAITS, STORED, PLAIN, ENVELOPE, LISTENER, FLAT = (
    "traits",
    "stored",
    "plain",
    "envelope",
    "listener",
    "flat",
)

NOTIFICATIONS = (STORED, PLAIN, ENVELOPE, LISTENER)
"""Forms that hold the payload of the service."""

ANY = (TRAITS, *NOTIFICATIONS)

_KINDS = {int: 2, str: 1}
_TIMES = frozenset({"deleted_at", "terminated_at", "created_at", "launched_at"})

Json = Mapping[str, Any]


def write(
    form: str,
    message_id: str,
    event_type: str,
    at: datetime,
    traits: Json,
    payload: Json,
    asker: str | None,
) -> bytes:
    """The body of a message. `asker` is the project in the context of the request."""
    if form in (TRAITS, STORED):
        wire = _ceilometer(form, message_id, event_type, at, traits, payload, asker)
    elif form == LISTENER:
        wire = {
            "ctxt": {"project_id": asker, "user_id": "somebody"} if asker else {},
            "publisher_id": "service.host",
            "event_type": event_type,
            "payload": payload,
            "metadata": {"message_id": message_id, "timestamp": _spaced(at)},
        }
    else:
        wire = _notification(message_id, event_type, at, payload, asker)
        if form == ENVELOPE:
            wire = {"oslo.version": "2.0", "oslo.message": json.dumps(wire)}
    return json.dumps(wire).encode()


def flat(
    message_id: str,
    event_type: str,
    at: datetime,
    region: str,
    resource: tuple[str, str],
    tenant: str,
    content: Json,
) -> bytes:
    """Koala's event: (resource type, resource id), and facts as they are."""
    wire = {
        "message_id": message_id,
        "event_type": event_type,
        "event_time": at.isoformat(),
        "region": region,
        "resource_type": resource[0],
        "resource_id": resource[1],
        "tenant_id": tenant,
        "content": content,
    }
    return json.dumps(wire).encode()


def sample(
    name: str,
    kind: str,
    volume: float | None,
    tenant: str | None,
    resource_id: str,
    at: datetime,
    metadata: Json,
    sample_id: str,
) -> bytes:
    """What a pollster has measured, as Ceilometer posts it."""
    wire = {
        "name": name,
        "type": kind,
        "unit": "",
        "volume": volume,
        "user_id": None,
        "project_id": tenant,
        "resource_id": resource_id,
        "timestamp": at.isoformat(),
        "resource_metadata": metadata,
        "source": "openstack",
        "id": sample_id,
        "monotonic_time": None,
    }
    return json.dumps(wire).encode()


def naive(at: datetime) -> str:
    """As services write an instant: in UTC, and not saying so."""
    return at.replace(tzinfo=None).isoformat()


def _ceilometer(
    form: str,
    message_id: str,
    event_type: str,
    at: datetime,
    traits: Json,
    payload: Json,
    asker: str | None,
) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    if form == STORED:
        metadata = {"message_id": message_id, "timestamp": _spaced(at)}
        raw = {"ctxt": {"project_id": asker}, "publisher_id": "service.host"}
        raw |= {"event_type": event_type, "payload": payload, "metadata": metadata}
    told = {"service": "service.host", "request_id": f"req-{message_id}", **traits}
    return {
        "message_id": message_id,
        "event_type": event_type,
        "generated": naive(at),
        "traits": [
            [name, 4 if name in _TIMES else _KINDS[type(value)], value]
            for name, value in told.items()
            if value is not None
        ],
        "raw": raw,
    }


def _notification(
    message_id: str, event_type: str, at: datetime, payload: Json, asker: str | None
) -> dict[str, Any]:
    wire = {
        "message_id": message_id,
        "publisher_id": "service.host",
        "event_type": event_type,
        "priority": "INFO",
        "payload": payload,
        "timestamp": _spaced(at),
    }
    return wire if asker is None else wire | {"_context_project_id": asker}


def _spaced(at: datetime) -> str:
    return naive(at).replace("T", " ")
