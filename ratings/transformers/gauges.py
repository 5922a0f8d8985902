"""Transformers that charge each window with one quantity: Distil's, made exact, and `delta`.

What each of them does with the values of a window is told in its docstring, and with
worked tables in ``doc/source/reference/meters.rst``. A quantity that is charged by
the hour, as a size, holds for all of the window; one that is counted, as bytes, is
priced ``per: unit``.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ratings.core.definitions import ResourceType
from ratings.core.meters import Sampling
from ratings.core.model import Event, Segment, State
from ratings.transformers.windows import (
    ZERO,
    Measure,
    Memory,
    added,
    less,
    measured,
    number,
    value_of,
)

_PENDING = Decimal(2)
"""Neutron's pollsters tell a status: 0 inactive, 1 active, from 2 on neither."""

_Derived = tuple[list[Segment], State]


def gauge_max(state: State, events: Sequence[Event], resource_type: ResourceType) -> _Derived:
    """The largest value. A sample without one counts for nothing."""
    return measured(_MAX, state, events, resource_type)


def storage_max(state: State, events: Sequence[Event], resource_type: ResourceType) -> _Derived:
    """As `gauge_max`; the last sample's volume type chooses the service."""
    return measured(_MAX, state, events, resource_type)


def object_storage_max(
    state: State, events: Sequence[Event], resource_type: ResourceType
) -> _Derived:
    """As `gauge_max`; the last sample's storage policy chooses the service, ``--`` being a dot."""
    return measured(_MAX_BY_POLICY, state, events, resource_type)


def gauge_sum(state: State, events: Sequence[Event], resource_type: ResourceType) -> _Derived:
    """The sum of the values: each sample tells what happened since the one before."""
    return measured(_SUM, state, events, resource_type)


def network_service(state: State, events: Sequence[Event], resource_type: ResourceType) -> _Derived:
    """The largest of the values below 2: larger ones tell that a service is pending."""
    return measured(_ACTIVE, state, events, resource_type)


def numbool(state: State, events: Sequence[Event], resource_type: ResourceType) -> _Derived:
    """1 if any value is above 0."""
    return measured(_ANY, state, events, resource_type)


def from_image(state: State, events: Sequence[Event], resource_type: ResourceType) -> _Derived:
    """As `gauge_max`, but nothing if any sample tells that there was no image.

    It does if the first of the metadata ``md_keys`` that it has is one of
    ``none_values``: then the root disk is a volume, which is charged as such.
    """
    return measured(_FROM_IMAGE, state, events, resource_type)


def delta(state: State, events: Sequence[Event], resource_type: ResourceType) -> _Derived:
    """By how much a cumulative counter grew from the sample before each to it.

    Growth belongs to the window of the later sample. A smaller value tells that the
    counter began anew: then all of it is growth. The first sample, and the first of
    a new owner, only tell where counting starts.
    """
    return measured(_DELTA, state, events, resource_type)


def _largest(memory: Memory, event: Event, sampling: Sampling) -> Memory:
    value, before = value_of(event), number(memory, "max")
    if value is None or (before is not None and value <= before):
        return memory
    return {**memory, "max": value}


def _largest_active(memory: Memory, event: Event, sampling: Sampling) -> Memory:
    value = value_of(event)
    return memory if value is None or value >= _PENDING else _largest(memory, event, sampling)


def _largest_of_image(memory: Memory, event: Event, sampling: Sampling) -> Memory:
    for key in sampling.config.get("md_keys", ("image_ref",)):
        if key in event.content:
            if event.content[key] in sampling.config.get("none_values", ("", "None")):
                memory = {**memory, "no_image": "true"}
            break
    return _largest(memory, event, sampling)


def _summed(memory: Memory, event: Event, sampling: Sampling) -> Memory:
    value = value_of(event)
    return memory if value is None else {**memory, "sum": added(_told_sum(memory), value)}


def _grown(memory: Memory, event: Event, sampling: Sampling) -> Memory:
    value, before = value_of(event), number(memory, "counter")
    if value is None:
        return memory
    if before is None:
        return {**memory, "counter": value}
    growth = less(value, before) if value >= before else value
    return {**memory, "counter": value, "sum": added(_told_sum(memory), growth)}


def _told_max(memory: Memory) -> Decimal:
    return number(memory, "max") or ZERO


def _told_sum(memory: Memory) -> Decimal:
    return number(memory, "sum") or ZERO


def _told_any(memory: Memory) -> Decimal:
    return Decimal(1) if _told_max(memory) > ZERO else ZERO


def _told_of_image(memory: Memory) -> Decimal:
    return ZERO if "no_image" in memory else _told_max(memory)


def _policy(text: str) -> str:
    return text.replace("--", ".")


_MAX = Measure(_largest, _told_max)
_MAX_BY_POLICY = Measure(_largest, _told_max, renamed=_policy)
_SUM = Measure(_summed, _told_sum)
_ACTIVE = Measure(_largest_active, _told_max)
_ANY = Measure(_largest, _told_any)
_FROM_IMAGE = Measure(_largest_of_image, _told_of_image)
_DELTA = Measure(_grown, _told_sum, kept=frozenset({"counter"}))
