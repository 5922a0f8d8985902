"""Price books: what is read, what is refused, and that nothing is lost on the way out."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given

from ratings.core.errors import InvalidPrice
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
        "resource_type,unit_price\nvcpu\n",
    ],
)
def test_a_wrong_price_is_refused(text):
    with pytest.raises(InvalidPrice):
        pricebooks.parse(text, "USD")


@given(clouds.prices())
def test_what_is_written_reads_back_the_same(prices):
    found = pricebooks.parse(pricebooks.render(prices), "EUR")
    assert found == [replace(price, id=0) for price in prices]
