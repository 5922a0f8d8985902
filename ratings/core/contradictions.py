"""Where a timeline contradicts itself: proof that a message is missing.

A clean cloud tells of every change when it happens, and its audits say what holds. So an
event that says something else than was believed, without being the change itself, shows
that something was not told. What may change without a message proves nothing: a failed
build, a status that no action announces, an event that changes more than its name says.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice, takewhile

from ratings.core.composing import exact_sum
from ratings.core.discrepancies import (
    RECONCILED,
    Discrepancy,
    View,
    contradicts,
    counted,
    differences,
    told,
)
from ratings.core.model import ACTIONS, Action, Event, Fact, State
from ratings.core.stakes import Doubt, apart, cost, lived_since

_MAY_CHANGE_STATUS = frozenset({"update", "reboot", "rebuild"})
_RETYPES = frozenset({"resize", "retype", "update"})
_OWNER = "tenant_id"

Marks = dict[str, tuple[int, State]]
"""Fact -> place of the event that stated it last, and what was believed after that."""


@dataclass(frozen=True, slots=True)
class _Place:
    """An event in its timeline, with what was believed before and is believed after it."""

    view: View
    events: Sequence[Event]
    index: int
    before: State
    after: State
    marks: Marks

    @property
    def event(self) -> Event:
        return self.events[self.index]

    @property
    def action(self) -> Action:
        return ACTIONS[self.event.action]

    def soon(self) -> Iterator[Event]:
        """The events that follow within what clocks may be apart."""
        until = self.event.event_time + self.view.watch.tolerance
        following = islice(self.events, self.index + 1, None)
        return takewhile(lambda event: event.event_time <= until, following)

    def doubt(self, names: Container[str]) -> Doubt:
        """The time since all of some facts were stated last, up to the event."""
        index, state = min(
            (mark for name, mark in self.marks.items() if name in names), key=lambda m: m[0]
        )
        return Doubt(state, self.event.event_time, self.events[index + 1 : self.index])

    def found(self, code: str, doubt: Doubt, detail: str, stake: Decimal) -> Discrepancy:
        span = doubt.start, doubt.end
        return self.view.found(code, self.event, span, doubt.state.tenant_id, detail, stake)


def in_timeline(view: View, events: Sequence[Event], now: datetime) -> list[Discrepancy]:
    """What a whole timeline shows by `now`, in the order in which it shows.

    What an operator has approved since is settled, and not found again.
    """
    found: dict[tuple[str, datetime], Discrepancy] = {}
    marks: Marks = {}
    state = State()
    for index, event in enumerate(events):
        after = view.rules.transform(state, [event], view.rules.resource_type)[1]
        if event.event_type.startswith(RECONCILED):
            found.clear()
        else:
            for one in _shown(_Place(view, events, index, state, after, marks)):
                # Audits go on after a delete that they contradict: that is one discrepancy.
                key = one.code, one.start if one.code == "delete_contradicted" else one.at
                first = found.get(key, one)
                found[key] = replace(one, at=first.at, message_id=first.message_id)
        _mark(marks, index, event, state, after)
        state = after
    latest = now - view.watch.settling
    return [one for one in found.values() if one.at <= latest]


def at(view: View, events: Sequence[Event], index: int) -> list[Discrepancy]:
    """What one event of a timeline shows, however young it is."""
    marks: Marks = {}
    state = State()
    for place, event in enumerate(events[: index + 1]):
        before, state = state, view.rules.transform(state, [event], view.rules.resource_type)[1]
        if place == index:
            return list(_shown(_Place(view, events, index, before, state, marks)))
        _mark(marks, place, event, before, state)
    raise IndexError(index)


def _mark(marks: Marks, index: int, event: Event, before: State, after: State) -> None:
    if not before.open and after.open:
        marks.clear()
        stated = {*after.facts, _OWNER}
    else:
        stated = set(event.content)
        if event.tenant_id is not None:
            stated.add(_OWNER)
        if ACTIONS[event.action].status is not None:
            stated.add("status")
    marks.update(dict.fromkeys(stated, (index, after)))


def _shown(place: _Place) -> Iterator[Discrepancy]:
    """What one event shows."""
    event, action, before = place.event, place.action, place.before
    if before.open:
        if action.closes:
            yield from _ended(place)
            return
        if not action.resizes:
            yield from _content(place)
            yield from _status(place)
        yield from _owner(place)
    elif not action.opens and not action.closes and event.starts:
        if before.deleted_at is not None:
            yield from _after_end(place, before.deleted_at)
        elif place.after.open:
            yield from _begun(place)


def _begun(place: _Place) -> Iterator[Discrepancy]:
    """The first evidence of a resource is not its creation."""
    failed = str(place.event.content.get("status", "")).lower().startswith("error")
    if failed or any(ACTIONS[event.action].opens for event in place.soon()):
        return
    # Had it lived for longer, it would have been heard of.
    start = place.event.event_time - place.view.watch.silence
    doubt = Doubt(lived_since(place.after, start), place.event.event_time)
    detail = f"first heard of by {place.event.event_type}"
    yield place.found("create_missing", doubt, detail, _cost(place, doubt))


def _ended(place: _Place) -> Iterator[Discrepancy]:
    """An audit says that the resource is gone, and nothing else does."""
    audits = place.view.audits
    if place.event.event_type in audits and not any(
        ACTIONS[event.action].closes and event.event_type not in audits for event in place.soon()
    ):
        doubt = Doubt(place.before, place.event.event_time)
        detail = f"that it is gone is told by {place.event.event_type} only"
        yield place.found("delete_missing", doubt, detail, _cost(place, doubt))


def _after_end(place: _Place, gone: datetime) -> Iterator[Discrepancy]:
    """A resource that was deleted is heard of."""
    event, before = place.event, place.before
    if event.event_time <= gone + place.view.watch.tolerance:
        return
    if any(ACTIONS[following.action].opens for following in place.soon()):
        return
    tenant = event.tenant_id or before.tenant_id
    facts: dict[str, Fact] = {"status": "active", **before.facts, **event.content}
    lived = replace(lived_since(before, gone), tenant_id=tenant, facts=facts)
    doubt = Doubt(lived, event.event_time)
    stake = Decimal() if tenant is None else _cost(place, doubt)
    detail = f"deleted at {gone.isoformat()}, and heard of by {event.event_type}"
    yield place.found("delete_contradicted", doubt, detail, stake)


def _content(place: _Place) -> Iterator[Discrepancy]:
    """It has another size, or is of another kind that has a price of its own."""
    resource_type = place.view.rules.resource_type
    said = differences(resource_type, place.before.facts, place.event.content)
    sized = any(name in counted(resource_type) for name in said)
    if not said or (not sized and place.event.action in _RETYPES):
        return
    code, explains = ("resize_missing", {"resize"}) if sized else ("retype_missing", _RETYPES)
    if not any(e.action in explains and _agrees(e.content, said) for e in place.soon()):
        yield _gap(place, code, said)


def _status(place: _Place) -> Iterator[Discrepancy]:
    """It has a status of which an event should have told."""
    if place.action.status is not None or place.event.action in _MAY_CHANGE_STATUS:
        return
    said = place.event.content.get("status")
    believed = place.before.facts.get("status")
    if said is None or not contradicts(place.view.rules.resource_type, believed, said):
        return
    if not any(
        ACTIONS[event.action].status == said or event.action in _MAY_CHANGE_STATUS
        for event in place.soon()
    ):
        yield _gap(place, "status_missing", {"status": said})


def _owner(place: _Place) -> Iterator[Discrepancy]:
    """Somebody else owns it, and no transfer was told."""
    said = place.event.tenant_id
    if said is None or said == place.before.tenant_id:
        return
    # Of a type that knows no transfer, an update is what changes the owner.
    explains = {"transfer"}
    if "transfer" not in place.view.rules.resource_type.actions:
        explains.add("update")
    if place.event.action in explains or any(
        event.action in explains and event.tenant_id == said for event in place.soon()
    ):
        return
    doubt = place.doubt({_OWNER})
    detail = f"belongs to {said}, not to {place.before.tenant_id}"
    yield place.found("transfer_missing", doubt, detail, _cost(place, doubt))


def _gap(place: _Place, code: str, said: Mapping[str, Fact]) -> Discrepancy:
    """What an event says otherwise, about the time since all of it was stated last."""
    # Each fact is in doubt since it was stated itself; a partial event states some.
    stake = exact_sum(
        apart(place.view.rules, place.view.region, place.doubt({name}), {name: value})
        for name, value in said.items()
    )
    return place.found(code, place.doubt(said), told(place.before.facts, said), stake)


def _cost(place: _Place, doubt: Doubt) -> Decimal:
    return cost(place.view.rules, place.view.region, doubt)


def _agrees(content: Mapping[str, Fact], said: Mapping[str, Fact]) -> bool:
    return all(content.get(name, value) == value for name, value in said.items())
