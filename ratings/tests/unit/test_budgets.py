"""Budgets: what can be watched, which period an instant lies in, and what is crossed."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.core.budgets import PERIODS, Alert, Budget, Threshold, check, crossed, span_of, spans
from ratings.core.errors import InvalidBudget
from ratings.tests.journals import instant

HALF = Threshold("actual", Decimal(50))
ALL = Threshold("actual", Decimal(100))
SOON = Threshold("forecast", Decimal(100))
BUDGET = Budget(
    id=1,
    tenant_id="acme",
    period="month",
    amount=Decimal(100),
    currency="EUR",
    thresholds=(HALF, ALL, SOON),
    created_at=instant("2026-01-05T12:00"),
)


def told(spent, forecast=None):
    money = {"actual": Decimal(spent), "forecast": forecast and Decimal(forecast)}
    return crossed(BUDGET, BUDGET.thresholds, money)


def test_a_threshold_is_crossed_as_soon_as_it_is_reached():
    assert told("49.999999999999") == []
    assert told("50") == [HALF]
    assert told("100") == [HALF, ALL]


def test_a_forecast_crosses_thresholds_of_its_kind_only():
    assert told("10", "99.99") == []
    assert told("10", "100") == [SOON]
    assert told("50", "1000") == [HALF, SOON]


def test_what_is_crossed_is_exact_beyond_28_digits():
    budget = replace(BUDGET, amount=Decimal("999999999999.999999999999"))
    third = Threshold("actual", Decimal("33.33"))
    just = Decimal("333299999999.999999999999666700000000")
    assert crossed(budget, [third], {"actual": just, "forecast": None}) == [third]
    less = Decimal("333299999999.999999999999666699999999")
    assert crossed(budget, [third], {"actual": less, "forecast": None}) == []


@pytest.mark.parametrize(
    ("period", "at", "start", "end"),
    [
        ("hour", "2026-01-31T23:59:59", "2026-01-31T23:00", "2026-02-01T00:00"),
        ("day", "2026-02-28T00:00", "2026-02-28T00:00", "2026-03-01T00:00"),
        ("week", "2026-01-04T23:59", "2025-12-29T00:00", "2026-01-05T00:00"),
        ("week", "2026-01-05T00:00", "2026-01-05T00:00", "2026-01-12T00:00"),
        ("month", "2028-02-29T12:00", "2028-02-01T00:00", "2028-03-01T00:00"),
        ("month", "2026-12-31T23:59", "2026-12-01T00:00", "2027-01-01T00:00"),
    ],
)
def test_periods_are_those_of_the_calendar(period, at, start, end):
    assert span_of(period, instant(at)) == (instant(start), instant(end))


@given(period=st.sampled_from(PERIODS), at=st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)))
def test_periods_follow_each_other_without_a_gap(period, at):
    at = instant(at.isoformat())
    start, end = span_of(period, at)
    assert start <= at < end
    assert span_of(period, end).start == end


def test_the_period_before_is_looked_at_again_but_none_before_the_budget():
    february = instant("2026-02-03T00:00")
    assert [span.start.month for span in spans(BUDGET, february)] == [1, 2]
    assert [span.start.month for span in spans(BUDGET, instant("2026-01-06T00:00"))] == [1]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"period": "year"}, "period must be one of hour, day, week, month, not 'year'"),
        ({"amount": Decimal(0)}, "amount must be above 0"),
        ({"amount": Decimal("1e13")}, "not above 1000000000000"),
        ({"amount": Decimal("0.0000000000001")}, "more than 12 decimal places"),
        ({"amount": Decimal("NaN")}, "amount must be above 0"),
        ({"currency": "euro"}, "ISO 4217"),
        ({"thresholds": ()}, "from 1 to 20 thresholds"),
        ({"thresholds": tuple(HALF._replace(percent=Decimal(n)) for n in range(1, 22))}, "20"),
        ({"thresholds": (HALF, HALF._replace(percent=Decimal("50.0")))}, "given once"),
        ({"thresholds": (Threshold("guess", Decimal(1)),)}, "actual or forecast, not 'guess'"),
        ({"thresholds": (Threshold("actual", Decimal(0)),)}, "above 0 and not above 1000"),
        ({"thresholds": (Threshold("actual", Decimal("1000.01")),)}, "not above 1000"),
        ({"thresholds": (Threshold("actual", Decimal("0.001")),)}, "more than 2 decimal places"),
    ],
)
def test_a_budget_that_cannot_be_watched_is_refused(wrong, said):
    check(BUDGET)
    with pytest.raises(InvalidBudget, match=said):
        check(replace(BUDGET, **wrong))


def test_the_key_of_an_alert_is_its_own():
    alert = Alert(
        7,
        BUDGET,
        HALF,
        span_of("month", BUDGET.created_at),
        Decimal("50.5"),
        None,
        BUDGET.created_at,
    )
    assert alert.key.startswith("ratings-alert-7-")
    assert alert.key == replace(alert).key
    assert alert.key != replace(alert, spent=Decimal("50.6")).key
    assert alert.payload()["spent"] == "50.5"
    assert alert.payload()["percent"] == "50"
