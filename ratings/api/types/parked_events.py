"""``/v1/parked_events``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import ById
from ratings.api.values import Ids, Instant, Text, Whole


class ParkedEventsQuery(ById):
    code = wsattr(Text(), default=None)


class ParkedEvent(JsonObject):
    """An event that could not be understood, and why."""

    id = Whole(1)
    message_id = Text()
    region = Text()
    code = Text()
    detail = Text()
    received_at = Instant()
    attempts = Whole()
    body = Text()


class Requeue(JsonObject):
    """Which parked events to try again: those of a code, or of some ids; else all."""

    code = wsattr(Text(), default=None)
    ids = wsattr(Ids(), default=None)


class Requeued(JsonObject):
    """What became of parked events that were tried again."""

    tried = Whole()
    rated = Whole()
    duplicate = Whole()
    ignored = Whole()
    parked = Whole()
