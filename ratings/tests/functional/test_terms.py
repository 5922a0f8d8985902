"""Terms: agreed, ended and withdrawn; what they make of orders, and what cannot be done to them."""

import re
import threading
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError, IntegrityError

from ratings import agreeing, orders, repricing, shipped
from ratings.core.errors import InvalidInput, InvalidTerm, NotFound, OrderOverlap, PeriodBilled
from ratings.core.model import Tier
from ratings.core.terms import Term
from ratings.db import tenants, terms
from ratings.db.reading import EVERYTHING
from ratings.repricing import Successor
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import NOW, SETTINGS, add_prices, rate, rater, rows, scalar

PAGE = shipped.migrations().parent / "doc" / "source" / "admin" / "terms.rst"


def agree(database, kind, value, tenant_id="acme", **more):
    for bound in ("start", "end"):
        if bound in more:
            more[bound] = instant(more[bound])
    term = Term(0, kind, Decimal(value), more.pop("reason", kind), tenant_id, **more)
    return agreeing.add(database, SETTINGS, term).term


def close(database, end, tenant="acme"):
    """The order, which is what its draft was, and what it is when made again."""
    mine = rater(database)
    draft = orders.draft(database, mine, EVERYTHING, tenant, instant(end), NOW)
    issued = orders.close(database, mine, tenant, instant(end), NOW)
    assert replace(issued.order, digest=None) == draft
    assert orders.proven(database, EVERYTHING, issued.id).order == issued.order
    return issued.order


def said(lines):
    return [f"{line.kind} {line.amount.normalize():f}" for line in lines]


def remaining(database, term):
    with database.connect() as conn:
        return terms.get(conn, EVERYTHING, term.id).remaining


@pytest.fixture
def volume(database):
    """A volume of acme since 06:00, for 1 an hour."""
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=1 id=first", "volume"))
    return database


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("discount_percent", "12.5", ["usage 6", "discount -0.75"]),
        ("discount_amount", "2", ["usage 6", "discount -2"]),
        ("minimum", "7", ["usage 6", "minimum 1"]),
        ("credit", "5", ["usage 6", "credit -5"]),
    ],
)
def test_a_term_adjusts_drafts_and_orders_alike(volume, kind, value, expected):
    agree(volume, kind, value, start="06:00")
    assert said(close(volume, "12:00").lines) == expected


def test_a_credit_pays_until_it_is_used_up(volume):
    credit = agree(volume, "credit", "10")
    assert [close(volume, end).total for end in ("12:00", "15:00", "20:00")] == [0, 0, 4]
    assert remaining(volume, credit) == 0


def test_a_credit_that_has_expired_or_not_begun_pays_for_nothing(volume):
    expired = agree(volume, "credit", "10", start="00:00", end="06:00")
    coming = agree(volume, "credit", "10", start="12:00")
    assert close(volume, "12:00").total == 6
    assert close(volume, "13:00").total == 0
    assert (remaining(volume, expired), remaining(volume, coming)) == (10, 9)


def test_a_credit_pays_for_corrections_too(volume):
    assert close(volume, "12:00").total == 6
    agree(volume, "credit", "10")
    rate(volume, journal("08:00 resize size=2 id=late\n12:00 delete id=gone", "volume"))
    order = close(volume, "13:00")
    assert said(order.lines) == ["credit -4"]
    assert said(order.corrections) == ["usage -6", "usage 2", "usage 8"]


def test_what_a_credit_has_paid_stays_paid_when_less_is_due(volume):
    credit = agree(volume, "credit", "10")
    assert close(volume, "12:00").total == 0
    rate(volume, journal("08:00 delete id=late", "volume"))
    assert close(volume, "13:00").total == -4
    assert remaining(volume, credit) == 4


def test_a_credit_is_never_overdrawn_by_orders_issued_at_once(volume):
    credit = agree(volume, "credit", "5")
    for attempt in range(4):
        ready = threading.Barrier(4)

        def race(hour, ready=ready):
            mine = rater(volume)
            ready.wait()
            with suppress(OrderOverlap, InvalidInput):
                orders.close(volume, mine, "acme", instant(f"{hour:02}:00"), NOW)

        hours = range(7 + 4 * attempt, 11 + 4 * attempt)
        threads = [threading.Thread(target=race, args=(hour,)) for hour in hours]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    paid = "SELECT -sum(amount) FROM sales_order_adjustments WHERE kind = 'credit'"
    assert scalar(volume, paid) == 5
    assert remaining(volume, credit) == 0
    due = scalar(volume, "SELECT sum(total) FROM sales_orders")
    assert (
        due
        == scalar(volume, "SELECT extract(hour FROM max(upper(span))) - 6 FROM sales_orders") - 5
    )


def test_a_backdated_price_recalculates_discounts_and_minima(database):
    old = repricing.add(database, SETTINGS, price("volume", "1"))
    rate(database, journal("06:00 create size=1\n12:00 delete", "volume"))
    agree(database, "discount_percent", "50", start="00:00")
    agree(database, "minimum", "5", start="00:00")
    first = close(database, "12:00")
    repriced(database, old)
    second = close(database, "13:00")
    assert said(first.lines) == ["usage 6", "discount -3", "minimum 2"]
    assert said(second.corrections) == [
        "usage -6", "usage 4", "usage 8", "discount 3", "minimum -2", "discount -6",
    ]  # fmt: skip
    assert {line.reason for line in second.corrections[3:]} == {"recalculated"}
    assert [line.kind for line in second.lines] == ["minimum"]
    assert first.total + sum(line.amount for line in second.corrections) == 6


def repriced(database, old):
    """From 10:00 on it costs 4, although that is billed."""
    successor = Successor(Decimal(4), start=instant("10:00"))
    repricing.take_over(database, SETTINGS, old.id, successor, NOW, retroactive=True)


def test_terms_of_everybody_count_for_each_tenant_in_its_currency(volume):
    with volume.begin() as conn:
        tenants.set_currency(conn, "globex", "EUR")
    rate(volume, journal("06:00 create size=1 tenant=globex at=v2 id=second", "volume"))
    assert agree(volume, "minimum", "8", None, start="00:00").currency == "USD"
    assert agree(volume, "credit", "1", "globex").currency == "EUR"
    assert said(close(volume, "12:00").lines) == ["usage 6", "minimum 2"]
    assert said(close(volume, "12:00", "globex").lines) == []


def test_an_amount_in_a_currency_that_the_tenant_is_not_billed_in_is_refused(volume):
    with pytest.raises(InvalidTerm, match="billed in USD"):
        agree(volume, "credit", "1", currency="EUR")


def test_an_unknown_component_is_refused_and_not_taken_for_all(volume):
    with pytest.raises(InvalidTerm, match="no component"):
        agree(volume, "discount_percent", "1", component="gold")
    assert scalar(volume, "SELECT count(*) FROM terms") == 0


@pytest.mark.parametrize("tenant_id", ["acme", None])
def test_a_term_cannot_begin_in_what_is_billed(volume, tenant_id):
    close(volume, "12:00")
    with pytest.raises(PeriodBilled, match="orders reach 2026-01-01T12:00"):
        agree(volume, "minimum", "1", tenant_id, start="11:59")
    with pytest.raises(PeriodBilled):
        agree(volume, "minimum", "1", tenant_id)
    agree(volume, "minimum", "1", tenant_id, start="12:00")
    agree(volume, "minimum", "1", "globex", start="06:00")


@pytest.mark.parametrize(("end", "at"), [(None, "11:59"), ("09:00", "10:00"), ("13:00", "09:00")])
def test_a_term_cannot_end_otherwise_in_what_is_billed(volume, end, at):
    more = {} if end is None else {"end": end}
    term = agree(volume, "minimum", "1", start="06:00", **more)
    close(volume, "12:00")
    with pytest.raises(PeriodBilled):
        agreeing.end(volume, term.id, instant(at))


def test_the_end_of_a_term_moves_in_what_is_not_billed(volume):
    term = agree(volume, "discount_percent", "50", start="06:00")
    close(volume, "12:00")
    assert agreeing.end(volume, term.id, instant("14:00")).term.end == instant("14:00")
    assert agreeing.end(volume, term.id, instant("13:00")).term.end == instant("13:00")
    assert said(close(volume, "16:00").lines) == ["usage 4", "discount -0.5"]
    with pytest.raises(InvalidTerm):
        agreeing.end(volume, term.id, instant("06:00"))
    with pytest.raises(NotFound):
        agreeing.end(volume, 99, instant("06:00"))


def test_a_term_that_is_withdrawn_ends_now_or_has_never_been(volume):
    now, held = instant("10:00"), agree(volume, "minimum", "1", start="06:00")
    coming = agree(volume, "minimum", "1", start="10:00")
    assert agreeing.withdraw(volume, held.id, now).term.end == now
    assert agreeing.withdraw(volume, held.id, instant("11:00")).term.end == now
    assert agreeing.withdraw(volume, coming.id, now) is None
    assert rows(volume, "SELECT id FROM terms") == [(held.id,)]


def test_what_is_left_of_a_withdrawn_credit_pays_for_nothing(volume):
    used, unused = agree(volume, "credit", "8", end="20:00"), agree(volume, "credit", "8")
    close(volume, "12:00")
    assert agreeing.withdraw(volume, used.id, instant("13:00")).remaining == 2
    assert agreeing.withdraw(volume, unused.id, instant("13:00")) is None
    assert said(close(volume, "14:00").lines) == ["usage 2"]


OVERDRAWN = """
    INSERT INTO sales_order_adjustments VALUES
        (1, 99, 'credit', 1, NULL, 'USD', 1, -1, '[2026-01-01, 2026-01-02)', {}, 'x', 1, NULL)"""
LONGER = "UPDATE terms SET validity = tstzrange(lower(validity), '2026-01-01 07:00Z')"


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (OVERDRAWN.format("-4.000001"), "credit 1 is used up"),
        (OVERDRAWN.replace("'credit', 1", "'credit', 99").format("-1"), "credit 99 is used up"),
        (OVERDRAWN.format("1"), "ck_sales_order_adjustments_credit"),
        ("DELETE FROM terms WHERE id = 1", "orders have used the credit"),
        ("UPDATE terms SET value = 99 WHERE id = 1", "only the end can change"),
        ("UPDATE terms SET tenant_id = 'globex' WHERE id = 1", "only the end can change"),
        ("UPDATE terms SET reason = 'x' WHERE id = 2", "only the end can change"),
        ("UPDATE terms SET validity = '[2026-01-01,)' WHERE id = 2", "only the end can change"),
        (f"{LONGER} WHERE id = 2", "would change a period that is billed"),
        ("DELETE FROM terms WHERE id = 2", "would change a period that is billed"),
        ("TRUNCATE terms", "append-only"),
        ("UPDATE sales_order_adjustments SET amount = 0", "append-only"),
        ("DELETE FROM sales_order_adjustments", "append-only"),
    ],
)
def test_the_database_refuses_what_goes_around_the_code(volume, sql, says):
    assert agree(volume, "credit", "10", start="06:00").id == 1
    assert agree(volume, "discount_amount", "1", start="06:00").id == 2
    agree(volume, "minimum", "7", None, start="06:00")
    close(volume, "12:00")
    with pytest.raises(DBAPIError, match=re.escape(says)), volume.begin() as conn:
        conn.exec_driver_sql(sql)


@pytest.mark.parametrize("tenant_id", ["acme", ""])
def test_the_database_refuses_a_term_that_reaches_into_a_billed_period(volume, tenant_id):
    close(volume, "12:00")
    term = Term(0, "minimum", Decimal(1), "late", tenant_id, None, "USD", instant("11:00"))
    with pytest.raises(IntegrityError) as refusal, volume.begin() as conn:
        terms.insert(conn, term)
    assert isinstance(refusal.value.orig, pg.RestrictViolation)


# The worked example of the documentation


def tables():
    """The tables of the page of terms by title: kind, quantity, unit price and amount."""
    text = PAGE.read_text(encoding="utf-8")
    found = {}
    for title, body in re.findall(r"^\.\. list-table:: (.+)\n((?: .*\n|\n)+)", text, re.MULTILINE):
        cells = [
            re.findall(r"[*-] (?:- )?(.+)", row) for row in re.split(r"^   \* ", body, flags=8)
        ]
        found[title] = [tuple(row[:4]) for row in cells[2:]]
    return found


def shown(lines):
    return [
        (line.kind, *(f"{n.normalize():f}" for n in (line.quantity, line.unit_price, line.amount)))
        for line in lines
    ]


@pytest.mark.skipif(not PAGE.is_file(), reason="needs a checkout")
def test_the_worked_example_of_the_documentation_is_what_orders_say(database):
    tiers = (Tier(Decimal(50000), Decimal("0.0008")),)
    add_prices(
        database, [price("vcpu", "0.02"), price("volume", "0.001", free=Decimal(1000), tiers=tiers)]
    )
    april = {"start": "2026-04-01T00:00"}
    agree(database, "credit", "30", **april)
    agree(database, "minimum", "100", end="2026-05-01T00:00", **april)
    agree(database, "discount_amount", "5", **april)
    agree(database, "discount_percent", "5", None, **april)
    agree(database, "discount_percent", "10", component="volume", **april)
    rate(database, journal("2026-04-01T00:00 create vcpu=2 at=i id=i"))
    rate(database, journal("2026-04-01T00:00 create size=100 at=v id=v", "volume"))
    order = close(database, "2026-05-01T00:00")
    assert shown(order.lines) == tables()["The order of April"]
    assert order.total == 70
    rate(database, journal("2026-04-16T00:00 resize size=50 at=v id=late", "volume"))
    corrections = close(database, "2026-06-01T00:00").corrections
    assert sorted(shown(corrections)) == sorted(
        tables()["Corrections of April in the order of May"]
    )
    assert sum(line.amount for line in corrections) == 0
