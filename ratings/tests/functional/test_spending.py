"""What is spent is what bills say; what will be is what runs, and what was used of late."""

import itertools
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratings import forecasting, orders, repricing
from ratings.core.model import Tier
from ratings.core.terms import Term
from ratings.db import components, terms
from ratings.db.reading import EVERYTHING, Scope
from ratings.spending import view
from ratings.tests import histories
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import NOW, SETTINGS, add_prices, empty, rate, rater

HOUR = timedelta(hours=1)


def seen(conn, tenant_id, now, *bounds):
    one = rater(conn.engine)
    return view(conn, SETTINGS, one.book(conn, still=False), tenant_id, now, bounds)


def spent(engine, start, until, now=None, tenant_id="acme"):
    start, until = instant(start), instant(until)
    with engine.connect() as conn:
        return seen(conn, tenant_id, instant(now) if now else until, start).spent(start, until)


def forecast(engine, now, start, end, tenant_id="acme"):
    start, end, now = instant(start), instant(end), instant(now)
    found = forecasting.forecast(
        engine, rater(engine), Scope(tenant_id), tenant_id, start, end, now
    )
    return found.forecast


def agree(engine, kind, value, **more):
    fields = {"tenant_id": "acme", "currency": None if "percent" in kind else "USD", **more}
    with engine.begin() as conn:
        components.ensure(conn, SETTINGS.definitions.units())
        terms.insert(conn, Term(0, kind, Decimal(value), "agreed", **fields))


@pytest.fixture
def volume(database):
    """One volume of 1 GiB at 1 an hour, from six o'clock on."""
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=1 at=a id=a", "volume"))
    return database


def drafted(engine, end, tenant_id="acme"):
    """What a draft bills of its own period, before credits."""
    order = orders.draft(engine, rater(engine), EVERYTHING, tenant_id, end, NOW)
    return sum(line.amount for line in order.lines if line.kind != "credit")


def test_what_runs_is_spent_before_anything_is_heard_of_it(volume):
    assert spent(volume, "06:00", "09:30") == Decimal("3.5")
    assert spent(volume, "00:00", "09:30") == Decimal("3.5")
    assert spent(volume, "09:00", "09:30") == Decimal("0.5")


def test_a_record_counts_in_each_period_with_its_part(volume):
    rate(volume, journal("10:00 exists size=1 at=a id=b", "volume"))
    assert spent(volume, "07:30", "09:00", now="12:00") == Decimal("1.5")
    assert spent(volume, "09:00", "12:00") == Decimal(3)


def test_nothing_is_spent_by_who_uses_nothing(volume):
    assert spent(volume, "06:00", "12:00", tenant_id="globex") == 0
    assert forecast(volume, "07:00", "06:00", "12:00", tenant_id="globex") == 0


def test_usage_without_a_price_is_not_spent(database):
    rate(database, journal("06:00 create size=1 at=a id=a\n07:00 exists size=1 at=a", "volume"))
    assert spent(database, "06:00", "12:00") == 0
    assert forecast(database, "07:00", "06:00", "12:00") == 0


def test_a_discount_is_taken_off(volume):
    agree(volume, "discount_percent", "10")
    assert spent(volume, "06:00", "16:00") == Decimal(9)
    assert spent(volume, "15:00", "16:00") == Decimal("0.9")
    assert forecast(volume, "16:00", "06:00", "2026-01-02T02:00") == Decimal(18)


def test_credits_are_not(volume):
    agree(volume, "credit", "100")
    assert spent(volume, "06:00", "16:00") == Decimal(10)


def test_free_units_are_those_of_the_order_period(database):
    add_prices(database, [price("volume", "1", free=Decimal(4))])
    rate(database, journal("06:00 create size=1 at=a id=a", "volume"))
    assert spent(database, "06:00", "09:00") == 0
    assert spent(database, "10:00", "12:00") == Decimal(2)
    orders.close(database, rater(database), "acme", instant("12:00"), NOW)
    assert spent(database, "12:00", "14:00") == 0
    assert spent(database, "11:00", "17:00") == Decimal(2)
    assert spent(database, "06:00", "17:00") == Decimal(3)


def test_a_minimum_counts_from_the_first_hour_on(volume):
    agree(volume, "minimum", "5")
    assert spent(volume, "06:00", "07:00") == Decimal(5)
    assert spent(volume, "07:00", "11:00", now="12:00") == 0
    assert spent(volume, "11:00", "12:00") == Decimal(1)


def test_what_runs_runs_on_at_the_prices_to_come(volume):
    found = repricing.add(volume, SETTINGS, price("volume", "2", start="12:00", tenant_id="acme"))
    assert found.unit_price == 2
    assert forecast(volume, "08:00", "06:00", "14:00") == Decimal(6 + 4)


def test_of_a_day_everything_that_runs_runs_on(volume):
    assert forecast(volume, "07:00", "06:00", "2026-01-02T06:00") == Decimal(24)


def test_of_a_week_what_has_lasted_a_day_runs_on_and_the_rest_as_of_late(volume):
    rate(
        volume,
        journal(
            """
            2026-01-02T06:00 create size=24 at=b id=b
            2026-01-02T12:00 delete at=b id=c""",
            "volume",
        ),
    )
    # Two days are known: 48 by what lasts, 144 by what lived for six hours.
    told = forecast(volume, "2026-01-03T06:00", "06:00", "2026-01-08T06:00")
    assert told == Decimal(7 * 24 + 144 + 144 * 5 // 2)


def test_what_lasted_and_is_gone_is_not_expected_again(volume):
    rate(volume, journal("2026-01-03T06:00 delete at=a id=z", "volume"))
    told = forecast(volume, "2026-01-03T08:00", "06:00", "2026-01-08T06:00")
    assert told == Decimal(48)


def test_of_late_is_no_longer_ago_than_a_week(volume):
    rate(
        volume,
        journal(
            """
            2026-01-02T06:00 create size=24 at=b id=b
            2026-01-02T12:00 delete at=b id=c""",
            "volume",
        ),
    )
    told = forecast(volume, "2026-01-15T06:00", "06:00", "2026-01-20T06:00")
    assert told == Decimal(19 * 24 + 144)


def test_a_tier_is_reached_by_what_is_to_come(database):
    tiers = (Tier(Decimal(10), Decimal("0.5")),)
    add_prices(database, [price("volume", "1", tiers=tiers)])
    rate(database, journal("06:00 create size=1 at=a id=a", "volume"))
    assert forecast(database, "08:00", "06:00", "2026-01-02T02:00") == Decimal(15)


def test_what_is_spent_in_a_lived_history_is_what_drafts_say(database):
    histories.live(database)
    for tenant_id, start in (("acme", "2026-01-02T00:00"), ("globex", "18:00")):
        for hours in (1, 5, 30):
            until = instant(start) + hours * HOUR
            with database.connect() as conn:
                found = seen(conn, tenant_id, until, instant(start))
                assert found.spent(instant(start), until) == drafted(database, until, tenant_id)


@pytest.mark.parametrize("tenant_id", ["acme", "globex"])
def test_what_was_billed_and_corrected_and_is_outstanding_was_spent(database, tenant_id):
    histories.live(database)
    until = instant("2026-01-03T00:00")
    billed = [orders.draft(database, rater(database), EVERYTHING, tenant_id, until, NOW)]
    for order_id in range(1, 6):
        order = orders.proven(database, EVERYTHING, order_id).order
        billed += [order] if order.tenant_id == tenant_id else []
    lines = [line for order in billed for line in (*order.lines, *order.corrections)]
    assert any(line.reason for line in lines)
    with database.connect() as conn:
        found = seen(conn, tenant_id, until, instant("00:00"))
        assert found.spent(instant("00:00"), until) == sum(
            line.amount for line in lines if line.kind != "credit"
        )


moments = st.integers(0, 72).map(lambda quarters: instant("06:00") + quarters * HOUR / 4)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    bounds=st.lists(moments, min_size=3, max_size=5, unique=True),
    agreed=st.sampled_from([(), ("discount_percent", "10"), ("minimum", "7")]),
    lasting=st.none() | st.tuples(moments, st.integers(1, 30)),
    free=st.sampled_from([0, 5]),
    closed=st.none() | st.integers(1, 11),
)
def test_parts_add_up_to_the_whole_and_the_whole_to_what_a_draft_says(
    database, sizes, bounds, agreed, lasting, free, closed
):
    empty(database)
    add_prices(database, [price("volume", "0.333", free=Decimal(free))])
    if agreed:
        start, hours = lasting or (None, 0)
        agree(database, *agreed, start=start, end=start and start + hours * HOUR)
    told = [f"{6 + 2 * n:02}:30 resize size={size} at=a id=r{n}" for n, size in enumerate(sizes)]
    rate(database, journal("\n".join(["06:00 create size=1 at=a id=a", *told]), "volume"))
    start = instant("06:00")
    now = max(bounds)
    if closed and start + closed * HOUR < now:
        start += closed * HOUR
        orders.close(database, rater(database), "acme", start, NOW)
    with database.connect() as conn:
        found = seen(conn, "acme", now, *bounds, start, instant("06:00"))
        marks = sorted({*bounds, instant("06:00")})
        parts = [found.spent(a, b) for a, b in itertools.pairwise(marks)]
        assert sum(parts) == found.spent(marks[0], now)
        if start < now:
            assert found.spent(start, now) == drafted(database, now)
