"""``/v1/events``."""

from __future__ import annotations

from wsme.types import ArrayType, Base, wsattr

from ratings.api.types.lists import ById
from ratings.api.values import Instant, Json, Text, Whole


class EventsQuery(ById):
    resource_id = wsattr(Text(), default=None)
    event_type = wsattr(Text(), default=None)
    start = wsattr(Instant(), default=None)
    end = wsattr(Instant(), default=None)


class PostEventsQuery(Base):  # type: ignore[misc]
    region = wsattr(Text(), default=None)


class Event(Base):  # type: ignore[misc]
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


class Problem(Base):  # type: ignore[misc]
    """Why the event at `index` of a request was parked."""

    index = Whole()
    code = Text()
    detail = Text()


class Receipt(Base):  # type: ignore[misc]
    """What became of a request's events: received is the sum of the other counts."""

    received = Whole()
    rated = Whole()
    duplicate = Whole()
    ignored = Whole()
    parked = Whole()
    spooled = Whole()
    problems = ArrayType(Problem)
