"""What all transformers of samples share: windows, who pays for them, and for what.

A window ``[start, start + length)`` is charged when something later shows that it is
over: a sample of a later window, or the witness that a closing or a draft puts after
the timeline. Until then what its samples say is remembered in the state, so that a
sample that comes in order needs no history.

A window in which nothing was sampled is not charged. Where the owner changes within
one, the old owner pays up to the instant of the new owner's first sample, and the
new one from there on; each by their own samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import NamedTuple

from ratings.core.definitions import Component, ResourceType
from ratings.core.errors import DerivationError
from ratings.core.meters import VALUE, Sampling
from ratings.core.model import SAMPLE, SINCE, Event, Fact, Metadata, Segment, State

Memory = Mapping[str, Fact]

ZERO = Decimal(0)

_EXACT = Context(prec=400, traps=[Inexact, InvalidOperation, Overflow])
"""Room for the sum of any samples; what does not fit is refused, not rounded."""


class Measure(NamedTuple):
    """What a transformer makes of the samples of a window.

    noted:   what is remembered after one more sample.
    told:    the quantity that the window is charged with.
    kept:    what is remembered beyond the window, while the owner stays.
    renamed: how the text that chooses the service is written.
    """

    noted: Callable[[Memory, Event, Sampling], Memory]
    told: Callable[[Memory], Decimal]
    kept: frozenset[str] = frozenset()
    renamed: Callable[[str], str] = str


def measured(
    measure: Measure, state: State, events: Sequence[Event], resource_type: ResourceType
) -> tuple[list[Segment], State]:
    """A transformer (see `timeline.Transform`) of the windows that `measure` measures."""
    segments: list[Segment] = []
    sampling = sampling_of(resource_type)
    for event in events:
        if state.last is not None and SINCE in state.memory:
            end = until(state, event, sampling)
            if end is not None:
                quantity = measure.told(state.memory)
                segments += charged(state, end, quantity, resource_type, measure.renamed)
                state = closed(state, measure.kept)
        if event.action == SAMPLE and (event.tenant_id or state.tenant_id):
            state = _noted(measure, state, event, sampling)
        else:
            state = replace(state, last=event.key)
    return segments, state


def sampling_of(resource_type: ResourceType) -> Sampling:
    """How windows are measured; DerivationError for a type that is not known from samples."""
    if resource_type.sampling is None:
        raise DerivationError(f"{resource_type.name} is not known from samples")
    return resource_type.sampling


def until(state: State, event: Event, sampling: Sampling) -> datetime | None:
    """Where what runs ends, as `event` shows: with its window, or with its owner. None: not yet."""
    assert state.last is not None, "what runs has begun"
    end = sampling.begin(state.last[0]) + sampling.window
    if event.event_time >= end:
        return end
    return event.event_time if event.tenant_id not in (None, state.tenant_id) else None


def closed(state: State, kept: frozenset[str]) -> State:
    """What is believed when nothing runs any more."""
    memory = {name: fact for name, fact in state.memory.items() if name in kept}
    facts = {name: fact for name, fact in state.facts.items() if name != "status"}
    return replace(state, open=False, memory=memory, facts=facts)


def seen(state: State, event: Event, memory: Memory, since: datetime) -> State:
    """What is believed after a sample; what it says of the resource holds from now on."""
    said = {name: fact for name, fact in event.content.items() if name != VALUE}
    return State(
        last=event.key,
        open=True,
        tenant_id=event.tenant_id or state.tenant_id,
        facts={**state.facts, "status": "active", **said},
        created_at=state.created_at or event.event_time,
        memory={**memory, SINCE: since.isoformat()},
    )


def since_of(state: State, event: Event, sampling: Sampling) -> datetime:
    """Where what a sample starts begins: with its window, unless another has paid from there."""
    begin = sampling.begin(event.event_time)
    moved = event.tenant_id not in (None, state.tenant_id) and state.tenant_id is not None
    if moved and state.last is not None and state.last[0] >= begin:
        return event.event_time
    return begin


def _noted(measure: Measure, state: State, event: Event, sampling: Sampling) -> State:
    moved = event.tenant_id not in (None, state.tenant_id)
    before: Memory = {} if moved else state.memory
    since = state.since if SINCE in before else None
    begins = since or since_of(state, event, sampling)
    return seen(state, event, measure.noted(before, event, sampling), begins)


def charged(
    state: State,
    end: datetime,
    quantity: Decimal,
    resource_type: ResourceType,
    renamed: Callable[[str], str] = str,
) -> list[Segment]:
    """The segment of what runs, up to `end`; none of nothing."""
    start = state.since
    if quantity <= ZERO or start is None or start >= end or state.tenant_id is None:
        return []
    component = service(state.facts, resource_type, renamed)
    metadata = metadata_of(state.facts, component)
    return [Segment(start, end, component.name, quantity, state.tenant_id, metadata)]


def service(
    facts: Mapping[str, Fact], resource_type: ResourceType, renamed: Callable[[str], str] = str
) -> Component:
    """The component that is charged: by its fact, else the first of the type."""
    sampling = sampling_of(resource_type)
    said = facts.get(sampling.by) if sampling.by else None
    name = sampling.services.get(renamed(str(said))) if said else None
    if name is not None:
        for component in resource_type.components:
            if component.name == name:
                return component
    return resource_type.components[0]


def metadata_of(facts: Mapping[str, Fact], component: Component) -> Metadata:
    """The text facts that a record carries; one that is known to be empty is none."""
    return tuple((name, str(facts[name])) for name in component.metadata if facts.get(name))


def value_of(event: Event) -> Decimal | None:
    """What a sample measured; None where it says that it measured nothing."""
    found = event.content.get(VALUE)
    return found if isinstance(found, Decimal) else None


def number(memory: Memory, name: str) -> Decimal | None:
    found = memory.get(name)
    return found if isinstance(found, Decimal) else None


def added(one: Decimal, other: Decimal) -> Decimal:
    """The exact sum, in its shortest form: the same whatever the order was."""
    return _plain(_EXACT.add(one, other))


def less(one: Decimal, other: Decimal) -> Decimal:
    """The exact difference, in its shortest form."""
    return _plain(_EXACT.subtract(one, other))


def _plain(found: Decimal) -> Decimal:
    short = found.normalize(_EXACT)
    # 10, not 1E+1: the same number, but written as people do.
    return short if short.as_tuple().exponent <= 0 else short.quantize(ZERO, context=_EXACT)  # type: ignore[operator]
