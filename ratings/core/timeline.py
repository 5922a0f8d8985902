"""A timeline: the events of one resource, in the one order that counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import attrgetter

from ratings.core.definitions import ResourceType
from ratings.core.model import Event, Segment, State

Transform = Callable[[State, Sequence[Event], ResourceType], tuple[list[Segment], State]]
"""A transformer: what is believed, the ordered events that follow, and the type
of the resource give the segments between them and what is believed after the
last. It folds: ``transform(s, a + b)`` equals ``transform(s, a)`` followed by
``transform`` of the state it left, with ``b``."""

_in_time = attrgetter("key")


def ordered(events: Iterable[Event]) -> list[Event]:
    """Each message once, by (event_time, precedence, message_id)."""
    return sorted({event.message_id: event for event in events}.values(), key=_in_time)


def follows(state: State, events: Sequence[Event]) -> bool:
    """Whether ordered `events` all come after what `state` has seen."""
    return state.last is None or not events or events[0].key > state.last


def until(instant: datetime) -> Event:
    """A silent witness at `instant`: it closes segments and states nothing.

    Put after a timeline it gives the running segments up to that instant.
    """
    return Event(
        message_id="",
        region="",
        event_type="",
        resource_type="",
        resource_id="",
        tenant_id=None,
        event_time=instant,
        action="exists",
        content={},
        starts=False,
    )
