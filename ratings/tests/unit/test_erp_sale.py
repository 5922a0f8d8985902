"""An order as an ERP takes it: whatever the ERP keeps of a number, the sum is `payable`."""

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.core.composing import exact_sum
from ratings.core.deliveries import Refused
from ratings.erp.mapping import Catalogue, Rule
from ratings.erp.sale import Digits, Position, positions, rounding, sold
from ratings.tests.bills import FEBRUARY, HOUR, MARCH, VCPU, WEB, bill, february, orders, usage

KINDS = ("usage", "free", "tier", "discount", "minimum", "credit")
CATALOGUE = Catalogue(tuple(Rule(f"P-{kind}", kind) for kind in KINDS), "ROUND")


TWO_EACH = Digits(2, 2)


def lines(order, catalogue=CATALOGUE, digits=TWO_EACH):
    """What the ERP is sent: product, quantity, price."""
    found = [(p, sold(p, digits, order.currency)) for p in positions(order, catalogue)]
    rest = rounding(order, catalogue, [one for _, one in found])
    if rest is not None:
        found.append((rest, sold(rest, digits, order.currency)))
    return [(p.product, one.quantity, one.price) for p, one in found]


def keep(number, digits):
    return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def total(sent, digits, minor, way):
    """As an ERP adds: what it keeps of each number, multiplied, rounded line by line."""
    return sum(
        (keep(quantity, digits.quantity) * keep(price, digits.price)).quantize(
            Decimal(1).scaleb(-minor), way
        )
        for _, quantity, price in sent
    )


@given(
    orders("EUR") | orders("JPY") | orders("KWD"),
    st.builds(Digits, st.integers(0, 4), st.integers(3, 8)),
    st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]),
    st.sampled_from(["price", "line"]),
    st.booleans(),
)
def test_the_lines_come_to_what_is_payable(order, digits, way, by, quantities):
    catalogue = replace(CATALOGUE, by=by, quantities=quantities)
    minor = -order.payable.as_tuple().exponent
    assert total(lines(order, catalogue, digits), digits, minor, way) == order.payable


@given(orders(), st.sampled_from(["price", "line"]))
def test_no_line_of_the_order_is_lost(order, by):
    found = positions(order, replace(CATALOGUE, by=by))
    assert exact_sum(position.amount for position in found) == order.total


def test_a_price_that_fits_is_shown_with_its_quantity():
    order = bill([usage(WEB, VCPU, Decimal(2), FEBRUARY, FEBRUARY + 100 * HOUR)])
    assert lines(order, digits=Digits(2, 4)) == [("P-usage", 200, Decimal("0.0123"))]


def test_what_charges_differently_is_not_one_line():
    dear, hour = replace(VCPU, id=5, unit_price=Decimal("0.02")), FEBRUARY + HOUR
    items = [
        usage(WEB, VCPU, Decimal(100), FEBRUARY, hour),
        usage(WEB, dear, Decimal(100), hour, hour + HOUR),
    ]
    assert lines(bill(items), digits=Digits(2, 4)) == [
        ("P-usage", 100, Decimal("0.0123")),
        ("P-usage", 100, Decimal("0.02")),
    ]


def test_a_price_that_does_not_fit_sells_one_at_the_amount():
    order = bill([usage(WEB, VCPU, Decimal(2), FEBRUARY, FEBRUARY + 100 * HOUR)])
    assert lines(order, digits=Digits(2, 2)) == [("P-usage", 1, Decimal("2.46"))]
    without = replace(CATALOGUE, quantities=False)
    assert lines(order, without, Digits(2, 4)) == [("P-usage", 1, Decimal("2.46"))]


def test_a_half_that_could_be_rounded_either_way_is_sold_at_the_amount():
    """2.5 * 0.01 is 0.025: half up 0.03, half even 0.02."""
    position = Position("P", None, "", Decimal("0.025"), Decimal("0.01"))
    assert sold(position, Digits(1, 2), "EUR").quantity == 1
    assert sold(position, Digits(1, 2), "EUR").price == Decimal("0.02")


def test_a_quantity_that_would_come_to_another_amount_is_not_shown():
    position = Position("P", None, "", Decimal("33.34"), Decimal(100))
    found = sold(position, Digits(1, 2), "EUR")
    assert (found.quantity, found.price) == (1, Decimal("33.34"))


def test_what_is_given_back_has_a_negative_quantity_and_a_positive_price():
    sent = lines(february().order, digits=Digits(2, 6))
    assert all(price > 0 for _, _, price in sent)
    back = [(product, quantity) for product, quantity, _ in sent if quantity < 0]
    assert ("P-usage", -40) in back
    assert ("P-free", -100) in back
    assert ("P-credit", -5) in back


def test_what_charges_the_same_is_one_line_or_as_many_as_the_order_has():
    order = february().order
    assert next(p.amount for p in positions(order, CATALOGUE)) == exact_sum(
        line.amount for line in order.lines if line.component == "vcpu" and line.kind == "usage"
    )
    each = positions(order, replace(CATALOGUE, by="line"))
    assert len(each) == len(order.lines) + len(order.corrections)
    assert each[0].description == (
        "vcpu; vcpu, 0.0123 per hour; instance i-1 (web); 2026-02-01 to 2026-02-05T04:00:00Z"
    )


def test_a_correction_says_why_and_what_is_taken_back_is_a_line_of_its_own():
    old, new = (each for each in february().order.corrections if each.component == "volume")
    about = "volume; GiB, 0.07 per month; 2026-01-01 to 2026-02-01; correction:"
    found = [(p.description, p.amount) for p in positions(february().order, CATALOGUE)]
    assert (f"{about} {old.reason}", Decimal("-2.8")) in found
    assert (f"{about} {new.reason}", Decimal("1.4")) in found


def test_a_currency_with_more_places_than_the_price_is_refused():
    order = bill([usage(WEB, replace(VCPU, currency="KWD"), 3, FEBRUARY, MARCH)], currency="KWD")
    with pytest.raises(Refused) as refused:
        lines(order)
    assert refused.value.code == "digits_too_few"


def test_what_costs_nothing_is_no_line():
    free = replace(VCPU, unit_price=Decimal(0))
    assert lines(bill([usage(WEB, free, Decimal(2), FEBRUARY, MARCH)])) == []
