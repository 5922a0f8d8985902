"""The two functions of the ledger: derive what it should say, settle the difference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby

from ratings.core.definitions import ResourceType
from ratings.core.errors import DerivationError
from ratings.core.model import Event, Price, Record, Segment, State
from ratings.core.pricing import PriceBook, amount
from ratings.core.timeline import Transform, until

Cuts = Mapping[str, Sequence[datetime]]
"""Tenant -> the ends of its issued orders, ascending: no record crosses one."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What turns timelines into records, apart from the events themselves."""

    transform: Transform
    resource_type: ResourceType
    prices: PriceBook


@dataclass(frozen=True, slots=True)
class Case:
    """One resource to decide upon.

    state:  from where to derive; ``State()`` is the beginning.
    events: all that follow it, ordered.
    have:   the current records from there on, by id.
    """

    region: str
    state: State
    events: Sequence[Event]
    have: Mapping[int, Record]


@dataclass(frozen=True, slots=True)
class Change:
    """What settles a ledger: records to write, ids of records to supersede."""

    insert: tuple[Record, ...]
    supersede: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `decide` found: the change to the ledger, and what is believed from now on.

    checkpoints: what was believed at the end of each day with samples, but the last one.
    """

    state: State
    change: Change
    checkpoints: tuple[State, ...] = ()


def decide(rules: Rules, case: Case, cuts: Cuts) -> Verdict:
    """Derive and settle: the one rule for new events, new prices and closing orders."""
    wanted, state, checkpoints = _derived(rules, case.state, case.events, case.region, cuts)
    return Verdict(state, settle(wanted, case.have), checkpoints)


def derive(
    rules: Rules, state: State, events: Sequence[Event], region: str, cuts: Cuts
) -> tuple[list[Record], State]:
    """Records from the last event of `state` up to the last of `events`, and what follows.

    From ``State()`` and a whole timeline it gives the whole ledger of the
    resource; from what is believed and the events that follow, the rest of it.
    A resource that runs on has been billed up to the owner's last cut. One of which
    nothing runs at that cut any more is closed: no later order need look at it.
    """
    records, after, _ = _derived(rules, state, events, region, cuts)
    return records, after


def _derived(
    rules: Rules, state: State, events: Sequence[Event], region: str, cuts: Cuts
) -> tuple[list[Record], State, tuple[State, ...]]:
    """As `derive`, with the checkpoints on the way."""
    segments, after, checkpoints = _folded(rules, state, events)
    last_cut = max(cuts.get(after.tenant_id or "", ()), default=None)
    if (after.open or after.memory) and after.last and last_cut and last_cut > after.last[0]:
        ran, then = rules.transform(after, [until(last_cut)], rules.resource_type)
        segments = [*segments, *ran]
        after = replace(after, open=then.open, facts=then.facts)
    optional = {c.name for c in rules.resource_type.components if c.when_priced}
    book = rules.prices
    records = [
        _record(segment, part_start, part_end, price, book.currency(segment.tenant_id))
        for segment in segments
        for start, end, price in book.pieces(segment, region)
        if price is not None or segment.component not in optional
        for part_start, part_end in _cut(start, end, price, cuts.get(segment.tenant_id, ()))
    ]
    _refuse_overlap(records)
    return records, after, checkpoints


def _folded(
    rules: Rules, state: State, events: Sequence[Event]
) -> tuple[list[Segment], State, tuple[State, ...]]:
    """What the transformer makes of `events`; of samples day by day, for a day has hundreds."""
    if rules.resource_type.sampling is None or not events:
        return *(rules.transform(state, events, rules.resource_type) if events else ([], state)), ()
    segments: list[Segment] = []
    checkpoints: list[State] = []
    for day, of_day in groupby(events, key=_day):
        if state.last is not None and state.last[0].date() < day:
            checkpoints.append(state)
        found, state = rules.transform(state, list(of_day), rules.resource_type)
        segments += found
    return segments, state, tuple(checkpoints)


def _day(event: Event) -> date:
    return event.event_time.date()


def settle(wanted: Iterable[Record], have: Mapping[int, Record]) -> Change:
    """The least change that makes the current records `have` say what is `wanted`."""
    wanted = tuple(wanted)
    if not have:
        return Change(insert=wanted, supersede=())
    known = {record: record_id for record_id, record in have.items()}
    kept = {known[record] for record in wanted if record in known}
    return Change(
        insert=tuple(record for record in wanted if record not in known),
        supersede=tuple(sorted(set(have) - kept)),
    )


def _record(
    segment: Segment, start: datetime, end: datetime, price: Price | None, currency: str
) -> Record:
    return Record(
        component=segment.component,
        start=start,
        end=end,
        tenant_id=segment.tenant_id,
        quantity=segment.quantity,
        metadata=segment.metadata,
        currency=currency,
        unit_price=None if price is None else price.unit_price,
        price_id=None if price is None else price.id,
        amount=None if price is None else amount(price, segment.quantity, start, end),
    )


def _cut(
    start: datetime, end: datetime, price: Price | None, cuts: Sequence[datetime]
) -> list[tuple[datetime, datetime]]:
    """[start, end) in parts that cross no cut; of a count only the first, where it belongs."""
    parts: list[tuple[datetime, datetime]] = []
    for cut in cuts:
        if start < cut < end:
            parts.append((start, cut))
            start = cut
    parts.append((start, end))
    return parts[:1] if price is not None and price.per == "unit" else parts


def _refuse_overlap(records: Sequence[Record]) -> None:
    """The pure half of the guard whose other half is ex_records_overlap."""
    ends: dict[str, datetime] = {}
    for record in sorted(records, key=lambda r: r.start):
        if record.end <= record.start:
            raise DerivationError(f"{record.component}: empty record at {record.start}")
        if record.start < ends.get(record.component, record.start):
            raise DerivationError(f"{record.component}: records overlap at {record.start}")
        ends[record.component] = record.end
