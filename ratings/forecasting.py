"""Forecasts: what a tenant will have spent at an instant to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from ratings.core.errors import InvalidInput
from ratings.core.pricing import next_month
from ratings.db.reading import Scope, reading
from ratings.rater import Rater
from ratings.spending import order_start, view

FURTHEST = timedelta(days=366)
"""What runs is worked out piece by piece; and who could tell what is later?"""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was spent in [start, at), and will have been in [start, end)."""

    currency: str
    start: datetime
    at: datetime
    end: datetime
    spent: Decimal
    forecast: Decimal


def forecast(
    engine: Engine,
    rater: Rater,
    scope: Scope,
    tenant_id: str,
    start: datetime | None,
    end: datetime | None,
    now: datetime,
) -> Forecast:
    """From `start` (None: where the order period began) to `end` (None: that of the month).

    `tenant_id` is in `scope`. Raises InvalidInput (range_invalid, end_not_ahead).
    """
    end = end or next_month(now)
    if not now < end <= now + FURTHEST:
        raise InvalidInput(
            f"end must lie ahead, by {FURTHEST.days} days at most", code="end_not_ahead"
        )
    if start is not None and start > now:
        raise InvalidInput("start lies in the future", code="range_invalid")
    with reading(engine, scope, snapshot=True) as conn:
        start = start or order_start(conn, tenant_id, now)
        seen = view(conn, rater.settings, rater.book(conn, still=False), tenant_id, now, [start])
        spent, foreseen = seen.spent(start, end), seen.forecast(start, end)
        return Forecast(seen.usage.currency, start, now, end, spent, foreseen)
