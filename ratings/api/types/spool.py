"""``/v1/spool``."""

from __future__ import annotations

from ratings.api.types.json_object import JsonObject
from ratings.api.values import Flag, Instant, Whole


class SpoolStatus(JsonObject):
    """What waits on this host for the database; `max_bytes` is 0 without a spool."""

    entries = Whole()
    bytes = Whole()
    max_bytes = Whole()
    alarm = Flag()
    oldest_at = Instant()
    waiting_seconds = Whole()
    draining_since = Instant()
    damaged = Whole()
