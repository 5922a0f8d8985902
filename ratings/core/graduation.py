"""Graduated prices: free units and tiers, counted per tenant and order period.

Records bear the unit price, whatever was used before them; an order says what its
bands make of the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ratings.core.composing import exact_sum, place
from ratings.core.model import Metadata, Price
from ratings.core.orders import Adjustment, Basis, Item
from ratings.core.pricing import PriceBook, rounded, units

_Ladder = tuple[str, str, str, Metadata, str]


class Band(NamedTuple):
    """Units of a graduated price that cost the same; `end` None is unbounded."""

    kind: str
    start: Decimal
    end: Decimal | None
    unit_price: Decimal

    def __str__(self) -> str:
        free = self.kind == "free"
        return f"the first {self.end:f} are free" if free else f"above {self.start:f}"

    def holds(self, start: Fraction, end: Fraction) -> Fraction:
        """How many of the units from `start` to `end` lie in it."""
        last = end if self.end is None else min(Fraction(self.end), end)
        return max(Fraction(0), last - max(Fraction(self.start), start))


class Difference(NamedTuple):
    """What a band makes of one item, beyond what its record charges."""

    item: Item
    amount: Fraction


def bands(price: Price) -> Iterator[Band]:
    """The bands of a price, the lowest first; those that cost its unit price are left out."""
    if price.free:
        yield Band("free", Decimal(), price.free, Decimal())
    for number, tier in enumerate(price.tiers, 1):
        above = price.tiers[number].above if number < len(price.tiers) else None
        yield Band("tier", tier.above, above, tier.unit_price)


def graduated(
    start: datetime, end: datetime, priced: Sequence[Item], book: PriceBook
) -> tuple[list[Adjustment], list[Difference]]:
    """What free units and tiers make of a period's priced items; and of which item how much.

    A price and those that took over from it count together, in the order of time.
    """
    found: list[Adjustment] = []
    differences: list[Difference] = []
    for ladder in _ladders(priced, book) if book.graduated else ():
        counted: dict[tuple[int, Band], Fraction] = {}
        for item, band, held in _climbed(ladder, book):
            price = _price(item, book)
            counted[price.id, band] = counted.get((price.id, band), Fraction(0)) + held
            cheaper = Fraction(band.unit_price) - Fraction(price.unit_price)
            differences.append(Difference(item, held * cheaper))
        total = counted_units(ladder, book)
        found += [
            _in_band(start, end, book[price_id], band, held, ladder[0].unit, total)
            for (price_id, band), held in counted.items()
        ]
    return found, differences


def _ladders(priced: Iterable[Item], book: PriceBook) -> list[list[Item]]:
    """Items that count together, of prices of which any is graduated; in the order of time."""
    ladders: dict[_Ladder, list[Item]] = {}
    for item in priced:
        ladders.setdefault(_ladder(_price(item, book)), []).append(item)
    return [
        sorted(ladder, key=lambda item: (item.record.start, place(item)))
        for _, ladder in sorted(ladders.items())
        if any(price.free or price.tiers for price in {_price(item, book) for item in ladder})
    ]


def climbing(book: PriceBook) -> list[int]:
    """Ids of the prices of which the order of time counts: these are graduated, or count together
    with one that is."""
    if not book.graduated:
        return []
    known = {_ladder(price) for price in book if price.free or price.tiers}
    return sorted(price.id for price in book if _ladder(price) in known)


def _ladder(price: Price) -> _Ladder:
    """The same for prices that take over from each other."""
    return price.component, price.region or "", price.tenant_id or "", price.match, price.per


def _climbed(ladder: Iterable[Item], book: PriceBook) -> Iterator[tuple[Item, Band, Fraction]]:
    """Each item with the bands it lies in, and how many of its units do."""
    position = Fraction(0)
    for item in ladder:
        price, record = _price(item, book), item.record
        reached = position + units(price, record.quantity, record.start, record.end)
        for band in bands(price):
            if held := band.holds(position, reached):
                yield item, band, held
        position = reached


def counted_units(ladder: Iterable[Item], book: PriceBook) -> Fraction:
    """How many units the items of a ladder are together."""
    return sum(
        (units(_price(i, book), i.record.quantity, i.record.start, i.record.end) for i in ladder),
        Fraction(0),
    )


def _price(item: Item, book: PriceBook) -> Price:
    assert item.record.price_id is not None
    return book[item.record.price_id]


def _in_band(
    start: datetime,
    end: datetime,
    price: Price,
    band: Band,
    held: Fraction,
    unit: str,
    counted: Fraction,
) -> Adjustment:
    difference = exact_sum((band.unit_price, price.unit_price.copy_negate()))
    product = held * Fraction(difference)
    return Adjustment(
        kind=band.kind,
        source=price.id,
        component=price.component,
        unit=unit if price.per == "unit" else f"{unit}-{price.per}",
        quantity=rounded(*held.as_integer_ratio()),
        unit_price=difference,
        start=start,
        end=end,
        amount=rounded(*product.as_integer_ratio()),
        description=str(band),
        basis=Basis(counted, None, product),
    )
