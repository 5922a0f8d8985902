"""What a tenant will have spent at the end of a period.

Three parts are added, and then billed as all usage is (see `spending`):

1. what has been used so far,
2. what lasts runs on as it is: a resource that is known from notifications, runs now,
   and has been there for a day,
3. the rest goes on as it has of late: what was sampled, counted or short-lived costs in
   each hour to come what it cost on average in an hour of the last week.

Of periods that are no longer than a day everything that runs lasts, and "of late" is the
last day. ``ratings/tests/backtest.py`` measures how far off that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ratings.core.model import Record
from ratings.core.orders import Item, Subject
from ratings.core.pricing import MICROSECOND, PriceBook, rounded
from ratings.core.spending import Usage, spent

_DAY = timedelta(days=1)
NOBODY = Subject("", "", "", None)
"""Of what is the sum of several resources."""


class Horizon(NamedTuple):
    """How old what runs must be to last, and how long ago is not of late any more."""

    lasting: timedelta
    recent: timedelta


def horizon(start: datetime, end: datetime) -> Horizon:
    """For a forecast of [start, end)."""
    if end - start <= _DAY:
        return Horizon(timedelta(), _DAY)
    return Horizon(_DAY, timedelta(days=7))


def lasts(created_at: datetime | None, now: datetime, of: Horizon, *, sampled: bool) -> bool:
    """Whether what runs is taken to run on. What is sampled is not: it may be over any time."""
    return not sampled and created_at is not None and now - created_at >= of.lasting


class Recent(NamedTuple):
    """What was used at one price of late, by what does not last.

    quantity: times microseconds; of a count as it is.
    """

    component: str
    unit: str
    price_id: int
    quantity: Fraction
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is to come.

    lasting: what lasts, from its last record on to an instant that no forecast goes beyond.
    brief:   what else runs, up to now.
    recent:  what was used in the last `window`, which is no longer than the past is known.
    """

    lasting: Sequence[Item]
    brief: Sequence[Item]
    recent: Sequence[Recent]
    window: timedelta


def forecast(
    usage: Usage, prospect: Prospect, now: datetime, start: datetime, end: datetime
) -> Decimal:
    """What will have been spent in [start, end), which `now` lies before the end of."""
    lately = [*prospect.recent, *_used(prospect.brief, now - prospect.window, now, usage.book)]
    coming = [_spread(one, usage, prospect.window, now, end) for one in lately]
    to_come = replace(usage, running=[*prospect.lasting, *prospect.brief, *coming])
    return spent(to_come, start, end)


def _used(items: Iterable[Item], since: datetime, now: datetime, book: PriceBook) -> list[Recent]:
    """The part of `items`, which have a price, that lies in [since, now)."""
    found = []
    for item in items:
        record = item.record
        assert record.price_id is not None
        held = record.end - max(record.start, since)
        counted = book[record.price_id].per == "unit"
        if held <= timedelta() or (counted and record.start < since):
            continue
        share = Fraction(held // MICROSECOND, (record.end - record.start) // MICROSECOND)
        quantity = Fraction(record.quantity) * (1 if counted else held // MICROSECOND)
        amount = Fraction(record.amount or 0) * (1 if counted else share)
        found.append(Recent(record.component, item.unit, record.price_id, quantity, amount))
    return found


def _spread(recent: Recent, usage: Usage, window: timedelta, now: datetime, end: datetime) -> Item:
    """`recent` as usage of all the time to come: as much in each hour as on average before."""
    price = usage.book[recent.price_id]
    share = Fraction((end - now) // MICROSECOND, window // MICROSECOND)
    counted = price.per == "unit"
    quantity = recent.quantity * share if counted else recent.quantity / (window // MICROSECOND)
    amount = recent.amount * share
    record = Record(
        component=recent.component,
        start=now,
        end=end,
        tenant_id=usage.tenant_id,
        quantity=rounded(*quantity.as_integer_ratio()),
        metadata=(),
        currency=usage.currency,
        unit_price=price.unit_price,
        price_id=price.id,
        amount=rounded(*amount.as_integer_ratio()),
    )
    return Item(NOBODY, record, recent.unit, price.per)
