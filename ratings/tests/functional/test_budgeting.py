"""Budgets: each threshold is told once for each period, whatever happens to who checks."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors as pg
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from ratings import budgeting, tenancy
from ratings.auditing import audit
from ratings.core.budgets import Budget, Threshold, span_of
from ratings.core.deliveries import Patience, Unreachable
from ratings.core.errors import Conflict, InvalidBudget, NotFound
from ratings.db import budgets
from ratings.db.reading import EVERYTHING
from ratings.tests.brokers import until
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import SETTINGS, add_prices, empty, rate, rater, rows, scalar

PATIENCE = Patience(timedelta(minutes=1), timedelta(hours=1), timedelta(minutes=3))
ALERTS = """
SELECT budget_id, kind, trim_scale(percent)::text, to_char(lower(span), 'DD HH24:MI'),
       trim_scale(spent)::text, trim_scale(forecast)::text
FROM budget_alerts ORDER BY id"""
DELIVERIES = "SELECT alert_id, driver, state, attempts, code FROM budget_deliveries ORDER BY 1, 2"
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'"""
HOUR = timedelta(hours=1)


class Killed(BaseException):
    """The end of a process, as far as a test can stand it."""


@pytest.fixture
def volume(database):
    """One volume of 1 GiB at 1 an hour, from midnight on."""
    add_prices(database, [price("volume", "1")])
    rate(database, journal("00:00 create size=1 at=a id=a", "volume"))
    return database


def add(engine, *thresholds, period="day", amount=24, at="00:00", **more):
    found = [Threshold(*(word.split()[0], Decimal(word.split()[1]))) for word in thresholds]
    budget = Budget(0, "acme", period, Decimal(amount), "", tuple(found), instant(at))
    return budgeting.add(engine, SETTINGS, replace(budget, **more))


def check(engine, at, drivers=("books",)):
    """The alerts that a check raises, as texts; it has no problems."""
    found = list(budgeting.check_each(engine, rater(engine), drivers, lambda: instant(at)))
    assert [checked.problems for checked in found if checked.problems] == []
    return [
        f"{alert.threshold.kind} {alert.threshold.percent} of {alert.span.start:%d %H:%M}"
        for checked in found
        for alert in checked.alerts
    ]


def tell(engine, at, **channels):
    return list(budgeting.tell(engine, channels, PATIENCE, lambda: instant(at)))


def test_a_threshold_is_told_when_it_is_reached_and_never_again(volume):
    add(volume, "actual 50", "actual 100")
    assert check(volume, "11:59:59") == []
    assert check(volume, "12:00") == ["actual 50 of 01 00:00"]
    assert check(volume, "12:00") == []
    assert check(volume, "23:00") == []
    assert rows(volume, ALERTS) == [(1, "actual", "50", "01 00:00", "12", None)]


def test_each_period_is_told_for_itself(volume):
    add(volume, "actual 50")
    assert check(volume, "12:00") == ["actual 50 of 01 00:00"]
    assert check(volume, "2026-01-02T11:00") == []
    assert check(volume, "2026-01-02T12:00") == ["actual 50 of 02 00:00"]


def test_a_forecast_is_told_before_the_money_is_spent(volume):
    add(volume, "forecast 100", "actual 100", amount=23)
    assert check(volume, "01:00") == ["forecast 100 of 01 00:00"]
    assert check(volume, "22:59") == []
    assert check(volume, "23:00") == ["actual 100 of 01 00:00"]
    assert rows(volume, ALERTS)[0] == (1, "forecast", "100", "01 00:00", "1", "24")


def test_several_thresholds_at_once_are_several_alerts(volume):
    add(volume, "actual 10", "actual 20", "forecast 100", period="month", amount=10)
    assert check(volume, "05:00") == [
        "actual 10 of 01 00:00",
        "actual 20 of 01 00:00",
        "forecast 100 of 01 00:00",
    ]


def test_usage_that_is_heard_of_late_is_told_of_the_period_that_is_over(volume):
    add(volume, "actual 100", "forecast 100", amount=100)
    assert check(volume, "23:59") == []
    rate(volume, journal("01:00 resize size=9 at=a id=late", "volume"))
    assert check(volume, "2026-01-02T00:30") == [
        "actual 100 of 01 00:00",
        "forecast 100 of 02 00:00",
    ]
    assert rows(volume, ALERTS)[0][5] is None


def test_the_period_before_a_budget_was_made_is_not_told(volume):
    add(volume, "actual 50", at="2026-01-02T01:00")
    assert check(volume, "2026-01-02T01:00") == []


def test_a_deleted_budget_is_not_watched_and_its_alerts_stay(volume):
    budget = add(volume, "actual 10", "actual 50")
    assert check(volume, "06:00") == ["actual 10 of 01 00:00"]
    budgeting.remove(volume, EVERYTHING, budget.id, instant("07:00"))
    assert check(volume, "23:00") == []
    assert scalar(volume, "SELECT count(*) FROM budget_alerts") == 1
    with pytest.raises(NotFound):
        budgeting.remove(volume, EVERYTHING, budget.id, instant("08:00"))


def test_hours_days_weeks_and_months_of_one_tenant_are_watched_together(volume):
    for period, amount in (("hour", 1), ("day", 12), ("week", 12), ("month", 12)):
        add(volume, "actual 100", period=period, amount=amount)
    told = check(volume, "12:00")
    assert told == [
        "actual 100 of 01 11:00",
        "actual 100 of 01 00:00",
        "actual 100 of 29 00:00",
        "actual 100 of 01 00:00",
    ]


def test_a_budget_is_in_the_currency_of_its_tenant(volume):
    assert add(volume, "actual 1").currency == "USD"
    with pytest.raises(InvalidBudget, match="acme is billed in USD, not in EUR"):
        add(volume, "actual 1", currency="EUR")


def test_a_budget_whose_tenant_has_another_currency_by_now_is_a_problem_of_its_own(volume):
    budget = add(volume, "actual 1")
    tenancy.set_currency(volume, SETTINGS, "acme", "EUR")
    add_prices(volume, [replace(price("volume", "1"), currency="EUR")])
    add(volume, "actual 50")
    clock = lambda: instant("12:00")  # noqa: E731
    (checked,) = budgeting.check_each(volume, rater(volume), (), clock)
    assert [alert.budget.currency for alert in checked.alerts] == ["EUR"]
    assert checked.problems == (
        "budget 1 is in USD, and acme is billed in EUR; delete it and add another",
    )
    with pytest.raises(Conflict, match="acme is billed in EUR"):
        budgeting.standing(volume, rater(volume), EVERYTHING, budget.id, clock())


def test_a_tenant_has_so_many_budgets_and_no_more(volume):
    for _ in range(budgeting.MOST):
        add(volume, "actual 50")
    with pytest.raises(Conflict, match="has 50 budgets already"):
        add(volume, "actual 50")
    add(volume, "actual 50", tenant_id="globex")


def test_two_who_add_at_the_same_time_add_one_after_the_other(volume):
    last = add(volume, "actual 50")
    for _ in range(budgeting.MOST - 2):
        add(volume, "actual 50")
    with ThreadPoolExecutor(1) as pool, volume.begin() as conn:
        budgets.be_alone(conn, "acme")
        budgets.insert(conn, last)
        second = pool.submit(add, volume, "actual 50")
        until(lambda: scalar(volume, WAITING) == 1, "nobody waits")
        conn.commit()
        with pytest.raises(Conflict, match="has 50 budgets already"):
            second.result()


def test_a_tenant_that_cannot_be_worked_out_keeps_no_other_waiting(volume):
    add(volume, "actual 50")
    rate(volume, journal("00:00 create size=9 tenant=globex at=g id=g", "volume"))
    add(volume, "actual 50", tenant_id="globex")
    with volume.begin() as conn:
        conn.exec_driver_sql(
            "INSERT INTO budgets (tenant_id, period, amount, currency, thresholds, created_at)"
            " VALUES ('acme', 'day', 1, 'USD', '[{\"kind\": \"actual\", \"percent\": \"-1\"}]',"
            " '2026-01-01')"
        )
    first, second = budgeting.check_each(volume, rater(volume), (), lambda: instant("12:00"))
    assert (first.tenant_id, first.alerts) == ("acme", ())
    assert "ck_budget_alerts_percent" in first.problems[0]
    assert [alert.threshold.percent for alert in second.alerts] == [50]


def test_two_who_check_at_the_same_time_raise_one_alert(volume):
    add(volume, "actual 10", "actual 20", "actual 30")
    barrier = threading.Barrier(4)

    def checking():
        barrier.wait()
        return check(volume, "12:00")

    with ThreadPoolExecutor(4) as pool:
        raised = [
            alert for done in [pool.submit(checking) for _ in range(4)] for alert in done.result()
        ]
    assert sorted(raised) == [f"actual {n} of 01 00:00" for n in (10, 20, 30)]
    assert len(rows(volume, DELIVERIES)) == 3


def test_who_comes_second_waits_for_the_first_and_raises_nothing(volume):
    add(volume, "actual 50", "actual 60")
    with ThreadPoolExecutor(1) as pool, volume.begin() as conn:
        conn.exec_driver_sql(
            "INSERT INTO budget_alerts (budget_id, kind, percent, span, amount, spent, crossed_at)"
            " VALUES (1, 'actual', 50, '[2026-01-01, 2026-01-02)', 24, 12, '2026-01-01 12:00')"
        )
        second = pool.submit(check, volume, "12:00")
        until(lambda: scalar(volume, WAITING) == 1, "nobody waits")
        conn.commit()
        assert second.result() == []
    assert len(rows(volume, ALERTS)) == 1
    assert check(volume, "18:00") == ["actual 60 of 01 00:00"]


def test_who_dies_before_the_commit_has_raised_nothing(volume):
    add(volume, "actual 50")
    with pytest.raises(Killed), dying(volume):
        check(volume, "12:00")
    assert rows(volume, ALERTS) == rows(volume, DELIVERIES) == []
    assert check(volume, "12:00") == ["actual 50 of 01 00:00"]


class dying:  # noqa: N801  # reads like a sentence
    """Within it, nothing is committed."""

    def __init__(self, engine):
        self.engine = engine

    def __enter__(self):
        event.listen(self.engine, "commit", self.kill)

    def __exit__(self, *error):
        event.remove(self.engine, "commit", self.kill)

    def kill(self, conn):
        raise Killed


def test_an_alert_is_told_over_each_channel_until_it_has_arrived(volume):
    add(volume, "actual 50")
    check(volume, "12:00", ["books", "phone"])
    heard = []

    def phone(alert):
        heard.append(alert)
        if len(heard) == 1:
            raise Unreachable("nobody at home", code="broker_unreachable")
        return "R1"

    assert [o.reference for o in tell(volume, "12:01", books=lambda alert: "R0", phone=phone)] == [
        "R0",
        None,
    ]
    assert tell(volume, "12:01", books=lambda alert: "R0", phone=phone) == []
    (outcome,) = tell(volume, "12:05", books=lambda alert: "R0", phone=phone)
    assert (outcome.noun, outcome.about, outcome.reference) == ("alert", 1, "R1")
    assert heard[0].key == heard[1].key
    assert heard[0].budget.amount == 24
    assert heard[0].span == span_of("day", instant("12:00"))
    assert [row[1:4] for row in rows(volume, DELIVERIES)] == [
        ("books", "delivered", 1),
        ("phone", "delivered", 2),
    ]


def test_who_dies_between_telling_and_writing_it_down_tells_it_again_with_the_same_key(volume):
    add(volume, "actual 50")
    check(volume, "12:00")
    heard = []

    def books(alert):
        heard.append(alert.key)
        if len(heard) == 1:
            raise Killed
        return "R1"

    with pytest.raises(Killed):
        tell(volume, "12:01", books=books)
    assert tell(volume, "12:02", books=books) == []  # the lease of the dead
    assert [outcome.reference for outcome in tell(volume, "12:04", books=books)] == ["R1"]
    assert heard[0] == heard[1]


def test_without_channels_alerts_are_raised_and_owed_to_nobody(volume):
    add(volume, "actual 50")
    assert check(volume, "12:00", []) == ["actual 50 of 01 00:00"]
    assert rows(volume, DELIVERIES) == []


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE budgets SET amount = 1", pg.RestrictViolation),
        ("UPDATE budgets SET deleted_at = now(), amount = 1", pg.RestrictViolation),
        ("DELETE FROM budgets", pg.RestrictViolation),
        ("TRUNCATE budgets CASCADE", pg.RestrictViolation),
        ("UPDATE budget_alerts SET spent = 99", pg.RestrictViolation),
        ("DELETE FROM budget_alerts", pg.RestrictViolation),
        ("DELETE FROM budget_deliveries", pg.RestrictViolation),
        ("UPDATE budget_deliveries SET alert_id = 2", pg.RestrictViolation),
        (
            "INSERT INTO budget_alerts (budget_id, kind, percent, span, amount, spent, crossed_at)"
            " SELECT budget_id, kind, 50.0, span, amount, 99, now() FROM budget_alerts",
            pg.UniqueViolation,
        ),
        (
            "INSERT INTO budget_alerts (budget_id, kind, percent, span, amount, spent, crossed_at)"
            " SELECT budget_id, kind, 51, span, amount, 12, now() FROM budget_alerts",
            pg.CheckViolation,
        ),
        (
            "INSERT INTO budget_alerts (budget_id, kind, percent, span, amount, spent, crossed_at)"
            " SELECT budget_id, 'forecast', 50, span, amount, 12, now() FROM budget_alerts",
            pg.CheckViolation,
        ),
        (
            "INSERT INTO budget_deliveries (alert_id, driver, next_attempt_at)"
            " VALUES (1, 'books', now())",
            pg.UniqueViolation,
        ),
    ],
)
def test_the_database_keeps_what_was_told(volume, statement, refusal):
    add(volume, "actual 50")
    check(volume, "12:00")
    with pytest.raises(DBAPIError) as error, volume.begin() as conn:
        conn.exec_driver_sql(statement)
    assert isinstance(error.value.orig, refusal)
    assert list(audit(volume, SETTINGS)) == []


def naive(sizes, start, until):
    """What a volume costs in [start, until) that has the size at each instant of `sizes`."""
    marks = sorted(sizes.items())
    total = Decimal()
    for number, (at, size) in enumerate(marks):
        end = marks[number + 1][0] if number + 1 < len(marks) else until
        held = min(end, until) - max(at, start)
        total += size * Decimal(max(held / HOUR, 0))
    return total


steps = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(1, 20)),
        st.tuples(st.just("resize"), st.integers(0, 30)),
        st.tuples(st.just("check"), st.integers(1, 3)),
        st.tuples(st.just("die"), st.just(0)),
        st.tuples(st.just("tell"), st.booleans()),
    ),
    max_size=25,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_each_threshold_is_told_once_whatever_happens(database, steps):
    empty(database)
    add_prices(database, [price("volume", "1")])
    rate(database, journal("00:00 create size=1 at=a id=a", "volume"))
    budget = add(database, "actual 50", "actual 100", "actual 200", period="day", amount=48)
    now, sizes, wanted, heard = instant("00:00"), {instant("00:00"): 1}, set(), set()

    def books(alert):
        heard.add((alert.id, alert.key))
        if dies:
            raise Killed
        return "R"

    for number, (step, value) in enumerate(steps):
        if step == "pass":
            now += value * HOUR
        elif step == "resize" and now - value * HOUR > instant("00:00"):
            at = now - value * HOUR
            sizes[at] = number
            told = f"{at:%Y-%m-%dT%H:%M} resize size={number} at=a id=r{number}"
            rate(database, journal(told, "volume"))
        elif step == "check":
            for _ in range(value):
                check(database, now.isoformat())
            for day in {now - 24 * HOUR, now}:
                span = span_of("day", day)
                if span.end > budget.created_at:
                    spent = naive(sizes, span.start, min(now, span.end))
                    wanted |= {
                        (t.percent, span.start)
                        for t in budget.thresholds
                        if spent * 100 >= 48 * t.percent
                    }
        elif step == "die":
            try:
                with dying(database):
                    check(database, now.isoformat())
            except Killed:
                pass
        elif step == "tell":
            dies = value
            with contextlib.suppress(Killed):
                tell(database, now.isoformat(), books=books)
    found = rows(database, "SELECT percent, lower(span) FROM budget_alerts")
    assert len(found) == len(set(found))
    assert set(found) == wanted
    dies = False
    tell(database, (now + 24 * HOUR).isoformat(), books=books)
    assert {alert_id for alert_id, _ in heard} == {
        row[0] for row in rows(database, "SELECT id FROM budget_alerts")
    }
    assert len(heard) == len(found)  # one key for each, however often it was told
    assert scalar(database, "SELECT count(*) FROM budget_deliveries") == len(found)
    assert scalar(database, "SELECT count(*) FROM budget_deliveries WHERE state = 'pending'") == 0
