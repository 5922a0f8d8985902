"""Numbers and instants go out exactly, and in one form."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.api.answers import encode, number, shape, stamp
from ratings.api.types.json_object import JsonObject
from ratings.api.values import Instant, Number, Text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("0E-12", "0"),
        ("-0.0", "0"),
        ("1E+3", "1000"),
        ("1000", "1000"),
        ("1.500000000000", "1.5"),
        ("-1.10", "-1.1"),
        ("1E-12", "0.000000000001"),
        ("123456789012345678901234567890.123456789012", None),
    ],
)
def test_a_number_is_written_out_without_an_exponent_or_idle_zeros(value, text):
    assert encode(number(Decimal(value))) == (text or value).encode()


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_a_number_comes_back_as_it_was(value):
    text = encode(number(value))
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == value
    assert b"e" not in text.lower()


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_comes_back_as_it_was(instant):
    text = stamp(instant)
    assert text is not None
    assert Instant().validate(text) == instant
    assert len(text) == 27


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T01:00:00.5+01:00",
        "2026-01-31T01:00:00.5 01:00",
        "2026-01-31T00:00:00.5",
        "2026-01-31 00:00:00.500000Z",
        "20260131T000000.5Z",
    ],
)
def test_an_instant_may_come_in_any_form(text):
    assert stamp(Instant().validate(text)) == "2026-01-31T00:00:00.500000Z"


def test_a_date_is_its_midnight():
    assert stamp(Instant().validate("2026-01-31")) == "2026-01-31T00:00:00.000000Z"


class Parcel(JsonObject):
    name = Text()
    weight = Number()
    sent_at = Instant()


def test_an_answer_has_what_its_type_declares_and_nothing_else():
    parcel = {"weight": Decimal("1.50"), "name": "tea", "secret": "rum"}
    assert encode(shape(Parcel)(parcel)) == b'{"name":"tea","weight":1.5}'


def test_attributes_come_in_the_order_of_their_declaration_also_without_sources():
    """Those of a class before those that it inherits, as a reader of the class meets them."""
    declared = {"__module__": __name__, "weight": Number(), "colour": Text(), "name": Text()}
    heavy = type("Heavy", (Parcel,), declared)
    found = {"sent_at": None, "name": "tea", "colour": "red", "weight": 2}
    assert encode(shape(heavy)(found)) == b'{"weight":2,"colour":"red","name":"tea","sent_at":null}'


def test_other_zones_are_read_as_utc():
    east = datetime(2026, 1, 31, 1, tzinfo=timezone(timedelta(hours=1)))
    assert Instant().validate(east.isoformat()) == east
