"""What graduated prices and terms make of an order period: worked tables."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ratings.core.adjustments import adjustments, credits_used, settled
from ratings.core.errors import InvalidTerm
from ratings.core.model import Record, Tier
from ratings.core.orders import Item, Subject
from ratings.core.pricing import PriceBook, amount
from ratings.core.terms import Term, check
from ratings.tests.journals import instant, price

START, MIDDLE, END = (
    instant(text) for text in ("2026-02-01T00:00", "2026-02-15T00:00", "2026-03-01T00:00")
)

TRAFFIC = price("traffic", "0.09", per="unit", id=1)
CORES = price("vcpu", "0.10", id=2)


def used(charged, quantity, start="2026-02-01T00:00", end="2026-03-01T00:00", at="r1"):
    """An item of an order: `quantity` at a price, from start to end."""
    start, end, quantity = instant(start), instant(end), Decimal(quantity)
    record = Record(
        component=charged.component,
        start=start,
        end=end,
        tenant_id="acme",
        quantity=quantity,
        metadata=(),
        currency="USD",
        unit_price=charged.unit_price,
        price_id=charged.id,
        amount=amount(charged, quantity, start, end),
    )
    return Item(Subject("RegionOne", "thing", at, None), record, "GB", charged.per)


def term(kind, value, **more):
    for bound in ("start", "end"):
        if bound in more:
            more[bound] = instant(more[bound])
    currency = None if kind == "discount_percent" else "USD"
    fields = {"id": 1, "reason": "agreed", "currency": currency, **more}
    return Term(kind=kind, value=Decimal(value), **fields)


def adjusted(items, *, prices=(TRAFFIC, CORES), terms=()):
    """Adjustments as ``kind quantity x unit_price = amount``."""
    found = adjustments(START, END, "USD", items, PriceBook(prices, "USD"), terms)
    return [said(one) for one in found]


def said(one):
    quantity, unit_price, cost = (n.normalize() for n in (one.quantity, one.unit_price, one.amount))
    return f"{one.kind} {quantity:f} x {unit_price:f} = {cost:f}"


def test_usage_at_plain_prices_without_terms_is_not_adjusted():
    assert adjusted([used(TRAFFIC, "500"), used(CORES, "4")]) == []


GRADUATED = replace(
    TRAFFIC,
    free=Decimal(100),
    tiers=(Tier(Decimal(1000), Decimal("0.07")), Tier(Decimal(5000), Decimal("0.05"))),
)
"""The first 100 GB are free; up to 1,000 they cost 0.09, up to 5,000 0.07, above 0.05."""


@pytest.mark.parametrize(
    ("gigabytes", "expected", "total"),
    [
        ("0.5", ["free 0.5 x -0.09 = -0.045"], "0"),
        ("100", ["free 100 x -0.09 = -9"], "0"),
        ("101", ["free 100 x -0.09 = -9"], "0.09"),
        ("1000", ["free 100 x -0.09 = -9"], "81"),
        ("1001", ["free 100 x -0.09 = -9", "tier 1 x -0.02 = -0.02"], "81.07"),
        ("5000", ["free 100 x -0.09 = -9", "tier 4000 x -0.02 = -80"], "361"),
        (
            "7000.5",
            ["free 100 x -0.09 = -9", "tier 4000 x -0.02 = -80", "tier 2000.5 x -0.04 = -80.02"],
            "461.025",
        ),
    ],
)
def test_units_cost_what_their_tier_says(gigabytes, expected, total):
    item = used(GRADUATED, gigabytes)
    assert adjusted([item], prices=[GRADUATED]) == expected
    found = adjustments(START, END, "USD", [item], PriceBook([GRADUATED], "USD"), ())
    assert item.record.amount + sum(one.amount for one in found) == Decimal(total)


def test_units_of_all_resources_count_together():
    items = [used(GRADUATED, "60", at=name) for name in ("r1", "r2", "r3")]
    assert adjusted(items, prices=[GRADUATED]) == ["free 100 x -0.09 = -9"]


def test_units_of_another_region_s_price_count_for_themselves():
    here, there = (replace(GRADUATED, id=i, region=r) for i, r in ((1, "RegionOne"), (2, "Two")))
    found = adjusted([used(here, "60"), used(there, "70")], prices=[here, there])
    assert found == ["free 60 x -0.09 = -5.4", "free 70 x -0.09 = -6.3"]


def test_a_price_and_its_successor_count_together_in_the_order_of_time():
    old = replace(GRADUATED, tiers=(), end=MIDDLE)
    new = replace(old, id=9, unit_price=Decimal("0.08"), start=MIDDLE, end=None)
    items = [
        used(new, "80", start="2026-02-20T00:00"),
        used(old, "60", start="2026-02-03T00:00", end="2026-02-10T00:00"),
    ]
    expected = ["free 60 x -0.09 = -5.4", "free 40 x -0.08 = -3.2"]
    assert adjusted(items, prices=[old, new]) == expected


def test_what_was_used_at_a_plain_price_counts_when_its_successor_is_graduated():
    plain = replace(TRAFFIC, end=MIDDLE)
    new = replace(GRADUATED, id=9, start=MIDDLE)
    items = [
        used(plain, "90", end="2026-02-10T00:00"),
        used(new, "20", start="2026-02-20T00:00"),
    ]
    assert adjusted(items, prices=[plain, new]) == ["free 10 x -0.09 = -0.9"]


def test_hours_can_be_free_as_well():
    hourly = replace(CORES, free=Decimal(744))
    assert adjusted([used(hourly, "2")], prices=[hourly]) == ["free 744 x -0.1 = -74.4"]


def test_a_higher_tier_may_cost_more():
    dearer = replace(TRAFFIC, tiers=(Tier(Decimal(10), Decimal("0.10")),))
    assert adjusted([used(dearer, "15")], prices=[dearer]) == ["tier 5 x 0.01 = 0.05"]


def test_a_percentage_is_taken_of_what_was_used():
    found = adjusted([used(TRAFFIC, "1000")], terms=[term("discount_percent", "10")])
    assert found == ["discount 90 x -0.1 = -9"]


def test_a_percentage_is_taken_of_what_free_units_and_tiers_left():
    discount = term("discount_percent", "10")
    found = adjusted([used(GRADUATED, "1000")], prices=[GRADUATED], terms=[discount])
    assert found[-1] == "discount 81 x -0.1 = -8.1"


def test_a_percentage_holds_for_the_time_agreed():
    """672 hours of February, of which 336 from the 15th on: half of 67.20."""
    found = adjusted(
        [used(CORES, "1")], terms=[term("discount_percent", "10", start="2026-02-15T00:00")]
    )
    assert found == ["discount 33.6 x -0.1 = -3.36"]


def test_a_count_is_discounted_if_it_began_in_the_time_agreed():
    discount = term("discount_percent", "50", start="2026-02-15T00:00")
    early = used(TRAFFIC, "100", start="2026-02-14T00:00", end="2026-02-16T00:00")
    late = used(TRAFFIC, "10", start="2026-02-15T00:00", end="2026-02-16T00:00", at="r2")
    assert adjusted([early, late], terms=[discount]) == ["discount 0.9 x -0.5 = -0.45"]


def test_each_discount_takes_of_what_the_ones_before_it_left():
    terms = [
        term("discount_amount", "10", id=1),
        term("discount_percent", "10", id=2),
        term("discount_percent", "50", id=3, component="traffic"),
        term("discount_percent", "20", id=4, tenant_id="acme"),
    ]
    found = adjusted([used(TRAFFIC, "1000"), used(CORES, "1")], terms=terms)
    assert found == [
        "discount 90 x -0.5 = -45",
        "discount 112.2 x -0.2 = -22.44",
        "discount 89.76 x -0.1 = -8.976",
        "discount 10 x -1 = -10",
    ]


def test_an_absolute_discount_takes_no_more_than_there_is():
    found = adjusted([used(TRAFFIC, "10")], terms=[term("discount_amount", "5")])
    assert found == ["discount 0.9 x -1 = -0.9"]


def test_an_absolute_discount_is_in_proportion_to_the_time_agreed():
    found = adjusted(
        [used(TRAFFIC, "1000")], terms=[term("discount_amount", "10", end="2026-02-08T00:00")]
    )
    assert found == ["discount 2.5 x -1 = -2.5"]


def test_nothing_is_taken_off_what_costs_nothing():
    assert adjusted([], terms=[term("discount_amount", "5"), term("discount_percent", "5")]) == []


def test_a_minimum_charge_tops_up_what_was_charged_after_discounts():
    terms = [term("minimum", "100"), term("discount_percent", "10", id=2)]
    found = adjusted([used(TRAFFIC, "1000")], terms=terms)
    assert found == ["discount 90 x -0.1 = -9", "minimum 19 x 1 = 19"]


def test_who_used_enough_is_not_topped_up():
    assert adjusted([used(TRAFFIC, "1000")], terms=[term("minimum", "90")]) == []


def test_a_minimum_of_the_tenant_counts_while_it_holds_and_that_of_all_otherwise():
    terms = [
        term("minimum", "100", id=1),
        term("minimum", "20", id=2, tenant_id="acme", start="2026-02-15T00:00"),
    ]
    assert adjusted([], terms=terms) == ["minimum 60 x 1 = 60"]


def test_usage_without_a_price_is_not_adjusted():
    unpriced = used(TRAFFIC, "10")
    record = unpriced.record._replace(unit_price=None, price_id=None, amount=None)
    item = unpriced._replace(record=record)
    assert adjusted([item], terms=[term("discount_percent", "10")]) == []


def test_terms_of_other_times_and_currencies_do_not_count():
    terms = [
        term("minimum", "100", end="2026-02-01T00:00"),
        term("discount_percent", "10", start="2026-03-01T00:00"),
        term("minimum", "100", currency="EUR"),
    ]
    assert adjusted([used(TRAFFIC, "10")], terms=terms) == []


def test_credits_pay_first_those_that_expire_first_and_never_more_than_they_have():
    credits = [
        (term("credit", "50", id=1), Decimal(50)),
        (term("credit", "30", id=2, end="2026-06-01T00:00"), Decimal("12.5")),
        (term("credit", "99", id=3, end="2026-02-01T00:00"), Decimal(99)),
        (term("credit", "99", id=4, currency="EUR"), Decimal(99)),
    ]
    found = credits_used(START, END, "USD", Decimal(40), credits)
    assert [(one.source, said(one)) for one in found] == [
        (2, "credit 12.5 x -1 = -12.5"),
        (1, "credit 27.5 x -1 = -27.5"),
    ]
    assert credits_used(START, END, "USD", Decimal(-3), credits) == []


def test_a_period_that_comes_to_something_else_is_taken_back_and_said_anew():
    book = PriceBook([GRADUATED], "USD")

    def made(gigabytes):
        return adjustments(START, END, "USD", [used(GRADUATED, gigabytes)], book, ())

    before, after = made("1500"), made("2000")
    changes = settled(after, before)
    assert [(one.sign, one.reason, said(one)) for one in changes] == [
        (-1, "recalculated", "tier 500 x -0.02 = -10"),
        (1, "recalculated", "tier 1000 x -0.02 = -20"),
    ]
    assert settled(before, before) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "gift"},
        {"value": Decimal(0)},
        {"value": Decimal("NaN")},
        {"value": Decimal("1e12")},
        {"value": Decimal("1e-13")},
        {"kind": "discount_percent", "currency": None, "value": Decimal("100.1")},
        {"kind": "discount_percent"},
        {"currency": None},
        {"component": "vcpu"},
        {"kind": "credit"},
        {"start": MIDDLE, "end": MIDDLE},
        {"currency": "usd"},
        {"reason": " "},
    ],
)
def test_a_term_that_cannot_be_agreed_upon_is_refused(wrong):
    with pytest.raises(InvalidTerm):
        check(replace(term("minimum", "1"), **wrong))
