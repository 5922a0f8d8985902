"""The ledger that the rules ask for, worked out a second time, from what arrived.

The rules are those of the architecture page. This is written to be read beside it, not
to be fast, and shares no code with ratings: fractions, and every price looked at anew
for every piece of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from ratings.tests.simulation.words import COUNTED, Counted, Fact, Said

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
PLACES = 10**12

_AMONG_EQUALS = {"create": 0, "delete": 2}


@dataclass(frozen=True)
class Fare:
    """A price: per hour, or per month of the calendar."""

    component: str
    unit: Fraction
    region: str | None = None
    tenant: str | None = None
    match: tuple[str, str] | None = None
    monthly: bool = False
    start: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        return self.tenant is not None, self.region is not None, self.match is not None


class Row(NamedTuple):
    """A record, by value."""

    region: str
    kind: str
    resource_id: str
    component: str
    start: datetime
    end: datetime
    tenant: str
    quantity: Fraction
    labels: tuple[tuple[str, str], ...]
    unit: Fraction | None
    amount: Fraction | None


class Stretch(NamedTuple):
    """What one component of a resource has cost its owner from one message to the next."""

    counted: Counted
    start: datetime
    end: datetime
    tenant: str
    quantity: Fraction
    labels: tuple[tuple[str, str], ...]


Cuts = Mapping[str, Sequence[datetime]]


def ledger(says: Iterable[Said], fares: Sequence[Fare], cuts: Cuts) -> list[Row]:
    """Every current record, in order."""
    found = [
        row
        for resource, messages in timelines(says).items()
        for row in rows(resource, messages, fares, cuts)
    ]
    return sorted(found, key=lambda row: row[:5])


def timelines(says: Iterable[Said]) -> dict[tuple[str, str, str], list[Said]]:
    """Messages by resource, in the order that counts."""
    found: dict[tuple[str, str, str], list[Said]] = {}
    for said in says:
        found.setdefault(said.resource, []).append(said)
    for messages in found.values():
        messages.sort(key=lambda s: (s.at, _AMONG_EQUALS.get(s.verb, 1), s.message_id))
    return found


def rows(
    resource: tuple[str, str, str], messages: Sequence[Said], fares: Sequence[Fare], cuts: Cuts
) -> Iterable[Row]:
    region = resource[0]
    for stretch in stretches(messages, cuts):
        name = stretch.counted.name
        concerned = [
            fare
            for fare in fares
            if fare.component == name
            and fare.region in (None, region)
            and fare.tenant in (None, stretch.tenant)
            and fare.match in (None, *stretch.labels)
        ]
        for start, end, fare in _pieces(stretch, concerned, cuts.get(stretch.tenant, ())):
            if fare is None and stretch.counted.optional:
                continue
            yield Row(
                *resource,
                name,
                start,
                end,
                stretch.tenant,
                stretch.quantity,
                stretch.labels,
                None if fare is None else fare.unit,
                None if fare is None else _amount(fare, stretch.quantity, start, end),
            )


def stretches(messages: Sequence[Said], cuts: Cuts) -> list[Stretch]:
    """From each message to the next, and on to the last cut of who owns what runs."""
    belief = Belief()
    found: list[Stretch] = []
    for said in messages:
        if belief.alive and belief.since is not None and said.at > belief.since:
            found += belief.charged(COUNTED[said.kind], said)
        belief = belief.after(said)
    if belief.alive and belief.since is not None:
        last = max(cuts.get(belief.tenant, ()), default=belief.since)
        if last > belief.since:
            witness = replace(messages[-1], verb="look", at=last, facts={}, turns=None)
            found += belief.charged(COUNTED[witness.kind], witness)
    return found


@dataclass(frozen=True)
class Belief:
    """What is believed of a resource after some of its messages."""

    since: datetime | None = None
    alive: bool = False
    buried: bool = False
    tenant: str = ""
    facts: Mapping[str, Fact] = None  # type: ignore[assignment]

    def after(self, said: Said) -> Belief:
        facts = dict(self.facts or {})
        if said.verb == "delete":
            return Belief(said.at, False, True, self.tenant, facts)
        if not self.alive:
            owner = said.owner or said.asker
            may_begin = said.verb in ("create", "restore") if self.buried else said.starts
            if not may_begin or owner is None:
                return replace(self, since=said.at, facts=facts)
            facts |= said.facts
            facts["status"] = said.turns or said.facts.get("status", "active")
            return Belief(said.at, True, False, owner, facts)
        facts |= said.facts
        if said.turns is not None:
            facts["status"] = said.turns
        return Belief(said.at, True, False, said.owner or self.tenant, facts)

    def charged(self, counted: Iterable[Counted], said: Said) -> list[Stretch]:
        """Up to `said`: what was believed, or where it proves a doubt, the lesser."""
        proof = dict(self.facts)
        if said.verb != "resize":
            proof |= {n: v for n, v in said.facts.items() if isinstance(v, Fraction) and n in proof}
            if said.turns is None and said.verb != "delete" and "status" in said.facts:
                proof["status"] = said.facts["status"]
        found = []
        for one in counted:
            quantity = min(one.of(self.facts), one.of(proof))
            if quantity > 0 and self.since is not None:
                labels = tuple(one.labels(self.facts).items())
                found.append(Stretch(one, self.since, said.at, self.tenant, quantity, labels))
        return found


def _pieces(
    stretch: Stretch, fares: Sequence[Fare], cuts: Sequence[datetime]
) -> Iterable[tuple[datetime, datetime, Fare | None]]:
    """Apart where another price takes over, where a month begins that counts, and at cuts."""
    bounds = {bound for fare in fares for bound in (fare.start, fare.end) if bound is not None}
    bounds |= {*cuts, *_months(stretch.start, stretch.end)}
    inside = sorted(bound for bound in bounds if stretch.start < bound < stretch.end)
    start, fare = stretch.start, best(fares, stretch.start)
    for bound in inside:
        following = best(fares, bound)
        monthly = fare is not None and fare.monthly and bound in _months(start, stretch.end)
        if following is not fare or monthly or bound in cuts:
            yield start, bound, fare
            start, fare = bound, following
    yield start, stretch.end, fare


def best(fares: Iterable[Fare], at: datetime) -> Fare | None:
    """The most specific price that holds at an instant."""
    holding = [fare for fare in fares if fare.holds(at)]
    return max(holding, key=lambda fare: fare.rank, default=None)


def _months(start: datetime, end: datetime) -> list[datetime]:
    found = []
    year, month = start.year, start.month
    while True:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        first = datetime(year, month, 1, tzinfo=UTC)
        if first >= end:
            return found
        found.append(first)


def _amount(fare: Fare, quantity: Fraction, start: datetime, end: datetime) -> Fraction:
    period = HOUR
    if fare.monthly:
        first = datetime(start.year, start.month, 1, tzinfo=UTC)
        period = _months(first, first + timedelta(days=40))[0] - first
    exact = quantity * fare.unit * Fraction((end - start) // MICROSECOND, period // MICROSECOND)
    # Python rounds fractions half to even.
    return Fraction(round(exact * PLACES), PLACES)
