"""What the database promises, whatever the code does: tried with plain SQL, past the code."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

from ratings.tests.ledgers import rows, scalar

ORDERS = ("sales_orders", "sales_order_lines", "sales_order_resources")
APPEND_ONLY = ("components", "events", *ORDERS)
KEPT = (*APPEND_ONLY, "records", "resources")

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
SIX_TO_EIGHT = "[2026-01-01 06:00Z, 2026-01-01 08:00Z)"
SEVEN_TO_NINE = "[2026-01-01 07:00Z, 2026-01-01 09:00Z)"
EIGHT_TO_NINE = "[2026-01-01 08:00Z, 2026-01-01 09:00Z)"

EDITED = "UPDATE of records is refused: a record can only be superseded, once"

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = %s"


@pytest.fixture
def books(database):
    """A database with one row in each table that is kept for ever."""
    with database.begin() as conn:
        insert(conn, "components", name="vcpu", unit="vcpu")
        insert(conn, "components", name="ram", unit="MiB")
        insert(conn, "resources", region="RegionOne", resource_type="instance", resource_id="i1")
        insert(conn, "events", **event())
        insert(conn, "records", **record())
        insert(conn, "sales_orders", **order())
        insert(conn, "sales_order_lines", order_id=1, record_id=1, sign=1)
        insert(conn, "sales_order_resources", order_id=1, resource_id=1)
    return database


def record(**changes):
    return {
        "resource_id": 1,
        "component_id": 1,
        "span": SIX_TO_EIGHT,
        "tenant_id": "acme",
        "quantity": 4,
        "currency": "USD",
        **changes,
    }


def event(**changes):
    return {
        "message_id": "m1",
        "region": "RegionOne",
        "event_type": "keypair.create.end",
        "state": "ignored",
        "body": "{}",
        **changes,
    }


def price(**changes):
    return {
        "component_id": 1,
        "currency": "USD",
        "unit_price": 1,
        "validity": "[2026-01-01, 2026-02-01)",
        **changes,
    }


def order(**changes):
    return {
        "tenant_id": "acme",
        "span": SIX_TO_EIGHT,
        "currency": "USD",
        "total": 8,
        "payable": 8,
        "digest": "d1",
        **changes,
    }


def insert(conn, table, **values):
    names = ", ".join(values)
    places = ", ".join(f"%({name})s" for name in values)
    conn.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({places})", values)


def put(database, table, **values):
    with database.begin() as conn:
        insert(conn, table, **values)


def run(database, sql):
    with database.begin() as conn:
        conn.exec_driver_sql(sql)


def broken(database, table, **values):
    """The constraint that refuses a row."""
    with pytest.raises(DBAPIError) as caught:
        put(database, table, **values)
    return caught.value.orig.diag.constraint_name


def refusal(database, sql):
    """What the trigger says that refuses `sql`."""
    with pytest.raises(DBAPIError) as caught:
        run(database, sql)
    assert isinstance(caught.value.orig, pg.RestrictViolation)
    return caught.value.orig.diag.message_primary


# The journal


def test_a_message_is_journaled_once(books):
    assert broken(books, "events", **event()) == "uq_events_message_id"


def test_a_rated_event_is_complete(books):
    incomplete = event(message_id="m2", state="rated", resource_id=1, action="exists")
    assert broken(books, "events", **incomplete) == "ck_events_complete"


def test_an_event_is_rated_or_ignored(books):
    complete = {"resource_id": 1, "event_time": FIRST, "action": "exists", "starts": True}
    strange = event(message_id="m2", state="lost", content="{}", **complete)
    assert broken(books, "events", **strange) == "ck_events_state"


def test_a_message_is_parked_once(database):
    parked = {"message_id": "m1", "region": "R", "code": "c", "detail": "", "body": "{}"}
    put(database, "parked_events", **parked)
    assert broken(database, "parked_events", **parked) == "uq_parked_events_message_id"


# The ledger


@pytest.mark.parametrize(
    "span", [SIX_TO_EIGHT, SEVEN_TO_NINE, "[2026-01-01 07:59:59.999999Z, 2026-01-01 08:00Z)"]
)
def test_current_records_of_a_component_of_a_resource_never_overlap(books, span):
    assert broken(books, "records", **record(span=span)) == "ex_records_overlap"


def test_records_of_other_components_resources_and_times_stand_beside_each_other(books):
    put(books, "records", **record(component_id=2))
    put(books, "records", **record(resource_id=2))
    put(books, "records", **record(span=EIGHT_TO_NINE))
    assert scalar(books, "SELECT count(*) FROM records") == 4


def test_a_superseded_record_gives_way(books):
    run(books, "UPDATE records SET superseded_at = now()")
    put(books, "records", **record(span=SEVEN_TO_NINE))
    assert broken(books, "records", **record()) == "ex_records_overlap"


@pytest.mark.parametrize(
    ("span", "constraint"),
    [
        ("empty", "ck_records_bounded"),
        ("[2026-01-01, 2026-01-02]", "ck_records_span"),
        ("(2026-01-01, 2026-01-02)", "ck_records_span"),
        ("[2026-01-01, infinity)", "ck_records_span"),
        ("[2026-01-01,)", "ck_records_bounded"),
    ],
)
def test_a_record_is_half_open_and_has_a_beginning_and_an_end(books, span, constraint):
    """Empty and unbounded spans would slip past the constraint on overlaps."""
    odd = record(resource_id=2, span=span)
    assert broken(books, "records", **odd) == constraint


@pytest.mark.parametrize("name", ["resource_id", "component_id", "span", "quantity", "tenant_id"])
def test_a_record_knows_what_it_is_about(books, name):
    """NULL would slip past the constraint on overlaps."""
    with pytest.raises(DBAPIError) as caught:
        put(books, "records", **record(**{name: None}))
    assert isinstance(caught.value.orig, pg.NotNullViolation)


@pytest.mark.parametrize("quantity", ["-1", "NaN", "Infinity"])
def test_a_quantity_is_a_number_from_zero_up(books, quantity):
    odd = record(resource_id=2, quantity=quantity)
    assert broken(books, "records", **odd) == "ck_records_quantity"


def test_a_record_is_priced_or_not_but_never_by_half(books):
    half = record(resource_id=2, unit_price=1, amount=8)
    assert broken(books, "records", **half) == "ck_records_priced"


def test_a_record_is_superseded_once(books):
    supersede = "UPDATE records SET superseded_at = now()"
    run(books, supersede)
    assert refusal(books, supersede) == EDITED
    assert refusal(books, "UPDATE records SET superseded_at = NULL") == EDITED


@pytest.mark.parametrize("also", ["", ", superseded_at = now()"])
@pytest.mark.parametrize("edit", ["quantity = 5", "tenant_id = 'globex'", "recorded_at = now()"])
def test_a_record_is_never_edited_not_even_while_it_is_superseded(books, edit, also):
    assert refusal(books, f"UPDATE records SET {edit}{also}") == EDITED


def test_of_two_transactions_that_write_overlapping_records_the_first_wins(books):
    first, second = meet(books, end_first="COMMIT")
    assert (first, second) == ("COMMIT", "ex_records_overlap")
    assert scalar(books, "SELECT count(*) FROM records WHERE resource_id = 2") == 1


def test_the_second_of_two_wins_where_the_first_gives_up(books):
    first, second = meet(books, end_first="ROLLBACK")
    assert (first, second) == ("ROLLBACK", None)
    assert rows(books, "SELECT lower(span)::text FROM records WHERE resource_id = 2") == [
        ("2026-01-01 07:00:00+00",)
    ]


def meet(database, end_first):
    """Two transactions write records that overlap; the first ends when the second waits for it."""
    backend = threading.Event()
    pids = []

    def second():
        with database.begin() as conn:
            pids.append(conn.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
            backend.set()
            insert(conn, "records", **record(resource_id=2, span=SEVEN_TO_NINE))

    with ThreadPoolExecutor(1) as pool, database.connect() as conn:
        insert(conn, "records", **record(resource_id=2))
        waiting = pool.submit(second)
        assert backend.wait(30)
        until_waiting(database, pids[0])
        conn.exec_driver_sql(end_first)
        refusal = waiting.exception(30)
    return end_first, None if refusal is None else refusal.orig.diag.constraint_name


def until_waiting(database, pid):
    deadline = time.monotonic() + 30
    with database.connect() as conn:
        conn = conn.execution_options(isolation_level="AUTOCOMMIT")
        while not conn.exec_driver_sql(WAITING, (pid,)).scalar_one():
            assert time.monotonic() < deadline, "the second transaction does not wait"


# Prices


@pytest.mark.parametrize(
    "validity", ["[2026-01-01, 2026-02-01)", "[2026-01-31, 2026-03-01)", "(,)"]
)
def test_one_price_of_a_kind_holds_at_an_instant(books, validity):
    put(books, "prices", **price())
    overlapping = price(unit_price=2, validity=validity)
    assert broken(books, "prices", **overlapping) == "ex_prices_validity"


def test_prices_that_differ_in_kind_or_time_hold_beside_each_other(books):
    put(books, "prices", **price())
    for change in (
        {"region": "RegionOne"},
        {"tenant_id": "acme"},
        {"currency": "EUR"},
        {"match": '{"flavor": "m1"}'},
        {"component_id": 2},
        {"validity": "[2026-02-01, 2026-03-01)"},
    ):
        put(books, "prices", **price(**change))
    assert scalar(books, "SELECT count(*) FROM prices") == 7


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"validity": "empty"}, "ck_prices_validity"),
        ({"unit_price": -1}, "ck_prices_unit_price"),
        ({"unit_price": "NaN"}, "ck_prices_unit_price"),
        ({"currency": "usd"}, "ck_prices_currency"),
        ({"per": "fortnight"}, "ck_prices_per"),
        ({"match": "[]"}, "ck_prices_match"),
        ({"component_id": 99}, "fk_prices_component_id"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(books, change, constraint):
    assert broken(books, "prices", **price(**change)) == constraint


@pytest.mark.parametrize(
    "change", ["UPDATE prices SET name = 'x'", "DELETE FROM prices", "TRUNCATE prices"]
)
def test_every_change_of_prices_is_counted(books, change):
    put(books, "prices", **price())
    revision = "SELECT revision FROM revisions WHERE name = 'prices'"
    before = scalar(books, revision)
    run(books, change)
    assert scalar(books, revision) == before + 1


# Sales orders


def test_orders_of_a_tenant_never_overlap(books):
    overlapping = order(span=SEVEN_TO_NINE, digest="d2")
    assert broken(books, "sales_orders", **overlapping) == "ex_sales_orders_overlap"
    put(books, "sales_orders", **order(span=EIGHT_TO_NINE, digest="d3"))
    put(books, "sales_orders", **order(tenant_id="globex", digest="d4"))


@pytest.mark.parametrize(
    ("span", "constraint"),
    [
        ("empty", "ck_sales_orders_bounded"),
        ("[2026-01-01 08:00Z,)", "ck_sales_orders_bounded"),
    ],
)
def test_an_order_has_a_beginning_and_an_end(books, span, constraint):
    odd = order(span=span, digest="d2", tenant_id="globex")
    assert broken(books, "sales_orders", **odd) == constraint


def test_a_digest_names_one_order(books):
    twin = order(span=EIGHT_TO_NINE)
    assert broken(books, "sales_orders", **twin) == "uq_sales_orders_digest"


@pytest.mark.parametrize("sign", [1, -1])
def test_no_record_is_billed_or_reversed_twice(books, sign):
    put(books, "sales_orders", **order(span=EIGHT_TO_NINE, digest="d2"))
    put(books, "sales_orders", **order(span="[2026-01-02, 2026-01-03)", digest="d3"))
    if sign == -1:
        put(books, "sales_order_lines", order_id=2, record_id=1, sign=-1)
    twice = {"order_id": 3, "record_id": 1, "sign": sign}
    assert broken(books, "sales_order_lines", **twice) == "uq_sales_order_lines_record_id_sign"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"sign": 2}, "ck_sales_order_lines_sign"),
        ({"order_id": 99}, "fk_sales_order_lines_order_id"),
        ({"record_id": 99}, "fk_sales_order_lines_record_id"),
    ],
)
def test_a_line_bills_or_reverses_a_record_that_is_there(books, change, constraint):
    odd = {"order_id": 1, "record_id": 1, "sign": -1, **change}
    assert broken(books, "sales_order_lines", **odd) == constraint


# What is kept for ever


FIRST_COLUMN = """
SELECT column_name FROM information_schema.columns
WHERE table_name = '{}' AND ordinal_position = 1"""


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_nothing_is_edited(books, table):
    column = scalar(books, FIRST_COLUMN.format(table))
    said = refusal(books, f"UPDATE {table} SET {column} = {column}")
    assert said == f"UPDATE of {table} is refused: it is append-only"


@pytest.mark.parametrize("table", KEPT)
def test_nothing_is_deleted(books, table):
    said = refusal(books, f"DELETE FROM {table}")
    assert said == f"DELETE of {table} is refused: it is append-only"


@pytest.mark.parametrize("table", KEPT)
def test_nothing_is_emptied(books, table):
    """Without CASCADE a foreign key may refuse it before the trigger is asked."""
    said = refusal(books, f"TRUNCATE {table} CASCADE")
    assert said == f"TRUNCATE of {table} is refused: it is append-only"


# Shares of an amount


INSTANTS = st.integers(0, 10**9).map(lambda n: FIRST + timedelta(microseconds=n * 2963))
AMOUNTS = st.decimals("0", "1e12", places=12, allow_nan=False)

SHARES = """
SELECT share_of(%(whole)s::numeric, tstzrange(%(start)s, %(end)s), tstzrange(part_start, part_end))
FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS parts (part_start, part_end)"""


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(AMOUNTS, st.lists(INSTANTS, min_size=2, max_size=8, unique=True))
def test_the_shares_of_any_partition_add_up_to_the_whole(database, whole, instants):
    instants = sorted(instants)
    found = shares(database, whole, instants[0], instants[-1], instants)
    assert sum(found) == whole
    assert min(found) >= 0


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(AMOUNTS, st.lists(INSTANTS, min_size=4, max_size=4, unique=True))
def test_a_share_is_in_proportion_to_its_time(database, whole, instants):
    start, *part, end = sorted(instants)
    (share,) = shares(database, whole, start, end, part)
    exact = whole * Decimal((part[1] - part[0]) / (end - start))
    assert abs(share - exact) <= Decimal("1e-11") + abs(exact) * Decimal("1e-15")


def test_a_part_that_reaches_beyond_the_span_gets_what_lies_within(database):
    hours = [FIRST + timedelta(hours=hour) for hour in range(5)]
    parts = [hours[0], hours[2], hours[4]]
    assert shares(database, Decimal(3), hours[1], hours[3], parts) == [Decimal("1.5")] * 2
    assert shares(database, Decimal(3), hours[1], hours[2], hours[3:]) == [None]


def shares(database, whole, start, end, instants):
    parameters = {
        "whole": whole,
        "start": start,
        "end": end,
        "starts": instants[:-1],
        "ends": instants[1:],
    }
    with database.connect() as conn:
        return list(conn.exec_driver_sql(SHARES, parameters).scalars())
