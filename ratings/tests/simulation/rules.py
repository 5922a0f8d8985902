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

from ratings.tests.simulation import windows
from ratings.tests.simulation.words import COUNTED, Counted, Cuts, Fact, Said, Stretch

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
PLACES = 10**12

_AMONG_EQUALS = {"create": 0, "delete": 2}


@dataclass(frozen=True)
class Fare:
    """A price: per hour, per month of the calendar, or for each unit of what adds up.

    free:  so many units in an order period cost nothing.
    tiers: (above so many units, what each costs), ascending.
    """

    component: str
    unit: Fraction
    region: str | None = None
    tenant: str | None = None
    match: tuple[str, str] | None = None
    monthly: bool = False
    each: bool = False
    start: datetime | None = None
    end: datetime | None = None
    currency: str = "USD"
    free: Fraction = Fraction(0)
    tiers: tuple[tuple[Fraction, Fraction], ...] = ()

    def holds(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)

    @property
    def kind(self) -> tuple[object, ...]:
        """What a price has in common with those that take over from it, and with no other."""
        return self.component, self.region, self.tenant, self.match, self.currency

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
    currency: str
    unit: Fraction | None
    amount: Fraction | None


Charge = tuple[Row, Fare | None]
"""A record, and its price."""


@dataclass(frozen=True)
class Tariff:
    """All prices, and the currencies of tenants that have one of their own."""

    fares: Sequence[Fare]
    currencies: Mapping[str, str]

    def currency(self, tenant: str) -> str:
        return self.currencies.get(tenant, "USD")

    def concerning(self, stretch: Stretch, region: str) -> list[Fare]:
        """Prices that can hold for a stretch at some time."""
        return [
            fare
            for fare in self.fares
            if fare.component == stretch.counted.name
            and fare.currency == self.currency(stretch.tenant)
            and fare.region in (None, region)
            and fare.tenant in (None, stretch.tenant)
            and fare.match in (None, *stretch.labels)
        ]


def ledger(says: Iterable[Said], tariff: Tariff, cuts: Cuts) -> list[Charge]:
    """Every current record, and its price."""
    return [
        charge
        for resource, messages in timelines(says).items()
        for charge in charges(resource, messages, tariff, cuts)
    ]


def timelines(says: Iterable[Said]) -> dict[tuple[str, str, str], list[Said]]:
    """Messages by resource, in the order that counts."""
    found: dict[tuple[str, str, str], list[Said]] = {}
    for said in says:
        found.setdefault(said.resource, []).append(said)
    for messages in found.values():
        messages.sort(key=lambda s: (s.at, _AMONG_EQUALS.get(s.verb, 1), s.message_id))
    return found


def charges(
    resource: tuple[str, str, str], messages: Sequence[Said], tariff: Tariff, cuts: Cuts
) -> Iterable[Charge]:
    for stretch in stretches(messages, cuts):
        concerned = tariff.concerning(stretch, resource[0])
        for start, end, fare in _pieces(stretch, concerned, cuts.get(stretch.tenant, ())):
            if fare is None and stretch.counted.optional:
                continue
            row = Row(
                *resource,
                stretch.counted.name,
                start,
                end,
                stretch.tenant,
                stretch.quantity,
                stretch.labels,
                tariff.currency(stretch.tenant),
                None if fare is None else fare.unit,
                None if fare is None else _amount(fare, stretch.quantity, start, end),
            )
            yield row, fare


def stretches(messages: Sequence[Said], cuts: Cuts) -> list[Stretch]:
    """From each message to the next, and on to the last cut of who owns what runs."""
    if messages[0].verb == "sample":
        return windows.stretches(messages, cuts)
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
    """Apart where another price takes over, where a month begins that counts, and at cuts.

    What adds up belongs to its beginning: it has the price of that, and no second part.
    """
    if stretch.counted.adds_up:
        first = min((cut for cut in cuts if cut > stretch.start), default=stretch.end)
        yield stretch.start, min(first, stretch.end), best(fares, stretch.start)
        return
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
    return rounded(fare.unit * units(fare, quantity, start, end))


def units(fare: Fare, quantity: Fraction, start: datetime, end: datetime) -> Fraction:
    """How many of what the unit price buys."""
    if fare.each:
        return quantity
    period = HOUR
    if fare.monthly:
        first = datetime(start.year, start.month, 1, tzinfo=UTC)
        period = _months(first, first + timedelta(days=40))[0] - first
    return quantity * Fraction((end - start) // MICROSECOND, period // MICROSECOND)


def rounded(amount: Fraction) -> Fraction:
    # Python rounds fractions half to even.
    return Fraction(round(amount * PLACES), PLACES)
