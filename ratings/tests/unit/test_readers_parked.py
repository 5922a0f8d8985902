"""Ceilometer's events that cannot be understood: kept, each with its reason."""

import json

import pytest

from ratings.core.model import Unreadable
from ratings.readers import Reader
from ratings.tests import data

READER = Reader(data.definitions())
CREATED = data.stories("ceilometer_events.json")["compute.instance.create.end"]


def read(event):
    (received,) = READER.read(json.dumps(event).encode(), "RegionOne")
    return received.reading


def with_trait(name, value):
    return CREATED | {"traits": [*CREATED["traits"], [name, 1, value]]}


def test_an_event_of_a_type_that_nobody_knows_is_parked():
    event = CREATED | {"event_type": "coffee.brewed"}

    assert read(event) == Unreadable(
        "event_type_unknown",
        "no definition knows the event type 'coffee.brewed'",
        "7b8b70bc-38a2-45fc-bc4e-f9fdeb2ca107",
    )


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"event_type": None}, "event_type_missing"),
        ({"event_type": 7}, "event_type_missing"),
        ({"generated": None}, "event_time_invalid"),
        ({"generated": "yesterday"}, "event_time_invalid"),
        ({"generated": "1999-12-31T23:59:59Z"}, "event_time_invalid"),
        ({"traits": None}, "traits_invalid"),
        ({"traits": {"vcpus": 1}}, "traits_invalid"),
        ({"traits": [{"name": "vcpus", "dtype": 2, "value": 1}]}, "traits_invalid"),
        ({"traits": [["vcpus", 2]]}, "traits_invalid"),
        ({"traits": []}, "resource_id_missing"),
        ({"traits": [["resource_id", 1, "r" * 256]]}, "resource_id_invalid"),
        ({"raw": {"payload": []}}, "payload_invalid"),
    ],
)
def test_an_event_that_cannot_be_understood_is_parked_with_its_reason(fault, code):
    reading = read(CREATED | fault)

    assert isinstance(reading, Unreadable)
    assert reading.code == code
    assert reading.message_id == "7b8b70bc-38a2-45fc-bc4e-f9fdeb2ca107"


@pytest.mark.parametrize("vcpus", [-1, "-1", "many", "NaN", "1e400", True, [4], 10**15 + 1, 1e-31])
def test_a_size_that_is_no_quantity_parks_the_event(vcpus):
    assert read(with_trait("vcpus", vcpus)).code == "quantity_invalid"


def test_a_long_name_is_cut_and_a_long_tenant_refused():
    assert len(read(with_trait("display_name", "n" * 2000)).content["name"]) == 1024
    assert read(with_trait("tenant_id", "t" * 256)).code == "tenant_id_invalid"


def test_a_region_without_a_name_parks_the_event():
    body = json.dumps(CREATED).encode()

    assert READER.read(body, "")[0].reading.code == "region_invalid"
    assert READER.read(body, "a\x00b")[0].reading.code == "region_invalid"
