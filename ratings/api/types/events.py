"""``/v1/events``."""

from __future__ import annotations

from wsme.types import ArrayType, wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import ById
from ratings.api.values import Instant, Json, Text, Whole


class EventsQuery(ById):
    resource_id = wsattr(Text(), default=None)
    event_type = wsattr(Text(), default=None)
    start = wsattr(Instant(), default=None)
    end = wsattr(Instant(), default=None)


class PostEventsQuery(JsonObject):
    region = wsattr(Text(), default=None)


class Event(JsonObject):
    """An event of the journal; `body` is what was sent."""

    id = Whole(1)
    message_id = Text()
    region = Text()
    event_type = Text()
    event_time = Instant()
    received_at = Instant()
    state = Text()
    resource_type = Text()
    resource_id = Text()
    tenant_id = Text()
    action = Text()
    content = Json()
    body = Json()


class Problem(JsonObject):
    """Why the event at `index` of a request was parked."""

    index = Whole()
    code = Text()
    detail = Text()


class Receipt(JsonObject):
    """What became of a request's events: received is the sum of the other counts."""

    received = Whole()
    rated = Whole()
    duplicate = Whole()
    ignored = Whole()
    parked = Whole()
    spooled = Whole()
    problems = ArrayType(Problem)
