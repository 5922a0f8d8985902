"""What an order comes to when more was agreed than prices: a second calculation, in fractions.

The rules are those of the page on terms. Everything is worked out from the usage of one order
period, written as money that came up at certain instants.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from ratings.tests.simulation.rules import Charge, Fare, rounded, units

NOTHING = Fraction(0)


@dataclass(frozen=True)
class Agreed:
    """A term; `value` is percent or money. tenant None is everybody, component None is all."""

    kind: str
    value: Fraction
    tenant: str | None = None
    component: str | None = None
    currency: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)

    def part(self, start: datetime, end: datetime) -> Fraction:
        """How much of a period it holds."""
        held = min(self.end or end, end) - max(self.start or start, start)
        return max(NOTHING, _ratio(held, end - start))


class Period(NamedTuple):
    """The time of an order, and the currency of its tenant."""

    start: datetime
    end: datetime
    currency: str


class Numbered(NamedTuple):
    """A term with the number that the database gave it: older ones have smaller ones."""

    number: int
    term: Agreed


class Money(NamedTuple):
    """What is due for a component since an instant, as far as no discount took it off."""

    component: str
    at: datetime
    amount: Fraction


def due(period: Period, charges: Sequence[Charge], terms: Sequence[Numbered]) -> Fraction:
    """What a period comes to: its usage, free units and tiers, discounts, the minimum."""
    priced = [charge for charge in charges if charge[1] is not None]
    total = sum((row.amount or NOTHING for row, _ in priced), NOTHING)
    held = [
        one
        for one in terms
        if one.term.currency in (None, period.currency)
        and one.term.part(period.start, period.end) > 0
    ]
    discounts = [one for one in held if one.term.kind.startswith("discount")]
    bounds = _bounds(period, [one.term for one in discounts])
    money = [
        bit
        for charge in priced
        for bit in _apart(charge, charge[0].amount or NOTHING, period, bounds)
    ]
    for ladder in _ladders(priced):
        steps = list(_climbed(ladder))
        total += _graduated(steps)
        for charge, _, more in steps:
            money += _apart(charge, more, period, bounds)
    for one in sorted(discounts, key=_precedence):
        taken, money = _discounted(one.term, period, money)
        total -= taken
    minima = [one.term for one in held if one.term.kind == "minimum"]
    if minima:
        total += max(NOTHING, rounded(_least(period, minima) - total))
    return total


def paid(period: Period, total: Fraction, credits: Iterable[tuple[Numbered, Fraction]]) -> Fraction:
    """What is paid by credits, each with what is left of it; those that end first before others."""
    used = NOTHING

    def expiry(credit: tuple[Numbered, Fraction]) -> tuple[bool, float, int]:
        (number, term), _ = credit
        return term.end is None, term.end.timestamp() if term.end else 0.0, number

    for (_, term), left in sorted(credits, key=expiry):
        if term.currency == period.currency and term.part(period.start, period.end) > 0:
            used += max(NOTHING, min(left, total - used))
    return used


def _bounds(period: Period, terms: Iterable[Agreed]) -> list[datetime]:
    found = {bound for term in terms for bound in (term.start, term.end) if bound is not None}
    return sorted(bound for bound in found if period.start < bound < period.end)


def _apart(
    charge: Charge, amount: Fraction, period: Period, bounds: Sequence[datetime]
) -> Iterator[Money]:
    """`amount` shared out between the bounds; what adds up stays where it begins."""
    row, fare = charge
    if fare is not None and fare.each:
        bounds = ()
    inside = [row.start, *(bound for bound in bounds if row.start < bound < row.end), row.end]
    for since, until in pairwise(inside):
        share = amount * _ratio(until - since, row.end - row.start)
        yield Money(row.component, max(since, period.start), share)


def _ladders(priced: Sequence[Charge]) -> list[list[Charge]]:
    """Charges that count together: of a price, and of those that took over from it."""
    found: dict[object, list[Charge]] = {}
    for row, fare in priced:
        found.setdefault(fare and fare.kind, []).append((row, fare))
    return [
        sorted(ladder, key=lambda charge: (charge[0].start, charge[0][:4]))
        for ladder in found.values()
        if any(fare is not None and (fare.free or fare.tiers) for _, fare in ladder)
    ]


def _climbed(ladder: Sequence[Charge]) -> Iterator[tuple[Charge, tuple[int, int], Fraction]]:
    """(charge, number of its price and its step, what that step makes it cost more)."""
    reached = NOTHING
    fares: list[Fare] = []
    for charge in ladder:
        row, fare = charge
        assert fare is not None
        if fare not in fares:
            fares.append(fare)
        before, reached = reached, reached + units(fare, row.quantity, row.start, row.end)
        for number, (above, below, unit) in enumerate(_steps(fare)):
            held = min(reached, below or reached) - max(before, above)
            if held > 0:
                yield charge, (fares.index(fare), number), held * (unit - fare.unit)


def _steps(fare: Fare) -> Iterator[tuple[Fraction, Fraction | None, Fraction]]:
    """From where to where which unit price holds, beside the one that records bear."""
    if fare.free:
        yield NOTHING, fare.free, NOTHING
    ends = [above for above, _ in fare.tiers[1:]]
    for (above, unit), end in zip(fare.tiers, [*ends, None], strict=False):
        yield above, end, unit


def _graduated(steps: Iterable[tuple[Charge, tuple[int, int], Fraction]]) -> Fraction:
    """Each step of each price is rounded for itself."""
    sums: dict[tuple[int, int], Fraction] = {}
    for _, step, more in steps:
        sums[step] = sums.get(step, NOTHING) + more
    return sum((rounded(more) for more in sums.values()), NOTHING)


def _precedence(one: Numbered) -> tuple[bool, bool, bool, int]:
    term = one.term
    is_amount = term.kind == "discount_amount"
    return is_amount, term.component is None, term.tenant is None, one.number


def _discounted(term: Agreed, period: Period, money: list[Money]) -> tuple[Fraction, list[Money]]:
    """What a discount takes off, and what it leaves."""
    concerned, others = [], []
    for bit in money:
        is_meant = term.component in (None, bit.component) and term.holds(bit.at)
        (concerned if is_meant else others).append(bit)
    there = sum((bit.amount for bit in concerned), NOTHING)
    if there <= 0:
        return NOTHING, money
    taken = there * term.value / 100
    if term.kind == "discount_amount":
        taken = min(there, term.value * term.part(period.start, period.end))
    left = 1 - taken / there
    return rounded(taken), [*others, *(b._replace(amount=b.amount * left) for b in concerned)]


def _least(period: Period, minima: Sequence[Agreed]) -> Fraction:
    """The minimum: at each instant the tenant's own, else that of everybody; the highest."""
    found = NOTHING
    for start, end in pairwise([period.start, *_bounds(period, minima), period.end]):
        holding = [term for term in minima if term.holds(start)]
        own = [term for term in holding if term.tenant is not None] or holding
        highest = max((term.value for term in own), default=NOTHING)
        found += highest * _ratio(end - start, period.end - period.start)
    return found


def _ratio(part: timedelta, whole: timedelta) -> Fraction:
    microsecond = timedelta(microseconds=1)
    return Fraction(part // microsecond, whole // microsecond)
