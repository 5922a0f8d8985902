"""Explanations: the numbers give the amount, and each bound of a record has its reasons."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.core.explaining import (
    Cause,
    Neighbour,
    Sighting,
    causes,
    nearest,
    of_adjustment,
    of_record,
    seen_by,
    written,
)
from ratings.core.model import Record
from ratings.core.orders import Adjustment, Basis
from ratings.core.pricing import PER, amount, per_microseconds, rounded
from ratings.tests.journals import instant, price

START, END = instant("06:00"), instant("12:00")
numbers = st.decimals("0", "999999", places=12, allow_nan=False)


def record(charged=None, quantity="2", start=START, end=END):
    charged = charged or price("vcpu", "0.02", id=5)
    quantity = Decimal(quantity)
    return Record(
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


@given(
    st.sampled_from(PER),
    numbers,
    numbers,
    st.integers(0, 86400 * 10**6),
    st.integers(1, 30 * 86400 * 10**6),
)
def test_the_fraction_of_any_record_rounds_to_its_amount(per, quantity, unit_price, begin, lasted):
    charged = price("vcpu", str(unit_price), per=per)
    start = instant("2026-01-01T00:00") + timedelta(microseconds=begin)
    one = record(charged, quantity, start, start + timedelta(microseconds=lasted))
    working = of_record(one, "vcpu", per)
    n, d = working.fraction.numerator, working.fraction.denominator
    assert rounded(n, d) == one.amount == working.amount
    assert working.rounded == (Fraction(one.amount) != Fraction(n, d))
    factors = Fraction(working.quantity) * Fraction(working.unit_price)
    if per != "unit":
        factors *= Fraction(working.seconds) / Fraction(working.per_seconds)
        assert working.per_seconds * 10**6 == per_microseconds(per, start)
    assert factors == working.fraction
    if not working.decimal.endswith("..."):
        assert Fraction(working.decimal) == working.fraction


@pytest.mark.parametrize(
    ("per", "quantity", "sentence"),
    [
        ("hour", "2", "2 vcpu x 0.02 USD x 21600 s / 3600 s = 0.24 USD exactly"),
        ("unit", "3", "3 vcpu x 0.02 USD = 0.06 USD exactly"),
        (
            "day",
            "0.1",
            "0.1 vcpu x 0.02 USD x 21600 s / 86400 s = 0.0005 USD exactly",
        ),
        (
            "month",
            "1",
            "1 vcpu x 0.02 USD x 21600 s / 2678400 s = 0.000161290322580645161290322580... USD,"
            " rounded half-even to 12 places: 0.000161290323",
        ),
    ],
)
def test_the_sentence_says_the_arithmetic(per, quantity, sentence):
    charged = price("vcpu", "0.02", per=per)
    assert of_record(record(charged, quantity), "vcpu", per).sentence == sentence


def test_usage_without_a_price_has_nothing_to_work_out():
    unpriced = record()._replace(unit_price=None, price_id=None, amount=None)
    assert of_record(unpriced, "vcpu", "hour") is None


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(100), "100"),
        (Fraction(-1, 8), "-0.125"),
        (Fraction(2, 3), "0." + 30 * "6" + "..."),
        (Fraction(1, 10**30), "0." + 29 * "0" + "1"),
        (Fraction(1, 10**31), "0." + 30 * "0" + "..."),
    ],
)
def test_a_fraction_is_written_out_as_far_as_it_makes_sense(fraction, text):
    assert written(fraction) == text


def test_an_adjustment_shows_its_quantity_exactly():
    third = Fraction(1, 3)
    one = Adjustment(
        "discount", 1, None, "USD", Decimal("0.333333333333"), Decimal("-0.5"), START, END,
        Decimal("-0.166666666667"), "half",
    )  # fmt: skip
    working = of_adjustment(one, Basis(third, None, -third / 2), "USD")
    assert working.sentence == (
        f"0.{30 * '3'}... USD x -0.5 = -0.1{29 * '6'}... USD,"
        " rounded half-even to 12 places: -0.166666666667"
    )


# Why a record begins and ends


def sighting(at, **more):
    event = Sighting(7, "m7", "compute.instance.exists", at, at, "exists", '{"vcpu": 2}')
    return replace(event, **more)


def why(at=END, *, one=None, per="hour", validity=(None, None), event=None, order=None, met=5):
    neighbour = None if met == "none" else Neighbour(met)
    return causes(one or record(), at, per, validity, event, order, neighbour)


def test_an_event_at_its_end_ends_a_record():
    event = sighting(END)
    assert why(event=event) == [Cause("event", event=event)]


def test_an_event_beyond_its_end_does_not():
    assert why(event=sighting(instant("13:00")), order=3) == [Cause("order", order_id=3)]


def test_another_price_ends_a_record():
    assert why(met=6) == [Cause("price", price_before=5, price_after=6)]
    assert why(START, met=4) == [Cause("price", price_before=4, price_after=5)]


def test_the_end_of_its_price_ends_a_record_that_nothing_follows():
    found = [Cause("price", price_before=5)]
    assert why(met="none", validity=(None, END)) == found
    assert why(met=None) == found


def test_what_nothing_else_explains_was_a_price_that_is_known_no_more():
    assert why(met="none") == [Cause("price", price_before=5)]


def test_an_event_where_the_price_happens_to_end_is_reason_enough():
    event = sighting(END)
    assert why(met="none", validity=(None, END), event=event) == [Cause("event", event=event)]


def test_a_month_ends_a_record_of_a_price_per_month_only():
    february = instant("2026-02-01T00:00")
    one = record(end=february)
    assert why(february, one=one, per="month") == [Cause("month")]
    assert why(february, one=one, order=1) == [Cause("order", order_id=1)]


def test_all_reasons_of_one_instant_are_told():
    february = instant("2026-02-01T00:00")
    found = why(
        february, one=record(end=february), per="month", event=sighting(february), order=1, met=9
    )
    assert [cause.kind for cause in found] == ["event", "order", "month", "price"]


def test_of_an_event_of_another_tenant_only_type_and_time_are_told():
    event = sighting(END)
    assert seen_by("acme", ["acme"], event) == seen_by("acme", [], event) == event
    foreign = seen_by("acme", ["acme", "globex"], event)
    assert foreign == seen_by("acme", ["globex"], event)
    assert foreign == Sighting(
        None, None, "compute.instance.exists", END, None, None, None, foreign=True
    )


def test_of_several_events_of_one_instant_the_nearest_counts():
    events = [((END, place, str(place)), sighting(END, id=place)) for place in (2, 0, 1)]
    assert nearest(events, last=True).id == 2
    assert nearest(events, last=False).id == 0
    assert nearest([], last=True) is None
