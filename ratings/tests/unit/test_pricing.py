"""Which price holds, what it costs, and how it is rounded."""

from datetime import timedelta
from decimal import Decimal

import pytest

from ratings.core.errors import InvalidPrice
from ratings.core.ledger import derive
from ratings.core.model import Price, Segment, State
from ratings.core.pricing import PriceBook, amount, check, rounded
from ratings.core.timeline import ordered
from ratings.tests.journals import instant, journal, lines, price, rules


def chosen(*prices: Price, tenant: str = "acme", region: str = "RegionOne", **metadata: str) -> str:
    segment = Segment(
        instant("06:00"),
        instant("07:00"),
        "volume",
        Decimal(1),
        tenant,
        tuple(sorted(metadata.items())),
    )
    ((_, _, best),) = PriceBook(prices, "USD").pieces(segment, region)
    return "none" if best is None else str(best.unit_price)


def test_a_tenants_price_beats_a_regions_and_that_beats_the_general_one():
    general, region = price("volume", "1"), price("volume", "2", region="RegionOne")
    tenant = price("volume", "3", tenant_id="acme")
    both = price("volume", "4", tenant_id="acme", region="RegionOne")
    assert chosen(general) == "1"
    assert chosen(general, region) == "2"
    assert chosen(region, tenant, general) == "3"
    assert chosen(both, region, tenant, general) == "4"
    assert chosen(region, tenant, general, tenant="globex") == "2"
    assert chosen(region, tenant, general, tenant="globex", region="Two") == "1"


def test_more_matching_metadata_beats_less():
    plain = price("volume", "1")
    ssd = price("volume", "2", match=(("volume_type", "ssd"),))
    assert chosen(plain, ssd, volume_type="ssd") == "2"
    assert chosen(plain, ssd, volume_type="hdd") == "1"
    assert chosen(ssd) == "none"


def test_a_price_in_another_currency_never_matches():
    assert chosen(price("volume", "1", currency="EUR")) == "none"


def test_the_choice_does_not_depend_on_the_order_of_loading():
    one = price("volume", "1", match=(("a", "x"),), id=1)
    two = price("volume", "2", match=(("b", "y"),), id=2)
    assert chosen(one, two, a="x", b="y") == chosen(two, one, a="x", b="y")


def test_a_price_change_splits_a_segment_at_the_microsecond():
    change = "2026-01-01T06:20:00.000001"
    records, _ = derive(
        rules(
            price("volume", "1", end=change),
            price("volume", "2", start=change),
            resource_type="volume",
        ),
        State(),
        ordered(journal("06:00 create size=3\n07:00 delete", "volume")),
        "RegionOne",
        {},
    )
    assert [(r.end - r.start) // timedelta(microseconds=1) for r in records] == [
        1200000001,
        2399999999,
    ]
    assert [r.amount for r in records] == [Decimal("1.000000000833"), Decimal("3.999999998333")]


def test_price_changes_that_do_not_concern_a_segment_do_not_split_it():
    records, _ = derive(
        rules(
            price("volume", "1"),
            price("volume", "9", region="Two", start="06:30"),
            price("volume", "9", tenant_id="globex", start="06:30"),
            resource_type="volume",
        ),
        State(),
        ordered(journal("06:00 create size=1\n07:00 delete", "volume")),
        "RegionOne",
        {},
    )
    assert lines(records) == ["06:00-07:00 volume 1 1"]


def test_time_without_a_price_is_recorded_without_a_price():
    records, _ = derive(
        rules(price("volume", "1", start="06:30"), resource_type="volume"),
        State(),
        ordered(journal("06:00 create size=1\n07:00 delete", "volume")),
        "RegionOne",
        {},
    )
    assert lines(records) == ["06:00-06:30 volume 1", "06:30-07:00 volume 1 0.5"]


@pytest.mark.parametrize(
    ("per", "expected"),
    [
        ("second", "7200"),
        ("minute", "120"),
        ("hour", "2"),
        ("day", "0.083333333333"),
        ("unit", "1"),
    ],
)
def test_a_price_is_per_its_time(per, expected):
    cost = amount(price("volume", "1", per=per), Decimal(1), instant("06:00"), instant("08:00"))
    assert cost == Decimal(expected)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-01T00:00", "2026-02-01T00:00"),
        ("2026-02-01T00:00", "2026-03-01T00:00"),
        ("2028-02-01T00:00", "2028-03-01T00:00"),
        ("2026-12-01T00:00", "2027-01-01T00:00"),
    ],
)
def test_a_full_calendar_month_costs_exactly_its_price(start, end):
    records, _ = derive(
        rules(price("volume", "29.99", per="month"), resource_type="volume"),
        State(),
        ordered(journal(f"{start} create size=1\n{end} delete", "volume")),
        "RegionOne",
        {},
    )
    assert [record.amount for record in records] == [Decimal("29.99")]


def test_a_monthly_price_splits_at_the_start_of_each_month():
    records, _ = derive(
        rules(price("volume", "31", per="month"), resource_type="volume"),
        State(),
        ordered(journal("2026-01-31T00:00 create size=1\n2026-03-02T00:00 delete", "volume")),
        "RegionOne",
        {},
    )
    assert [record.amount for record in records] == [1, 31, 1]


def test_koalas_examples_to_the_last_digit():
    """56 s of 100 GB at 888.8 an hour; 9 s of a router at 0.888 (figures of its README)."""
    volume, router = price("volume", "888.8"), price("router", "0.888")
    assert amount(volume, Decimal(100), instant("06:00:00"), instant("06:00:56")) == Decimal(
        "1382.577777777778"
    )
    nine_seconds = amount(router, Decimal(1), instant("06:00:00"), instant("06:00:09"))
    assert nine_seconds == Decimal("0.00222")


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(1, 8, "0.12"), (3, 8, "0.38"), (2, 3, "0.67"), (1, 3, "0.33"), (5, 1, "5.00")],
)
def test_rounding_is_half_even(numerator, denominator, expected):
    assert str(rounded(numerator, denominator, 2)) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"unit_price": "-1"},
        {"unit_price": "NaN"},
        {"unit_price": "1e12"},
        {"unit_price": "1e-25"},
        {"per": "fortnight"},
        {"currency": "usd"},
        {"start": "07:00", "end": "07:00"},
    ],
)
def test_a_price_that_cannot_be_charged_is_refused(wrong):
    with pytest.raises(InvalidPrice):
        check(price("volume", **{"unit_price": "1", **wrong}))
