"""What ``/v1/events`` and ``/v1/samples`` take: by hand, since readers tell it by shape.

A schema here says what is taken, not what is understood: of formats whose senders do not
read answers, everything of the right shape is, and what cannot be understood is parked.
Only the flat event is refused when it breaks a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ratings.readers import ceilometer, flat, notification, samples

Schema = Mapping[str, Any]

_NO_NUL = r"^[^\x00]*$"
_ID = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": _NO_NUL}

_FLAT_EXAMPLE = {
    "resource_id": "web-1",
    "resource_type": "instance",
    "resource_name": "web",
    "event_type": "create",
    "event_time": "2026-01-10T06:00:00Z",
    "region": "RegionOne",
    "tenant_id": "acme",
    "content": {"vcpu": 1, "ram": 2048, "disk": 20},
}

_CEILOMETER_EXAMPLE = {
    "message_id": "5f0f1d62-1c3d-4a53-8e0a-6f1d0b1f3c11",
    "event_type": "compute.instance.create.end",
    "generated": "2026-01-10T06:00:00.000000",
    "traits": [
        ["resource_id", 1, "5b1d0e3c-8f5f-4d4c-a4a8-5f0c7bb0a0c1"],
        ["tenant_id", 1, "acme"],
        ["state", 1, "active"],
        ["vcpus", 2, 1],
    ],
    "raw": {},
}

_NOTIFICATION_EXAMPLE = {
    "message_id": "0f7d1f6a-2d0e-4f3b-9a38-0a1a4b7c9d21",
    "publisher_id": "volume.host@lvm",
    "event_type": "volume.create.end",
    "priority": "INFO",
    "timestamp": "2026-01-10 06:00:00.000000",
    "payload": {"volume_id": "8e1c2f0a", "tenant_id": "acme", "size": 10, "status": "available"},
}

_SAMPLE_EXAMPLE = {
    "id": "c1d1f0de-ee5c-11f0-8de9-0242ac120002",
    "name": "disk.ephemeral.size",
    "type": "gauge",
    "unit": "GB",
    "volume": 20,
    "project_id": "acme",
    "resource_id": "5b1d0e3c-8f5f-4d4c-a4a8-5f0c7bb0a0c1",
    "timestamp": "2026-01-10T06:00:00.000000",
    "resource_metadata": {},
    "source": "openstack",
}


def schemas() -> dict[str, Any]:
    """Of each format, by name."""
    return {
        "CeilometerEvent": _shaped(
            ceilometer.KEYS,
            "Ceilometer's event, as its HTTP publisher sends it, with or without `raw`.",
            _CEILOMETER_EXAMPLE,
        ),
        "Notification": _shaped(
            notification.KEYS,
            "A notification of oslo.messaging: as it is on the wire (version 1 or 2), or as a "
            "listener sees it.",
            _NOTIFICATION_EXAMPLE,
        ),
        "FlatEvent": _flat(),
        "Sample": _shaped(
            samples.KEYS,
            "A metering sample of Ceilometer, as its HTTP publisher sends it.",
            _SAMPLE_EXAMPLE,
        ),
    }


def request(noun: str) -> dict[str, Any]:
    """The body of ``POST /v1/events`` or ``/v1/samples``: one object, or a list."""
    names = ("CeilometerEvent", "Notification", "FlatEvent") if noun == "events" else ("Sample",)
    one = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}
    schema = {"anyOf": [one, {"type": "array", "items": one}]}
    found = schemas()
    examples = {
        name: {"summary": found[name]["description"], "value": found[name]["examples"][0]}
        for name in names
    }
    media = {"schema": schema, "examples": examples}
    return {
        "description": f"One of {noun}, or a list of them; the formats are told apart by shape.",
        "required": True,
        "content": {"application/json": media},
    }


def _shaped(keys: frozenset[str], told: str, example: Mapping[str, Any]) -> dict[str, Any]:
    """An object that is known by any of `keys`."""
    return {
        "type": "object",
        "description": told,
        "anyOf": [{"required": [key]} for key in sorted(keys)],
        "examples": [example],
    }


def _flat() -> dict[str, Any]:
    """The flat event. Which types, actions and facts there are is for the definitions to say."""
    told: Mapping[str, tuple[Schema, str]] = {
        "resource_id": (_ID, "Id of the resource."),
        "resource_type": (_ID, "Type of the resource, by the definitions."),
        "event_type": (_ID, "What happened, by the definitions: create, resize, delete, ..."),
        "event_time": (_ID, "When; ISO 8601, UTC without a zone."),
        "region": (_ID, "Where."),
        "tenant_id": (_ID, "Keystone project that owns it from then on."),
        "content": ({"type": "object"}, "Facts of the resource type: numbers and texts."),
        "resource_name": ({"type": ["string", "null"]}, "Name of the resource."),
        "message_id": (
            {"anyOf": [_ID, {"type": "null"}, {"const": ""}]},
            "Its identity; without it, the content is.",
        ),
    }
    return {
        "type": "object",
        "description": "The flat event: facts as the sender has them. Its sender reads answers.",
        "properties": {n: {**schema, "description": text} for n, (schema, text) in told.items()},
        "required": list(flat.REQUIRED),
        "examples": [_FLAT_EXAMPLE],
    }
