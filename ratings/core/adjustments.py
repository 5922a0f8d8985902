"""Adjustments: what graduated prices and terms make of an order period.

They come in this order, each step on what the ones before it left:

1. free units and tiers of each price,
2. discounts: percentages, then absolute ones; those of a component before those of
   all, those of a tenant before those of everybody, older ones first,
3. the minimum charge,
4. credits, the one that expires first before the others; these pay for corrections too.

Steps 1 to 3 are a function of the period's usage. When that changes after it was
billed, they are made again, and the difference is corrected (`settled`). Credits have
been paid with, and stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from ratings.core.composing import exact_sum
from ratings.core.graduation import Difference, graduated
from ratings.core.orders import Adjustment, Basis, Item
from ratings.core.pricing import MICROSECOND, PriceBook, rounded
from ratings.core.terms import Term

_SINCE_EVER = datetime.min.replace(tzinfo=UTC)
_FOREVER = datetime.max.replace(tzinfo=UTC)


def adjustments(
    start: datetime,
    end: datetime,
    currency: str,
    items: Iterable[Item],
    book: PriceBook,
    terms: Sequence[Term],
) -> list[Adjustment]:
    """Steps 1 to 3 for the order period [start, end), of what was used in it.

    Usage from before `start` counts as of its beginning: it is the first order's.
    """
    period = _Period(start, end, currency)
    priced = [item for item in items if item.record.amount is not None]
    found, differences = graduated(start, end, priced, book)
    held = [
        term for term in terms if term.currency in (None, currency) and term.part_of(start, end) > 0
    ]
    discounts = [term for term in held if term.kind.startswith("discount")]
    if discounts:
        remaining = _Remaining(period, discounts, priced, differences)
        found += [
            adjustment
            for term in sorted(discounts, key=_precedence)
            if (adjustment := remaining.take_off(term)) is not None
        ]
    minima = [term for term in held if term.kind == "minimum"]
    if minima:
        amounts = [item.record.amount for item in priced] + [one.amount for one in found]
        found += _topped_up(period, minima, exact_sum(a for a in amounts if a is not None))
    return found


def credits_used(
    start: datetime,
    end: datetime,
    currency: str,
    total: Decimal,
    credits: Iterable[tuple[Term, Decimal]],
) -> list[Adjustment]:
    """Step 4: what is paid of `total` by credits, given with what remains of each."""
    period = _Period(start, end, currency)
    found = []
    for term, remaining in sorted(credits, key=lambda c: (c[0].end or _FOREVER, c[0].id)):
        used = min(total, remaining)
        if used > 0 and term.currency == currency and term.part_of(start, end) > 0:
            found.append(period.adjustment(term, used, Decimal(-1), total, remaining))
            total -= used
    return found


def settled(wanted: Sequence[Adjustment], billed: Sequence[Adjustment]) -> list[Adjustment]:
    """What makes an order period that was `billed` say what is `wanted`."""
    return [
        *(replace(one, sign=-1, reason="recalculated") for one in billed if one not in wanted),
        *(replace(one, reason="recalculated") for one in wanted if one not in billed),
    ]


class _Period(NamedTuple):
    """An order period and what its adjustments have in common."""

    start: datetime
    end: datetime
    currency: str

    def bounds(self, terms: Iterable[Term]) -> list[datetime]:
        """Instants inside the period at which one of `terms` begins or ends."""
        found = {bound for term in terms for bound in (term.start, term.end)}
        return sorted(b for b in found if b is not None and self.start < b < self.end)

    def adjustment(
        self,
        term: Term,
        quantity: Decimal | Fraction,
        unit_price: Decimal,
        base: Decimal | Fraction,
        agreed: Decimal | Fraction | None,
    ) -> Adjustment:
        """`quantity` of money at `unit_price`; the last two are of its `Basis`."""
        product = Fraction(quantity) * Fraction(unit_price)
        return Adjustment(
            kind=term.kind.partition("_")[0],
            source=term.id,
            component=term.component,
            unit=self.currency,
            quantity=rounded(*quantity.as_integer_ratio()),
            unit_price=unit_price,
            start=self.start,
            end=self.end,
            amount=rounded(*product.as_integer_ratio()),
            description=term.reason,
            basis=Basis(Fraction(base), None if agreed is None else Fraction(agreed), product),
        )


def _precedence(term: Term) -> tuple[bool, bool, bool, int]:
    return (
        term.kind == "discount_amount",
        term.component is None,
        term.tenant_id is None,
        term.id,
    )


class _Remaining:
    """What is left to take discounts off: by component, and by time between their bounds."""

    def __init__(
        self,
        period: _Period,
        discounts: Sequence[Term],
        priced: Iterable[Item],
        differences: Iterable[Difference],
    ) -> None:
        self._period = period
        self._edges = [_SINCE_EVER, *period.bounds(discounts), _FOREVER]
        self._left: dict[tuple[str, datetime], Fraction] = {}
        for item in priced:
            self._add(item, Fraction(item.record.amount or 0))
        for item, amount in differences:
            self._add(item, amount)

    def take_off(self, term: Term) -> Adjustment | None:
        """The discount of `term`; None if there is nothing to take it off."""
        start, end = term.start or _SINCE_EVER, term.end or _FOREVER
        places = [
            (component, since)
            for component, since in self._left
            if start <= max(since, self._period.start) < end and term.component in (None, component)
        ]
        left = sum((self._left[place] for place in places), Fraction(0))
        if left <= 0:
            return None
        if term.kind == "discount_percent":
            share, agreed = Fraction(term.value) / 100, None
            quantity, unit_price = left, -term.value / 100
        else:
            agreed = Fraction(term.value) * term.part_of(self._period.start, self._period.end)
            quantity, unit_price = min(agreed, left), Decimal(-1)
            share = quantity / left
        for place in places:
            self._left[place] *= 1 - share
        return self._period.adjustment(term, quantity, unit_price, left, agreed)

    def _add(self, item: Item, amount: Fraction) -> None:
        """Share `amount` out by time; a count is where it begins."""
        start, end = item.record.start, item.record.end
        if item.per == "unit":
            end = start + MICROSECOND
        for since, until in pairwise(self._edges):
            held = min(end, until) - max(start, since)
            if held > timedelta():
                key = item.record.component, since
                share = amount * Fraction(held // MICROSECOND, (end - start) // MICROSECOND)
                self._left[key] = self._left.get(key, Fraction(0)) + share


def _topped_up(period: _Period, minima: Sequence[Term], charged: Decimal) -> Iterator[Adjustment]:
    """What is missing to the minimum; at each instant that of the tenant counts, if it has one."""
    least, last = Fraction(0), None
    for start, end in pairwise([period.start, *period.bounds(minima), period.end]):
        holding = [term for term in minima if term.part_of(start, end) > 0]
        if holding:
            last = min(holding, key=lambda term: (term.tenant_id is None, -term.value, term.id))
            part = Fraction(
                (end - start) // MICROSECOND, (period.end - period.start) // MICROSECOND
            )
            least += Fraction(last.value) * part
    missing = least - Fraction(charged)
    if last is not None and missing > 0:
        yield period.adjustment(last, missing, Decimal(1), charged, least)
