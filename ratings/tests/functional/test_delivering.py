"""The outbox: what an order is owed to, delivered at least once and never twice."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

from ratings import delivering, orders
from ratings.auditing import audit
from ratings.core.deliveries import Patience, Refused, Unreachable, key
from ratings.core.errors import InvalidInput
from ratings.rater import Rater
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import NOW, SETTINGS, add_prices, rate, rows, scalar

PATIENCE = Patience(timedelta(minutes=1), timedelta(hours=1), timedelta(minutes=3))
ROWS = "SELECT order_id, driver, state, attempts, code, reference FROM outbox ORDER BY 1, 2"


class Books:
    """An ERP of a test: keeps the key of each sale, and refuses what it is told to refuse.

    trouble: by order id, what is raised before (an error) or after (`after`) it is booked.
    """

    def __init__(self):
        self.sales = {}
        self.calls = []
        self.trouble = {}
        self.after = {}

    def __call__(self, parcel):
        self.calls.append(parcel.issued.id)
        if parcel.issued.id in self.trouble:
            raise self.trouble[parcel.issued.id]
        self.sales.setdefault(parcel.key, f"S{len(self.sales) + 1}")
        if parcel.issued.id in self.after:
            raise self.after[parcel.issued.id]
        return self.sales[parcel.key]


class Killed(BaseException):
    """The end of a process, as far as a test can stand it."""


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now

    def pass_by(self, **time):
        self.now += timedelta(**time)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def books():
    return Books()


@pytest.fixture
def cloud(database):
    """Two tenants with a volume each, which run on."""
    add_prices(database, [price("volume", "0.25")])
    rate(database, journal("06:00 create size=1 tenant=acme at=a id=a", "volume"))
    rate(database, journal("06:00 create size=2 tenant=globex at=b id=b", "volume"))
    return database


def close(engine, tenant_id, end, *drivers):
    rater = Rater(engine, replace(SETTINGS, drivers=drivers or ("books",)), clock=lambda: NOW)
    return orders.close(engine, rater, tenant_id, instant(end), NOW)


def deliver(engine, clock, **drivers):
    return list(delivering.deliver(engine, drivers, PATIENCE, clock))


def test_an_order_is_owed_to_each_driver(cloud):
    issued = close(cloud, "acme", "12:00", "odoo", "webhook")
    assert rows(cloud, ROWS) == [
        (issued.id, "odoo", "pending", 0, None, None),
        (issued.id, "webhook", "pending", 0, None, None),
    ]


def test_without_drivers_nothing_is_owed(cloud):
    rater = Rater(cloud, SETTINGS, clock=lambda: NOW)
    orders.close(cloud, rater, "acme", instant("12:00"), NOW)
    assert rows(cloud, ROWS) == []


def test_an_order_that_fails_owes_nothing(cloud):
    with pytest.raises(InvalidInput):
        close(cloud, "acme", "05:00")
    assert rows(cloud, ROWS) == []


def test_an_order_that_cannot_be_put_into_the_outbox_is_not_issued(cloud):
    with pytest.raises(DBAPIError, match="ck_outbox_driver"):
        close(cloud, "acme", "12:00", "books", "")
    assert scalar(cloud, "SELECT count(*) FROM sales_orders") == 0
    assert rows(cloud, ROWS) == []


def test_what_arrived_has_a_reference_and_is_not_sent_again(cloud, clock, books):
    issued = close(cloud, "acme", "12:00")
    (outcome,) = deliver(cloud, clock, books=books)
    assert (outcome.about, outcome.tenant_id, outcome.reference) == (issued.id, "acme", "S1")
    assert list(books.sales) == [key(issued.id, issued.digest)]
    assert rows(cloud, ROWS) == [(issued.id, "books", "delivered", 1, None, "S1")]
    clock.pass_by(days=1)
    assert deliver(cloud, clock, books=books) == []


def test_an_order_that_is_refused_stays_and_those_of_others_go_on(cloud, clock, books):
    first = close(cloud, "acme", "12:00")
    second = close(cloud, "globex", "12:00")
    books.trouble[first.id] = Refused("no product OS-VOLUME", code="product_unknown")
    refused, arrived = deliver(cloud, clock, books=books)
    assert refused.error.code == "product_unknown"
    assert arrived.reference == "S1"
    assert rows(cloud, ROWS) == [
        (first.id, "books", "pending", 1, "product_unknown", None),
        (second.id, "books", "delivered", 1, None, "S1"),
    ]
    books.trouble.clear()
    clock.pass_by(minutes=1)
    assert [outcome.reference for outcome in deliver(cloud, clock, books=books)] == ["S2"]
    assert scalar(cloud, "SELECT num_nulls(code, detail) FROM outbox WHERE order_id = 1") == 2


def test_orders_of_a_tenant_arrive_one_after_the_other(cloud, clock, books):
    first = close(cloud, "acme", "12:00", "books", "other")
    second = close(cloud, "acme", "18:00", "books", "other")
    books.trouble[first.id] = Refused("not yet")
    other = Books()
    deliver(cloud, clock, books=books, other=other)
    assert books.calls == [first.id]
    assert other.calls == [first.id, second.id]
    books.trouble.clear()
    clock.pass_by(hours=1)
    deliver(cloud, clock, books=books, other=other)
    assert books.calls == [first.id, first.id, second.id]


def test_each_attempt_waits_longer(cloud, clock, books):
    issued = close(cloud, "acme", "12:00")
    books.trouble[issued.id] = Refused("no")
    waited = []
    for _ in range(9):
        (outcome,) = deliver(cloud, clock, books=books)
        assert deliver(cloud, clock, books=books) == []
        waited.append(outcome.next_attempt_at - clock())
        clock.now = outcome.next_attempt_at
    assert waited[:6] == sorted(waited[:6])
    assert timedelta(seconds=45) <= waited[0] <= timedelta(minutes=1)
    assert timedelta(minutes=45) <= waited[-1] <= timedelta(hours=1)


def test_what_waits_can_be_hastened(cloud, clock, books):
    issued = close(cloud, "acme", "12:00")
    books.trouble[issued.id] = Refused("no")
    deliver(cloud, clock, books=books)
    books.trouble.clear()
    assert deliver(cloud, clock, books=books) == []
    assert delivering.hasten(cloud, {"other": books}, clock) == 0
    assert delivering.hasten(cloud, {"books": books}, clock) == 1
    assert [outcome.reference for outcome in deliver(cloud, clock, books=books)] == ["S1"]


def test_who_cannot_be_reached_is_left_alone_for_now(cloud, clock, books):
    for tenant_id in ("acme", "globex"):
        close(cloud, tenant_id, "12:00", "books", "other")
    books.trouble = dict.fromkeys((1, 2), Unreachable("nobody is there"))
    other = Books()
    deliver(cloud, clock, books=books, other=other)
    assert len(books.calls) == 1
    assert len(other.calls) == 2
    deliver(cloud, clock, books=books, other=other)
    assert len(set(books.calls)) == 2


def test_after_silence_nobody_tries_again_before_the_lease_has_run_out(cloud, clock, books):
    """What was sent may still be on its way through the other side."""
    issued = close(cloud, "acme", "12:00")
    books.after[issued.id] = Unreachable("timed out")
    deliver(cloud, clock, books=books)
    books.after.clear()
    clock.pass_by(minutes=2)
    delivering.hasten(cloud, {"books": books}, clock)
    assert deliver(cloud, clock, books=books) == []
    clock.pass_by(minutes=1)
    assert [outcome.reference for outcome in deliver(cloud, clock, books=books)] == ["S1"]
    assert len(books.sales) == 1


def test_who_dies_between_the_answer_and_writing_it_down_makes_no_second_sale(cloud, clock, books):
    issued = close(cloud, "acme", "12:00")
    books.after[issued.id] = Killed()
    with pytest.raises(Killed):
        deliver(cloud, clock, books=books)
    books.after.clear()
    assert rows(cloud, ROWS) == [(issued.id, "books", "pending", 1, None, None)]
    assert deliver(cloud, clock, books=books) == []
    clock.pass_by(minutes=3)
    (outcome,) = deliver(cloud, clock, books=books)
    assert (outcome.attempts, outcome.reference) == (2, "S1")
    assert books.calls == [issued.id, issued.id]
    assert len(books.sales) == 1


def test_who_was_too_slow_does_not_undo_what_another_has_done(cloud, clock, books):
    """The lease of the first runs out while it works; the second delivers meanwhile."""
    issued = close(cloud, "acme", "12:00")

    def slow(parcel):
        clock.pass_by(minutes=4)
        assert [o.reference for o in deliver(cloud, clock, books=books)] == ["S1"]
        raise Refused("too late")

    deliver(cloud, clock, books=slow)
    assert rows(cloud, ROWS) == [(issued.id, "books", "delivered", 2, None, "S1")]


def test_who_was_too_slow_does_not_take_the_lease_of_another(cloud, clock, books):
    issued = close(cloud, "acme", "12:00")

    def slow(parcel):
        clock.pass_by(minutes=4)
        books.after[issued.id] = Killed()
        with pytest.raises(Killed):
            deliver(cloud, clock, books=books)
        raise Refused("too late")

    deliver(cloud, clock, books=slow)
    delivering.hasten(cloud, {"books": books}, clock)
    assert rows(cloud, ROWS) == [(issued.id, "books", "pending", 2, None, None)]
    assert deliver(cloud, clock, books=books) == []


def test_who_proves_an_order_for_too_long_leaves_it_to_another(cloud, clock, books):
    close(cloud, "acme", "12:00")
    asked = []

    def slow():
        asked.append(clock.now)
        if len(asked) == 2:
            clock.pass_by(minutes=4)
            deliver(cloud, clock, books=books)
        return clock()

    (outcome,) = delivering.deliver(cloud, {"books": books}, PATIENCE, slow)
    assert outcome.error.code == "lease_lost"
    assert len(books.calls) == 1
    assert scalar(cloud, "SELECT state FROM outbox") == "delivered"


def test_a_driver_has_all_of_the_lease(cloud, clock):
    close(cloud, "acme", "12:00")
    asked, seen = [], []

    def slow():
        asked.append(clock.now)
        if len(asked) == 2:
            clock.pass_by(minutes=2)
        return clock()

    def look(parcel):
        seen.append(scalar(cloud, "SELECT leased_until FROM outbox") - clock())
        return "looked"

    list(delivering.deliver(cloud, {"books": look}, PATIENCE, slow))
    assert seen == [PATIENCE.lease]


def test_deliverers_that_work_at_once_deliver_each_order_once(cloud, clock):
    for number in range(24):
        tenant_id = f"t{number}"
        text = f"06:00 create size=1 tenant={tenant_id} at={tenant_id} id={tenant_id}"
        rate(cloud, journal(text, "volume"))
        close(cloud, tenant_id, "12:00")
        close(cloud, tenant_id, "13:00")
    together = threading.Barrier(4)
    books = Books()

    def work(_):
        together.wait()
        return [outcome.about for outcome in deliver(cloud, clock, books=books)]

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    deliver(cloud, clock, books=books)  # what was skipped because its tenant's first was in hand
    assert sorted(books.calls) == list(range(1, 49))
    assert sum(1 for share in done if share) > 1
    for first, second in rows(
        cloud, "SELECT min(id), max(id) FROM sales_orders GROUP BY tenant_id"
    ):
        assert books.calls.index(first) < books.calls.index(second)


def test_no_transaction_is_open_while_a_driver_is_at_work(cloud, clock):
    close(cloud, "acme", "12:00")
    idle = "SELECT count(*) FROM pg_stat_activity WHERE starts_with(state, 'idle in transaction')"
    seen = []

    def look(parcel):
        seen.append(scalar(cloud, idle))
        return "looked"

    deliver(cloud, clock, books=look)
    assert seen == [0]


def test_a_bug_of_a_driver_is_in_the_log_and_harms_no_other_order(cloud, clock, books, caplog):
    first, second = close(cloud, "acme", "12:00"), close(cloud, "globex", "12:00")
    books.trouble[first.id] = ZeroDivisionError("deep inside")
    deliver(cloud, clock, books=books)
    assert rows(cloud, ROWS) == [
        (first.id, "books", "pending", 1, "driver_failed", None),
        (second.id, "books", "delivered", 1, None, "S1"),
    ]
    assert scalar(cloud, "SELECT detail FROM outbox WHERE order_id = 1") == (
        "unexpected ZeroDivisionError; see the log"
    )
    assert "deep inside" in caplog.text


def test_an_order_that_is_not_what_was_issued_goes_nowhere(cloud, clock, books):
    issued = close(cloud, "acme", "12:00")
    with cloud.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        conn.exec_driver_sql("UPDATE records SET amount = amount + 1")
    deliver(cloud, clock, books=books)
    assert books.calls == []
    assert rows(cloud, ROWS) == [(issued.id, "books", "pending", 1, "digest_mismatch", None)]


def test_a_detail_that_postgresql_could_not_store_is_cut(cloud, clock, books):
    issued = close(cloud, "acme", "12:00")
    books.trouble[issued.id] = Refused("\0" + "x" * 5000)
    deliver(cloud, clock, books=books)
    assert scalar(cloud, "SELECT detail FROM outbox") == "x" * 1000


def test_drivers_that_are_no_longer_configured_keep_what_they_are_owed(cloud, clock, books):
    issued = close(cloud, "acme", "12:00", "gone")
    assert deliver(cloud, clock, books=books) == []
    assert deliver(cloud, clock) == []
    assert rows(cloud, ROWS) == [(issued.id, "gone", "pending", 0, None, None)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outbox SET state = 'pending', reference = NULL, delivered_at = NULL",
        "UPDATE outbox SET reference = 'S9'",
        "UPDATE outbox SET attempts = 5",
        "DELETE FROM outbox",
        "TRUNCATE outbox",
    ],
)
def test_what_was_delivered_stays_delivered(cloud, clock, books, statement):
    close(cloud, "acme", "12:00")
    deliver(cloud, clock, books=books)
    with pytest.raises(DBAPIError) as refused, cloud.begin() as conn:
        conn.exec_driver_sql(statement)
    assert isinstance(refused.value.orig, pg.RestrictViolation)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE outbox SET driver = 'other'", pg.RestrictViolation),
        ("UPDATE outbox SET order_id = 2", pg.RestrictViolation),
        ("UPDATE outbox SET attempts = attempts - 1", pg.RestrictViolation),
        ("UPDATE outbox SET state = 'delivered'", pg.CheckViolation),
        ("UPDATE outbox SET state = 'lost'", pg.CheckViolation),
        ("UPDATE outbox SET reference = 'S1'", pg.CheckViolation),
        ("UPDATE outbox SET code = 'x'", pg.CheckViolation),
        ("INSERT INTO outbox (order_id, driver) VALUES (1, 'books')", pg.UniqueViolation),
        ("INSERT INTO outbox (order_id, driver) VALUES (99, 'x')", pg.ForeignKeyViolation),
        ("DELETE FROM outbox", pg.RestrictViolation),
    ],
)
def test_a_row_that_waits_is_about_one_order_and_one_driver(cloud, statement, why):
    close(cloud, "acme", "12:00")
    close(cloud, "globex", "12:00", "other")
    with pytest.raises(DBAPIError) as refused, cloud.begin() as conn:
        conn.exec_driver_sql(statement)
    assert isinstance(refused.value.orig, why)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DROP TRIGGER tr_outbox_keep ON outbox", "trigger_missing"),
        ("DROP TRIGGER tr_outbox_final ON outbox", "trigger_missing"),
        ("CREATE OR REPLACE FUNCTION refuse_undelivery() RETURNS trigger LANGUAGE plpgsql AS"
         " 'BEGIN RETURN NEW; END'", "function_changed"),
        ("ALTER TABLE outbox DROP CONSTRAINT ck_outbox_delivered;"
         "UPDATE outbox SET reference = 'S1'", "delivery_incomplete"),
        ("UPDATE outbox SET state = 'delivered', attempts = 1, reference = 'S1',"
         " delivered_at = now() WHERE order_id = 2", "delivery_order"),
        ("SET LOCAL session_replication_role = replica; DELETE FROM sales_orders WHERE id = 1",
         "delivery_incomplete"),
    ],
)  # fmt: skip
def test_the_audit_sees_what_somebody_did_to_the_outbox(cloud, statement, code):
    close(cloud, "acme", "12:00")
    close(cloud, "acme", "13:00")
    settings = replace(SETTINGS, drivers=("books",))
    assert list(audit(cloud, settings, grace=timedelta(0))) == []
    with cloud.begin() as conn:
        conn.exec_driver_sql(statement)
    assert code in {finding.code for finding in audit(cloud, settings, grace=timedelta(0))}


def test_the_status_shows_what_waits_and_why_and_no_detail(
    cloud, clock, books, client: httpx.Client
):
    issued = close(cloud, "acme", "12:00")
    close(cloud, "globex", "12:00")
    books.trouble[issued.id] = Refused("a secret", code="product_unknown")
    deliver(cloud, clock, books=books)
    answer = client.get("/v1/status")
    (shown,) = answer.json()["outbox"]
    assert shown.pop("oldest_pending_at") is not None
    assert shown.pop("last_delivered_at") == "2027-01-01T00:00:00.000000Z"
    assert shown.pop("waiting_seconds") == 0
    assert shown == {
        "driver": "books",
        "pending": 1,
        "delivered": 1,
        "errors": [{"code": "product_unknown", "orders": 1}],
    }
    assert "a secret" not in answer.text
