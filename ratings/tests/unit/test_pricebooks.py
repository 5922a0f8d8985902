"""Price books: what is read, what is refused, and that nothing is lost on the way out."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.core.errors import InvalidPrice
from ratings.core.model import Tier
from ratings.readers import pricebooks
from ratings.tests import clouds


def only(text):
    (price,) = pricebooks.parse(text, "USD")
    return price


def test_a_yaml_book_keeps_every_digit():
    price = only(
        """
        - resource_type: volume
          unit_price: 0.10000000000000000555
          match: {volume_type: ssd}
          start_at: 2026-01-01
        """
    )
    assert price.unit_price == Decimal("0.10000000000000000555")
    assert price.match == (("volume_type", "ssd"),)
    assert price.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert (price.per, price.currency, price.region) == ("hour", "USD", None)


def test_a_csv_book_has_a_header():
    price = only("resource_type,unit_price,per,match.flavor\ninstance,29.90,month,m1.small\n")
    assert (price.component, price.per, price.match) == (
        "instance",
        "month",
        (("flavor", "m1.small"),),
    )


GRADUATED = (Tier(Decimal(1000), Decimal("0.07")), Tier(Decimal("5000.5"), Decimal("0.05")))


@pytest.mark.parametrize(
    "text",
    [
        """
        - resource_type: volume
          unit_price: 0.1
          free: 100
          tiers: [{above: 1000, unit_price: 0.07}, {unit_price: "0.05", above: 5000.5}]
        """,
        "- {resource_type: volume, unit_price: 0.1, free: 100, tiers: 1000:0.07 5000.5:0.05}",
        "resource_type,unit_price,free,tiers\nvolume,0.1,100,1000:0.07 5000.5:0.05\n",
        "resource_type,unit_price,free,tiers\nvolume,0.1,100,1000:0.07;5000.5:0.05\n",
        'resource_type;unit_price;free;tiers\nvolume;0.1;100;"1000:0.07; 5000.5:0.05"\n',
        "resource_type|unit_price|free|tiers\nvolume|0.1|100| 1000:0.07  5000.5:0.05 \n",
    ],
)
def test_free_units_and_tiers_are_read(text):
    price = only(text)
    assert (price.free, price.tiers) == (100, GRADUATED)


def test_a_price_in_a_csv_book_may_have_no_tiers():
    price = only("resource_type,unit_price,free,tiers\nvolume,0.1,,\n")
    assert (price.free, price.tiers) == (0, ())


def test_the_currency_of_a_price_for_a_tenant_is_the_tenants():
    book = "resource_type,unit_price,tenant_id,currency\nram,1,acme,\nram,1,,\nram,1,acme,CHF\n"
    prices = pricebooks.parse(book, "USD", {"acme": "EUR"})
    assert [price.currency for price in prices] == ["EUR", "USD", "CHF"]


@pytest.mark.parametrize(
    "text",
    [
        "RegionOne | router | hour | 0.017",
        "region,name,unit,rate\nRegionOne,router,hour,0.017\n",
    ],
)
def test_distils_rates_are_understood(text):
    price = only(text)
    assert (price.region, price.component, str(price.unit_price)) == (
        "RegionOne",
        "router",
        "0.017",
    )


@pytest.mark.parametrize(
    "text",
    [
        "- {resource_type: vcpu, unit_price: cheap}",
        "- {resource_type: vcpu}",
        "- {resource_type: vcpu, unit_price: 1, colour: red}",
        "- {resource_type: vcpu, unit_price: 1, start_at: soon}",
        "- {resource_type: vcpu, unit_price: -1}",
        "- {resource_type: vcpu, unit_price: 1, match: flavor}",
        "- {resource_type: vcpu, unit_price: [1]}",
        "- {resource_type: vcpu, unit_price: 1, currency: [E, U, R]}",
        "- {resource_type: vcpu, unit_price: 1, currency: E2R}",
        "- {resource_type: [vcpu], unit_price: 1}",
        "- {resource_type: vcpu, unit_price: 1, free: some}",
        "- {resource_type: vcpu, unit_price: 1, free: -1}",
        "- {resource_type: vcpu, unit_price: 1, free: NaN}",
        "- {resource_type: vcpu, unit_price: 1, free: {a: b}}",
        "- {resource_type: vcpu, unit_price: 1, tiers: 1000}",
        "- {resource_type: vcpu, unit_price: 1, tiers: '1000:'}",
        "- {resource_type: vcpu, unit_price: 1, tiers: '1000:0.1:2'}",
        "- {resource_type: vcpu, unit_price: 1, tiers: {above: 1, unit_price: 1}}",
        "- {resource_type: vcpu, unit_price: 1, tiers: [1000]}",
        "- {resource_type: vcpu, unit_price: 1, tiers: [{above: 1}]}",
        "- {resource_type: vcpu, unit_price: 1, tiers: [{above: 1, unit_price: 1, colour: red}]}",
        "- {resource_type: vcpu, unit_price: 1, tiers: [{above: [1], unit_price: 1}]}",
        "- {resource_type: vcpu, unit_price: 1, tiers: 20:0.1 10:0.2}",
        "- {resource_type: vcpu, unit_price: 1, tiers: 10:0.1, free: 10}",
        "- {resource_type: vcpu, unit_price: 1, tiers: Infinity:0.1}",
        "resource_type,unit_price\nvcpu\n",
        "resource_type,unit_price,tiers\nvcpu,1,cheap\n",
    ],
)
def test_a_wrong_price_is_refused(text):
    with pytest.raises(InvalidPrice):
        pricebooks.parse(text, "USD")


NUMBERS = st.decimals("0.000001", "999999", places=6)


@st.composite
def graduated(draw):
    """Prices, some of them with free units and tiers."""
    return [replace(price, **draw(graduations())) for price in draw(clouds.prices())]


@st.composite
def graduations(draw):
    free, *aboves = sorted(draw(st.sets(NUMBERS, min_size=1, max_size=4)))
    tiers = tuple(Tier(above, draw(NUMBERS)) for above in aboves)
    return {"free": draw(st.sampled_from([Decimal(), free])), "tiers": tiers}


@given(graduated())
def test_what_is_written_reads_back_the_same(prices):
    found = pricebooks.parse(pricebooks.render(prices), "EUR")
    assert found == [replace(price, id=0) for price in prices]


@given(graduations())
def test_tiers_in_a_cell_are_those_of_a_list(graduation):
    cell = " ".join(f"{above:f}:{unit_price:f}" for above, unit_price in graduation["tiers"])
    text = f"resource_type,unit_price,tiers,free\nram,1,{cell},{graduation['free']:f}\n"
    assert only(text).tiers == graduation["tiers"]
    assert only(text).free == graduation["free"]
