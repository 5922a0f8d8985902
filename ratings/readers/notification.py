"""oslo.messaging's notification, in the three forms in which it is met.

- on the wire, version 2: ``{"oslo.version", "oslo.message": "<JSON>"}``;
- on the wire, version 1, and within version 2: ``{message_id, publisher_id,
  event_type, priority, payload, timestamp, _context_*}``;
- as a listener sees it: ``{ctxt, publisher_id, event_type, payload, metadata:
  {message_id, timestamp}}``.
"""

from __future__ import annotations

from typing import Any

from ratings.core.errors import InvalidInput
from ratings.readers.ceilometer import requester
from ratings.readers.facts import Notice
from ratings.readers.identity import borne
from ratings.readers.misread import Misread
from ratings.readers.objects import plain
from ratings.readers.wire import Wire, decode

KEYS = frozenset({"payload", "oslo.message"})


def unwrap(wire: Wire) -> tuple[Wire, Misread | None]:
    """The notification within the envelope of version 2, or what has none."""
    if "oslo.message" not in wire:
        return wire, None
    message = wire["oslo.message"]
    if type(message) is str:
        try:
            return decode(message.encode())
        except InvalidInput:
            pass
    return wire, Misread("payload_invalid", "oslo.message is no JSON object in a text")


def notice(wire: Wire) -> Notice:
    metadata = wire.get("metadata")
    if type(metadata) is not dict:
        metadata = {}
    return Notice(
        message_id=borne(wire.get("message_id")) or borne(metadata.get("message_id")),
        event_type=wire.get("event_type"),
        time=wire.get("timestamp") or metadata.get("timestamp") or wire.get("_context_timestamp"),
        traits=[],
        payload=plain(wire.get("payload")),
        requester=_requester(wire),
    )


def rewrap(wire: Wire, payload: Wire, message_id: str) -> Wire:
    """The same notification about one element only."""
    metadata = wire.get("metadata")
    if type(metadata) is dict and "message_id" not in wire:
        return wire | {"metadata": metadata | {"message_id": message_id}, "payload": payload}
    return wire | {"message_id": message_id, "payload": payload}


def _requester(wire: Wire) -> Any:
    return (
        wire.get("_context_project_id")
        or wire.get("_context_tenant_id")
        or wire.get("_context_tenant")
        or requester(wire.get("ctxt"))
    )
