"""Ceilometer's event, as its HTTP publisher posts it.

``{message_id, event_type, generated, traits: [[name, type, value], ...], raw}``;
``raw`` holds the whole notification when Ceilometer is told to store it.
"""

from __future__ import annotations

from typing import Any

from ratings.readers.facts import Notice
from ratings.readers.identity import borne
from ratings.readers.objects import plain
from ratings.readers.wire import Wire

KEYS = frozenset({"traits", "generated"})


def notice(wire: Wire) -> Notice:
    raw = wire.get("raw")
    if type(raw) is not dict:
        raw = {}
    return Notice(
        message_id=borne(wire.get("message_id")),
        event_type=wire.get("event_type"),
        time=wire.get("generated"),
        traits=wire.get("traits"),
        payload=plain(raw.get("payload", {})),
        requester=requester(raw.get("ctxt")),
    )


def requester(context: Any) -> Any:
    """The project of a request's context, by the newest of its names."""
    if type(context) is not dict:
        return None
    return context.get("project_id") or context.get("tenant_id") or context.get("tenant")


def rewrap(wire: Wire, payload: Wire, message_id: str) -> Wire:
    """The same event about one element only. Its traits speak of the whole."""
    return wire | {
        "message_id": message_id,
        "traits": [],
        "raw": wire["raw"] | {"payload": payload},
    }
