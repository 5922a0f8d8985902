"""Uptime: from sights of a status to the time in which a resource was up, by flavor.

Between two samples what the *earlier* one said holds. Within a window:

- up to its first sample holds what the last sample before it said, if that is no
  older than the lead-in (``lead_in`` seconds before the window, 600 if not given);
  else that time is not charged;
- from its last sample on, what that said holds to the end of the window.

Time counts while the status is one of ``tracked_states``. A window without a sample
is not charged, whatever came before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from ratings.core.definitions import ResourceType
from ratings.core.meters import Sampling
from ratings.core.model import SAMPLE, SINCE, Event, Segment, State
from ratings.transformers import windows

_ONE = Decimal(1)
_LEAD_IN = 600
_TRACKED = ("active", "building", "paused", "rescued", "resized")

_STATUS = "status"
"""In the memory: of a resource that is closed, the facts keep none."""

_KEPT = frozenset({_STATUS})


def uptime(
    state: State, events: Sequence[Event], resource_type: ResourceType
) -> tuple[list[Segment], State]:
    """Segments of quantity 1 for the time in which the status was a tracked one."""
    segments: list[Segment] = []
    sampling = windows.sampling_of(resource_type)
    for event in events:
        end = windows.until(state, event, sampling) if SINCE in state.memory else None
        if end is not None:
            segments += _up(state, end, resource_type)
            before, state = state, windows.closed(state, _KEPT)
        else:
            before = state
        if event.action != SAMPLE or not (event.tenant_id or state.tenant_id):
            state = replace(state, last=event.key)
            continue
        since = _since(state, event, sampling)
        now = _seen(state, event, since)
        held_back = replace(before, memory={**state.memory, SINCE: since.isoformat()})
        if since < event.event_time and _kind(held_back, resource_type) != _kind(
            now, resource_type
        ):
            segments += _up(held_back, event.event_time, resource_type)
            now = _seen(state, event, event.event_time)
        state = now
    return segments, state


def _since(state: State, event: Event, sampling: Sampling) -> datetime:
    """From where on the time up to a sample is known: from itself, if nothing was seen before."""
    if SINCE in state.memory and state.since is not None:
        return state.since
    begin = sampling.begin(event.event_time)
    if state.last is None or _STATUS not in state.memory:
        return event.event_time
    if state.last[0] >= begin:
        # Only a change of the owner ends what runs within a window.
        return event.event_time
    lead_in = timedelta(seconds=sampling.config.get("lead_in", _LEAD_IN))
    return begin if begin - state.last[0] <= lead_in else event.event_time


def _seen(state: State, event: Event, since: datetime) -> State:
    status = str(event.content.get("status") or "unknown")
    found = windows.seen(state, event, {_STATUS: status}, since)
    return replace(found, facts={**found.facts, "status": status})


def _up(state: State, end: datetime, resource_type: ResourceType) -> list[Segment]:
    quantity = _ONE if _tracked(state, resource_type) else windows.ZERO
    return windows.charged(state, end, quantity, resource_type)


def _kind(state: State, resource_type: ResourceType) -> object:
    """What has to stay as it is for two samples to be of one segment."""
    component = windows.service(state.facts, resource_type)
    metadata = windows.metadata_of(state.facts, component)
    return _tracked(state, resource_type), state.tenant_id, component.name, metadata


def _tracked(state: State, resource_type: ResourceType) -> bool:
    config = windows.sampling_of(resource_type).config
    status = str(state.memory.get(_STATUS, "")).lower()
    return status in {str(s).lower() for s in config.get("tracked_states", _TRACKED)}
