"""Budgets: what a tenant means to spend, and which part of it is to be told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ratings.core.errors import InvalidBudget
from ratings.core.pricing import PLACES, is_currency, next_month
from ratings.core.writing import plain, stamp

ACTUAL = "actual"
FORECAST = "forecast"
KINDS = (ACTUAL, FORECAST)
PERIODS = ("hour", "day", "week", "month")

MOST_THRESHOLDS = 20
HIGHEST = 1000
"""Percent."""

EVENT_TYPE = "budget.threshold.crossed"


class Threshold(NamedTuple):
    """A part of a budget: `percent` of it, `actual`ly spent or by `forecast`."""

    kind: str
    percent: Decimal


class Span(NamedTuple):
    """A period of a budget, [start, end)."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Budget:
    """What a tenant means to spend in each `period` of the calendar (UTC; weeks begin on Monday).

    amount:     in `currency`, after discounts and minimum charges, before credits.
    created_at: the period that this instant lies in is the first.
    """

    id: int
    tenant_id: str
    period: str
    amount: Decimal
    currency: str
    thresholds: tuple[Threshold, ...]
    created_at: datetime
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A threshold was crossed, which is told once for each period of a budget.

    spent, forecast: what was known at that instant; no forecast of a period that is over.
    """

    id: int
    budget: Budget
    threshold: Threshold
    span: Span
    spent: Decimal
    forecast: Decimal | None
    crossed_at: datetime

    @property
    def reached(self) -> Decimal:
        """The money that crossed the threshold."""
        found = self.spent if self.threshold.kind == ACTUAL else self.forecast
        assert found is not None
        return found

    @property
    def key(self) -> str:
        """The idempotency key: the same for each attempt to tell it, and for no other alert."""
        said = json.dumps(self.payload(), sort_keys=True).encode()
        return f"ratings-alert-{self.id}-{hashlib.sha256(said).hexdigest()[:16]}"

    def payload(self) -> dict[str, int | str | None]:
        """What is told; money and percents as texts, for senders that would make floats of them."""
        return {
            "alert_id": self.id,
            "budget_id": self.budget.id,
            "tenant_id": self.budget.tenant_id,
            "description": self.budget.description,
            "period": self.budget.period,
            "start_at": stamp(self.span.start),
            "end_at": stamp(self.span.end),
            "amount": plain(self.budget.amount),
            "currency": self.budget.currency,
            "kind": self.threshold.kind,
            "percent": plain(self.threshold.percent),
            "spent": plain(self.spent),
            "forecast": None if self.forecast is None else plain(self.forecast),
            "crossed_at": stamp(self.crossed_at),
        }


def check(budget: Budget) -> None:
    """InvalidBudget unless `budget` can be watched."""
    if budget.period not in PERIODS:
        raise InvalidBudget(f"period must be one of {', '.join(PERIODS)}, not {budget.period!r}")
    _check_number("amount", budget.amount, 10**PLACES, PLACES)
    if not is_currency(budget.currency):
        raise InvalidBudget(f"currency must be an ISO 4217 code, not {budget.currency!r}")
    if not 1 <= len(budget.thresholds) <= MOST_THRESHOLDS:
        raise InvalidBudget(f"a budget has from 1 to {MOST_THRESHOLDS} thresholds")
    if len(set(budget.thresholds)) < len(budget.thresholds):
        raise InvalidBudget("each threshold can be given once")
    for threshold in budget.thresholds:
        if threshold.kind not in KINDS:
            known = " or ".join(KINDS)
            raise InvalidBudget(f"kind of a threshold must be {known}, not {threshold.kind!r}")
        _check_number("percent of a threshold", threshold.percent, HIGHEST, 2)


def _check_number(name: str, number: Decimal, highest: int, places: int) -> None:
    if not number.is_finite() or not 0 < number <= highest:
        raise InvalidBudget(f"{name} must be above 0 and not above {highest}")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        raise InvalidBudget(f"{name} has more than {places} decimal places")


def span_of(period: str, instant: datetime) -> Span:
    """The `period` of the calendar that `instant` (in UTC) lies in."""
    hour = instant.replace(minute=0, second=0, microsecond=0)
    midnight = hour.replace(hour=0)
    if period == "hour":
        return Span(hour, hour + timedelta(hours=1))
    if period == "day":
        return Span(midnight, midnight + timedelta(days=1))
    if period == "week":
        monday = midnight - timedelta(days=midnight.weekday())
        return Span(monday, monday + timedelta(days=7))
    return Span(midnight.replace(day=1), next_month(instant))


def spans(budget: Budget, now: datetime) -> list[Span]:
    """The periods to look at: the one that runs, and the one before it.

    Usage comes late: what was sampled in an hour is known when that is over. Of
    periods before the first nothing is told.
    """
    running = span_of(budget.period, now)
    before = span_of(budget.period, running.start - timedelta(microseconds=1))
    return [span for span in (before, running) if span.end > budget.created_at]


def crossed(
    budget: Budget, thresholds: Sequence[Threshold], money: Mapping[str, Decimal | None]
) -> list[Threshold]:
    """Which of `thresholds` are reached; `money` is what is spent and forecast, by kind."""
    found = []
    for threshold in thresholds:
        reached = money[threshold.kind]
        if reached is not None and _is_reached(budget.amount, threshold.percent, reached):
            found.append(threshold)
    return found


def _is_reached(amount: Decimal, percent: Decimal, money: Decimal) -> bool:
    # As fractions: Decimal's own multiplication would round to 28 digits.
    return Fraction(money) * 100 >= Fraction(amount) * Fraction(percent)
