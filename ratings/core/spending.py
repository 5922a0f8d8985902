"""What a tenant has spent in a stretch of time: a difference of two bills.

What the orders of a tenant bill up to an instant is known for every instant: it is what
a draft would say then, of its own period and before credits. What was spent in
[start, until) is what that grows by in between. So parts of a period add up to the
period, and a month that is an order period comes to what its order says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from ratings.core.adjustments import adjustments
from ratings.core.composing import exact_sum
from ratings.core.orders import Item
from ratings.core.pricing import PriceBook, amount
from ratings.core.terms import Term

SINCE_EVER = datetime.min.replace(tzinfo=UTC)


class Stretch(NamedTuple):
    """An order period; `end` is None of the one that runs. The first holds all before it, too."""

    start: datetime
    end: datetime | None
    first: bool

    def holds(self, instant: datetime) -> bool:
        return (self.first or instant >= self.start) and (self.end is None or instant < self.end)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tenant used that has a price, as far as it is asked for.

    items:     records. Those of one price that lie between two instants that matter may
               come as one, with the sum of their amounts: nobody asks what is in between,
               and no discount begins or ends there.
    running:   what has been used since the last records, or will be.
    stretches: the order periods, ascending.
    """

    tenant_id: str
    currency: str
    book: PriceBook
    terms: Sequence[Term]
    stretches: Sequence[Stretch]
    items: Sequence[Item]
    running: Sequence[Item]

    def all(self) -> Iterator[Item]:
        yield from self.items
        yield from self.running


def spent(usage: Usage, start: datetime, until: datetime) -> Decimal:
    """What was spent in [start, until), exactly."""
    return exact_sum(
        part
        for stretch in usage.stretches
        for part in (
            _billed(usage, stretch, until),
            _billed(usage, stretch, start).copy_negate(),
        )
    )


def _billed(usage: Usage, stretch: Stretch, until: datetime) -> Decimal:
    """What an order of `stretch` would bill if it ended at `until`, if that is earlier."""
    until = until if stretch.end is None else min(until, stretch.end)
    if until <= stretch.start:
        return Decimal()
    items = [
        cut_off(item, until, usage.book)
        for item in usage.all()
        if item.record.start < until and stretch.holds(item.record.start)
    ]
    made = adjustments(stretch.start, until, usage.currency, items, usage.book, usage.terms)
    amounts = [item.record.amount for item in items if item.record.amount is not None]
    return exact_sum([*amounts, *(adjustment.amount for adjustment in made)])


def cut_off(item: Item, until: datetime, book: PriceBook) -> Item:
    """`item` up to `until`, priced as the ledger would; a count belongs to where it begins."""
    record = item.record
    if record.end <= until or record.price_id is None:
        return item
    price = book[record.price_id]
    if price.per == "unit":
        return item
    charged = amount(price, record.quantity, record.start, until)
    return item._replace(record=record._replace(end=until, amount=charged))
