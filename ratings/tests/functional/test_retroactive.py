"""What has been billed changes only where that is meant, and then all of it follows."""

import random
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratings import repricing
from ratings.cmd import manage
from ratings.core.errors import PeriodBilled, PriceOverlap
from ratings.core.model import Tier
from ratings.readers import pricebooks
from ratings.repricing import Successor
from ratings.tests import clouds
from ratings.tests.functional.test_orders import attempt_to_close, close
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import (
    NOW,
    SETTINGS,
    add_prices,
    empty,
    ledger,
    rate,
    rows,
    scalar,
)

EVERYTHING = """
SELECT 'price', id, validity::text, unit_price, tiers::text FROM prices
UNION ALL SELECT 'record', id, span::text, amount, superseded_at::text FROM records
ORDER BY 1, 2"""

#: Records that an order billed with a price, and that are no longer true.
UNDONE = """
SELECT count(*) FROM records r JOIN sales_order_lines l ON l.record_id = r.id AND l.sign = 1
WHERE r.superseded_at IS NOT NULL AND r.unit_price IS NOT NULL"""


@pytest.fixture
def billed(database):
    """A volume of 1 for 1 an hour since 06:00, billed up to 12:00; gives its price."""
    found = repricing.add(database, SETTINGS, price("volume", "1"))
    rate(database, journal("06:00 create size=1 id=a\n11:00 exists size=1 id=b", "volume"))
    close(database, "12:00")
    return found


def successor(unit_price, start):
    return Successor(Decimal(unit_price), start=instant(start))


CHANGES = {
    "a price of its own": lambda database, old, **how: repricing.add(
        database, SETTINGS, price("volume", "5", tenant_id="acme"), **how
    ),
    "a book": lambda database, old, **how: repricing.add_all(
        database, SETTINGS, [price("router", "1"), price("volume", "5", region="RegionOne")], **how
    ),
    "another price": lambda database, old, **how: repricing.take_over(
        database, SETTINGS, old.id, successor(5, "10:00"), NOW, **how
    ),
    "a tier": lambda database, old, **how: repricing.take_over(
        database,
        SETTINGS,
        old.id,
        Successor(tiers=(Tier(Decimal(4), Decimal()),), start=instant("10:00")),
        NOW,
        **how,
    ),
    "an end": lambda database, old, **how: repricing.end(
        database, SETTINGS, old.id, instant("10:00"), **how
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_would_change_the_bill_is_refused_and_leaves_no_trace(database, billed, change):
    before = rows(database, EVERYTHING)
    with pytest.raises(PeriodBilled, match=r"^\d records? of 1 sales order of 1 tenant would"):
        change(database, billed)
    assert rows(database, EVERYTHING) == before


#: What the volume costs from 06:00 to 13:00, after each of them.
COSTS = {
    "a price of its own": 35,
    "a book": 35,
    "another price": 4 + 15,
    "a tier": 4 + 1,
    "an end": 4,
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_meant_to_be_retroactive_is_corrected_by_the_next_order(database, billed, name):
    CHANGES[name](database, billed, retroactive=True)
    order = close(database, "13:00").order
    assert 6 + order.total == COSTS[name]
    taken_back = [line for line in order.corrections if line.amount < 0 and line.reason]
    assert sum(line.amount for line in taken_back if line.reason == "price_changed") == -6


def test_a_price_that_begins_where_the_order_ends_needs_no_word(database, billed):
    repricing.take_over(database, SETTINGS, billed.id, successor(5, "12:00"), NOW)
    order = close(database, "13:00").order
    assert (order.corrections, order.total) == ((), 5)


def test_what_was_billed_as_unpriced_waits_for_its_price(database):
    rate(database, journal("06:00 create size=1", "volume"))
    close(database, "12:00")
    repricing.add(database, SETTINGS, price("volume", "1"))
    assert close(database, "13:00").order.total == 7


def test_a_price_of_nothing_is_a_price(database):
    add_prices(database, [price("volume", "0")])
    rate(database, journal("06:00 create size=1", "volume"))
    close(database, "12:00")
    with pytest.raises(PeriodBilled):
        add_prices(database, [price("volume", "1", tenant_id="acme")])


def test_once_the_price_has_come_it_counts_as_billed_with_the_next_order(database):
    rate(database, journal("06:00 create size=1", "volume"))
    close(database, "12:00")
    first = repricing.add(database, SETTINGS, price("volume", "1"))
    other = successor(2, "07:00")
    second = repricing.take_over(database, SETTINGS, first.id, other, NOW)
    close(database, "13:00")
    with pytest.raises(PeriodBilled):
        repricing.end(database, SETTINGS, second.id, instant("08:00"))


def test_the_refusal_counts_what_it_is_about(database):
    add_prices(database, [price("volume", "1"), price("router", "1")])
    for tenant in ("acme", "globex"):
        text = f"06:00 create size=1 tenant={tenant} at={tenant} id={tenant}-"
        rate(database, journal(f"{text}volume", "volume"))
        rate(database, journal(f"{text}router", "router"))
        for end in ("08:00", "09:00"):
            close(database, end, tenant)
    book = [price(name, "2", region="RegionOne") for name in ("volume", "router")]
    with pytest.raises(PeriodBilled, match=r"^8 records of 4 sales orders of 2 tenants would"):
        repricing.add_all(database, SETTINGS, book)


def test_an_overlap_is_told_before_what_is_billed(database, billed):
    with pytest.raises(PriceOverlap):
        repricing.add(database, SETTINGS, price("volume", "2", start="10:00"))


def test_a_whole_book_rates_what_it_finds_once(database):
    rate(database, journal("06:00 create size=1 id=a\n11:00 exists size=1 id=b", "volume"))
    book = [price("volume", "1"), price("volume", "2", tenant_id="acme")]
    repricing.add_all(database, SETTINGS, book)
    assert [row[10] for row in ledger(database)] == [2]
    assert scalar(database, "SELECT count(*) FROM records") == 2


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(clouds.events(), clouds.prices(), st.integers(0, 2**32))
def test_without_the_word_no_price_of_any_history_touches_a_bill(database, events, prices, seed):
    """And a refusal is never vain: it names as many records as the word then makes untrue."""
    empty(database)
    chance = random.Random(seed)
    todo = [("price", p) for p in prices] + [("event", e) for e in events]
    todo += [("close", tenant) for tenant in clouds.TENANTS * 3]
    chance.shuffle(todo)
    ends = dict.fromkeys(clouds.TENANTS, 0)
    for what, thing in todo:
        if what == "price":
            attempt_to_price(database, thing)
        elif what == "event":
            rate(database, [thing])
        else:
            ends[thing] += chance.randint(1, clouds.LENGTH // 3)
            attempt_to_close(database, thing, ends[thing])


def attempt_to_price(database, thing):
    before, everything = scalar(database, UNDONE), rows(database, EVERYTHING)
    try:
        add_prices(database, [thing])
    except PeriodBilled as refusal:
        assert rows(database, EVERYTHING) == everything
        add_prices(database, [thing], retroactive=True)
        (told,) = re.findall(r"^(\d+) records? of", refusal.detail)
        assert scalar(database, UNDONE) == before + int(told)
    else:
        assert scalar(database, UNDONE) == before


def test_a_book_is_imported_over_bills_only_with_the_word(
    database, billed, tmp_path, monkeypatch, capsys
):
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)
    book = tmp_path / "book.yaml"
    book.write_text(pricebooks.render([replace(billed, tenant_id="acme", free=Decimal(2))]))
    with pytest.raises(SystemExit):
        manage.main(["prices", "import", str(book)])
    told = capsys.readouterr().err
    assert told.startswith("ratings-manage: 2 records of 1 sales order of 1 tenant would")
    assert manage.main(["prices", "import", str(book), "--retroactive"]) == 0
    assert capsys.readouterr().out == "1 prices added, 0 were there already.\n"
    manage.main(["prices", "export"])
    exported = pricebooks.parse(capsys.readouterr().out, "USD")
    assert [one.free for one in exported] == [0, 2]
