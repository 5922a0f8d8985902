"""The lifecycle transformer: from what services notify to what is charged.

The rules are those of the architecture page, "Rules of the lifecycle
transformer". In short: a segment is charged with what held before the event
that closes it; an event that contradicts what was believed, without being the
change itself, proves a missed change, and then the lesser of both is charged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from ratings.core.definitions import Component, ResourceType
from ratings.core.model import ACTIONS, Action, Event, Fact, Metadata, Segment, State

_ZERO = Decimal(0)


def transform(
    state: State, events: Sequence[Event], resource_type: ResourceType
) -> tuple[list[Segment], State]:
    """Segments between `state` and the last of `events`, and what is believed then."""
    segments: list[Segment] = []
    for event in events:
        action = ACTIONS[event.action]
        if not state.open:
            state = _opened(state, event, action)
            continue
        if state.last is not None and event.event_time > state.last[0]:
            segments.extend(_closed(state, event, action, resource_type))
        state = _believed(state, event, action)
    return segments, state


def _opened(state: State, event: Event, action: Action) -> State:
    """First evidence, or the return of something deleted; else only the place in time.

    A lone delete starts nothing, yet after it only `opens` counts.
    """
    if action.closes:
        deleted_at = event.event_time if state.deleted_at is None else state.deleted_at
        return replace(state, last=event.key, deleted_at=deleted_at)
    tenant = event.tenant_id or _text(event.content.get("requester"))
    may_open = action.opens if state.deleted_at is not None else event.starts
    if not may_open or tenant is None:
        return replace(state, last=event.key)
    facts = {**state.facts, **event.content}
    facts.pop("requester", None)
    facts["status"] = action.status or event.content.get("status", "active")
    returned = event.action == "restore" and state.created_at is not None
    return State(
        last=event.key,
        open=True,
        tenant_id=tenant,
        facts=facts,
        created_at=state.created_at if returned else event.event_time,
    )


def _believed(state: State, event: Event, action: Action) -> State:
    """What an open resource is believed to be from `event` on."""
    if action.closes:
        return replace(state, last=event.key, open=False, deleted_at=event.event_time)
    facts = state.facts
    if not _agrees(facts, event.content) or action.status not in (None, facts["status"]):
        facts = {**facts, **event.content}
        facts.pop("requester", None)
        if action.status is not None:
            facts["status"] = action.status
    return State(
        last=event.key,
        open=True,
        tenant_id=event.tenant_id or state.tenant_id,
        facts=facts,
        created_at=state.created_at,
    )


def _closed(
    state: State, event: Event, action: Action, resource_type: ResourceType
) -> list[Segment]:
    """The segments from the last event up to this one."""
    before = state.facts
    evidence = before if action.resizes else _evidence(before, event, action)
    segments = []
    for component in resource_type.components:
        quantity = _charged(component, before)
        if evidence is not before:
            quantity = min(quantity, _charged(component, evidence))
        if quantity > _ZERO:
            segments.append(
                Segment(
                    start=state.last[0],  # type: ignore[index]  # open, so it has a last event
                    end=event.event_time,
                    component=component.name,
                    quantity=quantity,
                    tenant_id=state.tenant_id,  # type: ignore[arg-type]  # likewise an owner
                    metadata=_metadata(component, before),
                )
            )
    return segments


def _evidence(before: Mapping[str, Fact], event: Event, action: Action) -> Mapping[str, Fact]:
    """What the segment looks like to its closing event.

    Numbers speak of the past, and so does a status, unless the event is what
    changes it. Other texts keep their earlier value.
    """
    if _agrees(before, event.content):
        return before
    said: dict[str, Fact] = {
        name: value
        for name, value in event.content.items()
        if isinstance(value, Decimal) and before.get(name, value) != value
    }
    status = event.content.get("status")
    if status is not None and action.status is None and not action.closes:
        said["status"] = status
    return {**before, **said} if said else before


def _charged(component: Component, facts: Mapping[str, Fact]) -> Decimal:
    """How much of `component` counts while `facts` hold; nothing while it is unknown."""
    if component.charged_in is not None and facts["status"] not in component.charged_in:
        return _ZERO
    for name, value in component.unless:
        if facts.get(name) == value:
            return _ZERO
    quantity = component.quantity
    if isinstance(quantity, Decimal):
        return quantity
    found = facts.get(quantity)
    return found if isinstance(found, Decimal) else _ZERO


def _agrees(facts: Mapping[str, Fact], content: Mapping[str, Fact]) -> bool:
    """Whether an event tells nothing that is not believed already, as most do."""
    return content.items() <= facts.items()


def _metadata(component: Component, facts: Mapping[str, Fact]) -> Metadata:
    if not component.metadata:
        return ()
    return tuple((name, str(facts[name])) for name in component.metadata if name in facts)


def _text(fact: Fact | None) -> str | None:
    return fact if isinstance(fact, str) and fact else None
