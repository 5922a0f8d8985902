"""Changing prices: the ledger follows, history stays."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ratings import repricing
from ratings.core.errors import (
    Conflict,
    DerivationError,
    InvalidPrice,
    NotFound,
    PriceOverlap,
)
from ratings.repricing import Successor
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import NOW, SETTINGS, ledger, rate, rows, scalar

DAY = """
    00:00 create size=2
    12:00 exists size=2
    18:00 delete size=2
"""


def amounts(database):
    return [(f"{row[4]:%H:%M}", row[11]) for row in ledger(database)]


def test_a_price_that_comes_late_rates_what_was_unpriced(database):
    rate(database, journal(DAY, "volume"))
    assert amounts(database) == [("00:00", None), ("12:00", None)]
    repricing.add(database, SETTINGS, price("volume", "1"))
    assert amounts(database) == [("00:00", 24), ("12:00", 12)]


def test_a_price_takes_over_in_the_middle_of_a_segment(database):
    old = repricing.add(database, SETTINGS, price("volume", "1"))
    rate(database, journal(DAY, "volume"))
    new = repricing.take_over(
        database, SETTINGS, old.id, Successor(Decimal(3), start=instant("10:00")), NOW
    )
    assert amounts(database) == [("00:00", 20), ("10:00", 12), ("12:00", 36)]
    assert new.id != old.id
    assert rows(database, "SELECT unit_price FROM prices ORDER BY id") == [(1,), (3,)]


def test_a_price_for_one_region_leaves_the_others_alone(database):
    rate(database, journal(DAY, "volume"))
    repricing.add(database, SETTINGS, price("volume", "1", region="RegionTwo"))
    assert scalar(database, "SELECT count(*) FROM records WHERE superseded_at IS NOT NULL") == 0


def test_a_price_of_the_past_reaches_what_was_deleted_and_created_again(database):
    rate(database, journal("06:00 create size=1\n08:00 delete\n10:00 create size=1", "volume"))
    repricing.add(database, SETTINGS, price("volume", "1", start="05:00", end="09:00"))
    assert [row[11] for row in ledger(database)] == [2]


def test_a_price_from_the_future_changes_nothing_yet(database):
    old = repricing.add(database, SETTINGS, price("volume", "1"))
    rate(database, journal(DAY, "volume"))
    repricing.take_over(
        database, SETTINGS, old.id, Successor(Decimal(9), start=instant("2027-06-01T00:00")), NOW
    )
    assert amounts(database) == [("00:00", 24), ("12:00", 12)]


def test_a_price_from_now_on_reads_nothing_of_what_was_heard_of_before(database):
    """It concerns all that runs: reading all of that again would keep raters away for hours."""
    rate(database, journal("00:00 create size=2\n12:00 exists size=2", "volume"))
    before = ledger(database)
    with database.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        conn.exec_driver_sql("DELETE FROM events")
    repricing.add(database, SETTINGS, price("volume", "1", start="14:00"))
    assert ledger(database) == before


def test_two_prices_of_one_kind_cannot_hold_at_one_instant(database):
    repricing.add(database, SETTINGS, price("volume", "1", end="12:00"))
    repricing.add(database, SETTINGS, price("volume", "2", start="12:00"))
    with pytest.raises(PriceOverlap):
        repricing.add(database, SETTINGS, price("volume", "3", start="11:00", end="13:00"))
    repricing.add(database, SETTINGS, price("volume", "3", tenant_id="acme"))


def test_a_price_needs_a_component_that_exists(database):
    with pytest.raises(InvalidPrice, match="no component"):
        repricing.add(database, SETTINGS, price("unobtainium", "1"))


def test_a_new_name_makes_no_new_price(database):
    old = repricing.add(database, SETTINGS, price("volume", "1"))
    repricing.take_over(database, SETTINGS, old.id, Successor(name="GiB of volume"), NOW)
    assert rows(database, "SELECT id, name FROM prices") == [(old.id, "GiB of volume")]


@pytest.mark.parametrize("start", ["00:00", "2025-12-31T00:00", "2026-02-01T00:00"])
def test_a_successor_begins_within_the_life_of_its_predecessor(database, start):
    old = repricing.add(
        database, SETTINGS, price("volume", "1", start="00:00", end="2026-02-01T00:00")
    )
    with pytest.raises(InvalidPrice):
        repricing.take_over(
            database, SETTINGS, old.id, Successor(Decimal(2), start=instant(start)), NOW
        )


def test_a_price_that_has_not_begun_is_replaced_whole(database):
    old = repricing.add(database, SETTINGS, price("volume", "1", start="2027-06-01T00:00"))
    repricing.take_over(database, SETTINGS, old.id, Successor(Decimal(2)), NOW)
    assert rows(database, "SELECT unit_price, lower(validity) FROM prices") == [
        (2, instant("2027-06-01T00:00"))
    ]


def test_a_price_that_was_charged_ends_and_one_that_was_not_goes(database):
    used = repricing.add(database, SETTINGS, price("volume", "1"))
    unused = repricing.add(database, SETTINGS, price("router", "1"))
    rate(database, journal(DAY, "volume"))
    repricing.end(database, SETTINGS, used.id, NOW)
    repricing.end(database, SETTINGS, unused.id, NOW)
    assert rows(database, "SELECT id, upper(validity) FROM prices") == [(used.id, NOW)]
    assert amounts(database) == [("00:00", 24), ("12:00", 12)]


def test_what_was_priced_ahead_of_the_clock_ends_with_its_price(database):
    price_id = repricing.add(database, SETTINGS, price("volume", "1")).id
    rate(database, journal(DAY, "volume"))
    repricing.end(database, SETTINGS, price_id, instant("15:00"))
    assert amounts(database) == [("00:00", 24), ("12:00", 6), ("15:00", None)]


def test_what_does_not_exist_cannot_be_changed(database):
    with pytest.raises(NotFound):
        repricing.end(database, SETTINGS, 4711, NOW)


def test_a_book_is_added_whole_and_once(database):
    book = [price("volume", "1"), price("router", "2")]
    assert repricing.add_all(database, SETTINGS, book) == 2
    assert repricing.add_all(database, SETTINGS, book) == 0
    clash = [price("image", "1"), replace(book[0], unit_price=Decimal(5))]
    with pytest.raises(PriceOverlap):
        repricing.add_all(database, SETTINGS, clash)
    assert scalar(database, "SELECT count(*) FROM prices") == 2


def test_a_price_change_that_a_resource_cannot_follow_is_refused_by_its_name(database):
    rate(database, journal(DAY, "volume"))

    def broken(state, events, resource_type):
        raise DerivationError("its clock runs backwards")

    failing = replace(SETTINGS, transformers={"lifecycle": broken})
    with pytest.raises(Conflict, match="volume r1 in RegionOne: its clock runs backwards"):
        repricing.add(database, failing, price("volume", "1"))
    assert scalar(database, "SELECT count(*) FROM prices") == 0
