"""Koala's flat events: taken as given, or refused with a reason."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ratings.core.errors import InvalidEvent
from ratings.core.model import Event
from ratings.readers import Reader
from ratings.tests import data

READER = Reader(data.definitions())
VOLUME = {
    "resource_id": "v-1",
    "resource_name": "data",
    "resource_type": "volume",
    "event_type": "create",
    "event_time": "2026-01-01T06:00:00.000000",
    "region": "RegionTwo",
    "tenant_id": "acme",
    "content": {"size": 100},
}


def read(event):
    (received,) = READER.read(json.dumps(event).encode(), "RegionOne")
    return received.reading


def refused(event):
    with pytest.raises(InvalidEvent) as refusal:
        read(event)
    return refusal.value.code


def test_a_flat_event_says_everything_itself_even_its_region():
    reading = read(VOLUME | {"message_id": "m-1"})

    assert reading == Event(
        message_id="m-1",
        region="RegionTwo",
        event_type="create",
        resource_type="volume",
        resource_id="v-1",
        tenant_id="acme",
        event_time=datetime(2026, 1, 1, 6, tzinfo=UTC),
        action="create",
        content={"size": Decimal(100), "name": "data"},
    )


def test_without_an_id_the_same_event_sent_twice_is_one():
    again = dict(reversed(VOLUME.items()))

    assert read(VOLUME).message_id == read(again).message_id
    assert read(VOLUME).message_id != read(VOLUME | {"resource_id": "v-2"}).message_id


def test_an_uploaded_image_is_a_created_one_and_its_size_is_taken_as_given():
    reading = read(VOLUME | {"resource_type": "image", "event_type": "upload"})

    assert (reading.event_type, reading.action) == ("upload", "create")
    assert reading.content["size"] == 100


def test_a_delete_starts_nothing():
    assert not read(VOLUME | {"event_type": "delete"}).starts
    assert read(VOLUME | {"event_type": "exists"}).starts


def test_a_router_has_nothing_but_itself():
    assert read(VOLUME | {"resource_type": "router", "content": {}}).content == {"name": "data"}


def test_an_instance_needs_one_size_at_least():
    instance = VOLUME | {"resource_type": "instance"}

    assert read(instance | {"content": {"vcpu": 1}}).content["vcpu"] == 1
    assert refused(instance | {"content": {"flavor": "m1.small"}}) == "content_invalid"
    assert read(instance | {"event_type": "power_off", "content": {}}).action == "power_off"


def test_other_content_is_kept_as_facts():
    content = {"size": "0.5", "bandwidth": 10, "flavor": "gold", "note": "", "traffic": None}

    reading = read(VOLUME | {"content": content})

    assert reading.content == {
        "size": Decimal("0.5"),
        "bandwidth": Decimal(10),
        "flavor": "gold",
        "name": "data",
    }


@pytest.mark.parametrize(
    "event_time", ["2026-01-01T06:00:00Z", "2026-01-01 06:00:00", "2026-01-01T07:00:00+01:00"]
)
def test_every_form_of_a_time_is_taken(event_time):
    assert read(VOLUME | {"event_time": event_time}).event_time == read(VOLUME).event_time


@pytest.mark.parametrize("name", [key for key in VOLUME if key != "resource_name"])
def test_a_required_field_may_not_be_missing(name):
    assert refused({key: value for key, value in VOLUME.items() if key != name}) == "field_missing"
    assert refused(VOLUME | {name: None}) == "field_missing"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"resource_id": 7}, "field_invalid"),
        ({"region": "r" * 256}, "field_invalid"),
        ({"tenant_id": ["acme"]}, "field_invalid"),
        ({"resource_name": 7}, "field_invalid"),
        ({"message_id": "m" * 256}, "field_invalid"),
        ({"resource_type": "coffee"}, "resource_type_invalid"),
        ({"resource_type": ["volume"]}, "resource_type_invalid"),
        ({"event_type": "power_off"}, "event_type_invalid"),
        ({"event_type": {}}, "event_type_invalid"),
        ({"event_time": "noon"}, "event_time_invalid"),
        ({"event_time": 1767247200}, "event_time_invalid"),
        ({"event_time": "1970-01-01T00:00:00Z"}, "event_time_invalid"),
        ({"content": []}, "content_invalid"),
        ({"content": {}}, "content_invalid"),
        ({"content": {"size": -1}}, "content_invalid"),
        ({"content": {"size": "big"}}, "content_invalid"),
        ({"content": {"size": True}}, "content_invalid"),
        ({"content": {"size": 1, "bandwidth": -1}}, "content_invalid"),
        ({"content": {"size": 1, "tags": ["a"]}}, "content_invalid"),
        ({"content": {"size": 1, "": "a"}}, "content_invalid"),
        ({"resource_name": "a\x00b"}, "text_invalid"),
    ],
)
def test_a_flat_event_that_breaks_a_rule_is_refused_with_its_reason(fault, code):
    assert refused(VOLUME | fault) == code
