"""How much of what its price buys a line of usage stands for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from ratings.core.orders import Line
from ratings.core.pricing import MICROSECOND, per_microseconds, rounded

PLACES = 18
"""Decimal places of a number of units: a microsecond of a month is 4E-13 of it."""


def counted(line: Line) -> Decimal:
    """Units of the line times its duration in `per`, or counted things; negative if taken back.

    Rounded to `PLACES`. Usage without a price is counted in hours.
    """
    number = _units(line)
    if line.amount is not None and line.amount < 0:
        number = -number
    return rounded(*number.as_integer_ratio(), PLACES)


def _units(line: Line) -> Fraction:
    quantity = Fraction(line.quantity)
    if line.per == "unit":
        return quantity
    per = line.per or "hour"
    return quantity * sum(
        (
            Fraction((end - start) // MICROSECOND, per_microseconds(per, start))
            for start, end in _months(line.start, line.end)
        ),
        Fraction(0),
    )


def _months(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """[start, end) cut where a month begins: months are not of one length."""
    while start < end:
        first = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        following = first + timedelta(microseconds=per_microseconds("month", start))
        yield start, min(following, end)
        start = following
