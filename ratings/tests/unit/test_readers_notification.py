"""What notifications mean, in the forms in which oslo.messaging delivers them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from ratings.core.errors import NoNotification
from ratings.core.model import Ignored, Unreadable
from ratings.readers import Reader
from ratings.tests import data

READER = Reader(data.definitions())
STORIES = data.stories("notifications.json")
ACME = "b5cd4f5d3bd04ea5b1f0b6a9e5b7a111"
ADMIN = "0123456789abcdef0123456789abcdef"


def receive(notification):
    return READER.read(json.dumps(notification).encode(), "RegionOne")


def read(notification):
    (received,) = receive(notification)
    return received.reading


def told(story, **payload):
    return STORIES[story] | {"payload": STORIES[story]["payload"] | payload}


@pytest.mark.parametrize(
    ("story", "resource_type", "action", "content"),
    [
        ("router", "router", "create", {"name": "r1", "status": "active"}),
        ("vpn service", "vpn", "create", {"name": "vpn-1", "status": "PENDING_CREATE"}),
        ("volume snapshot", "volume_snapshot", "create", {"size": Decimal(10)}),
        ("backup", "volume_backup", "create", {"size": Decimal(10), "name": "bk-1"}),
        ("share", "share", "create", {"size": Decimal(5)}),
        ("load balancer", "load_balancer", "create", {"name": "lb1"}),
        ("image", "image", "update", {"size": Decimal("2.09735107421875")}),
        ("snapshot of an instance", "instance_snapshot", "update", {"visibility": "shared"}),
        ("public image", "image", "update", {"visibility": "public"}),
        ("public image of an old glance", "image", "update", {"visibility": "public"}),
        ("image deleted", "image", "delete", {"status": "deleted"}),
        ("instance shut off", "instance", "exists", {"status": "shutoff"}),
        ("volume deleted, told by the usage audit", "volume", "delete", {}),
    ],
)
def test_the_payload_tells_type_action_and_facts(story, resource_type, action, content):
    reading = read(STORIES[story])

    assert (reading.resource_type, reading.action) == (resource_type, action)
    assert reading.content.items() >= content.items()
    assert reading.tenant_id == ACME


def test_the_size_of_an_image_keeps_every_digit():
    """28707680882 bytes have thirty digits in GiB, two more than Python's usual context."""
    reading = read(told("image", size=28707680882))

    assert Fraction(reading.content["size"]) == Fraction(28707680882, 1024**3)


def test_version_two_of_the_wire_is_an_envelope_around_a_notification():
    body = data.text("notification_wire_v2.json")

    ((reading, journaled),) = READER.read(body, "RegionOne")

    assert journaled == body
    assert reading.message_id == "7091b704-2a0e-4393-a233-e99091689f76"
    assert reading.event_time == datetime(2026, 11, 21, 22, 42, 55, 178268, UTC)
    assert reading.content["vcpu"] == 1


def test_the_form_of_a_listener_keeps_id_and_time_in_its_metadata():
    reading = read(STORIES["as a listener sees it"])

    assert reading.message_id == STORIES["as a listener sees it"]["metadata"]["message_id"]
    assert reading.event_time == datetime(2026, 11, 21, 12, 30, 0, 250000, UTC)
    assert (reading.action, reading.content["size"]) == ("resize", 20)


def test_what_an_administrator_makes_belongs_to_the_project_it_is_made_for():
    reading = read(STORIES["floating ip made by an administrator"])

    assert reading.tenant_id == ACME
    assert "requester" not in reading.content


@pytest.mark.parametrize("key", ["project_id", "tenant_id", "tenant"])
def test_a_delete_with_only_an_id_names_the_project_that_asked(key):
    notification = dict(STORIES["floating ip deleted, id only"])
    notification[f"_context_{key}"] = notification.pop("_context_project_id")

    reading = read(notification)

    assert reading.resource_id == "9c3d4e5f-6a7b-4c8d-8e9f-1a2b3c4d5e06"
    assert (reading.tenant_id, reading.content) == (None, {"requester": ADMIN})


def test_without_a_timestamp_the_time_of_the_request_counts():
    notification = STORIES["router"] | {
        "timestamp": None,
        "_context_timestamp": "2026-11-21T12:29:59+01:00",
    }

    assert read(notification).event_time == datetime(2026, 11, 21, 11, 29, 59, tzinfo=UTC)


def test_a_create_that_failed_is_ignored():
    assert isinstance(read(STORIES["instance that failed to build"]), Ignored)
    assert isinstance(read(STORIES["instance still building"]), Ignored)
    assert read(told("instance that failed to build", message="Success")).action == "create"


def test_a_delete_without_deleted_at_takes_effect_when_the_instance_terminated():
    reading = read(STORIES["instance deleted"])

    assert reading.event_time == datetime(2026, 11, 21, 12, 0, 4, tzinfo=UTC)


def test_an_audit_that_finds_an_instance_deleted_is_its_delete():
    reading = read(STORIES["instance deleted, told by an audit"])

    assert (reading.action, reading.starts) == ("delete", False)
    assert reading.event_time == datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)


def test_an_image_that_was_only_created_has_no_size_yet():
    assert "size" not in read(STORIES["image without a size"]).content


def test_ports_made_in_bulk_are_one_event_each_with_a_body_of_its_own():
    received = receive(STORIES["ports made in bulk"])

    assert [one.reading.content["name"] for one in received[1:]] == ["second"]
    assert {one.reading.tenant_id for one in received} == {ACME}
    assert len({one.reading.message_id for one in received}) == 2
    assert all(len(json.loads(one.body)["payload"]) == 1 for one in received)


def test_an_audit_of_images_speaks_of_each_and_of_its_owner_once():
    readings = [one.reading for one in receive(STORIES["images of one owner"])]

    assert [(r.resource_type, r.resource_id, r.action, r.content["size"]) for r in readings] == [
        ("image", "i-1", "exists", 1),
        ("instance_snapshot", "i-2", "exists", 3),
        ("image", "i-3", "delete", 1),
    ]
    assert {reading.tenant_id for reading in readings} == {ACME}


@pytest.mark.parametrize("story", ["ports made in bulk", "images of one owner"])
def test_a_part_read_again_from_the_journal_is_the_same_event(story):
    received = receive(STORIES[story])

    assert received == receive(STORIES[story])
    for part in received:
        assert READER.read(part.body, "RegionOne") == [part]


def test_a_part_in_the_form_of_a_listener_keeps_its_id_in_the_metadata():
    bulk = STORIES["ports made in bulk"]
    listened = {
        "ctxt": {"project_id": ADMIN},
        "event_type": bulk["event_type"],
        "payload": bulk["payload"],
        "metadata": {"message_id": bulk["message_id"], "timestamp": bulk["timestamp"]},
    }

    received = receive(listened)

    assert [one.reading for one in received] == [one.reading for one in receive(bulk)]
    assert READER.read(received[0].body, "RegionOne") == received[:1]


def test_an_empty_list_speaks_of_nothing():
    assert isinstance(read(told("images of one owner", images=[])), Ignored)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"payload": None}, "payload_invalid"),
        ({"payload": ["router"]}, "payload_invalid"),
        ({"payload": {"routers": {"id": "r"}}}, "payload_invalid"),
        ({"payload": {"routers": [{"id": "r"}, "s"]}}, "payload_invalid"),
        ({"payload": {"router": "r"}}, "resource_id_missing"),
        ({"payload": {"router": {"id": 7}}}, "resource_id_invalid"),
        ({"payload": {"router": {"id": "r", "name": ["r1"]}}}, "fact_invalid"),
        ({"timestamp": 1795300446}, "event_time_invalid"),
        ({"event_type": ""}, "event_type_missing"),
    ],
)
def test_a_notification_that_cannot_be_understood_is_parked_with_its_reason(fault, code):
    reading = read(STORIES["router"] | fault)

    assert isinstance(reading, Unreadable)
    assert (reading.code, reading.message_id) == (code, STORIES["router"]["message_id"])


@pytest.mark.parametrize("message", [None, 7, "{", "[]", "7"])
def test_an_envelope_without_a_notification_is_parked(message):
    assert read({"oslo.version": "2.0", "oslo.message": message}).code == "payload_invalid"


def test_one_bad_part_of_a_message_does_not_spoil_the_others():
    ports = [{"id": "p-1"}, {"name": "lost"}]

    good, bad = (r.reading for r in receive(told("ports made in bulk", ports=ports)))

    assert (good.resource_id, bad.code) == ("p-1", "resource_id_missing")


FLAT = {
    "resource_id": "v-1",
    "resource_type": "volume",
    "event_type": "delete",
    "event_time": "2026-01-01T00:00:00Z",
    "region": "Elsewhere",
    "tenant_id": ACME,
    "content": {},
}
NO_NOTIFICATIONS = {
    "a flat event": FLAT,
    "an approval": FLAT | {"event_type": "ratings.reconciliation.delete"},
    "an event of Ceilometer": data.stories("ceilometer_events.json")["volume.create.end"],
    "a sample": {"name": "vcpus", "volume": 1, "resource_id": "i-1", "monotonic_time": None},
}


@pytest.mark.parametrize("told", NO_NOTIFICATIONS.values(), ids=NO_NOTIFICATIONS)
def test_a_bus_may_say_nothing_but_notifications(told):
    """Who writes to it is not known, and a flat event says for itself where it is from."""
    body = json.dumps(told).encode()
    READER.read(body, "RegionOne")
    with pytest.raises(NoNotification) as refused:
        READER.read_notification(body, "RegionOne")
    assert refused.value.code == "body_no_notification"


@pytest.mark.parametrize("story", ["volume", "router", "ports made in bulk"])
def test_a_notification_means_the_same_at_every_door(story):
    body = json.dumps(STORIES[story]).encode()
    assert READER.read_notification(body, "RegionOne") == READER.read(body, "RegionOne")


def test_a_notification_that_bears_the_fields_of_an_approval_is_none():
    told = STORIES["volume"] | FLAT | {"event_type": "ratings.reconciliation.delete"}
    (received,) = READER.read_notification(json.dumps(told).encode(), "RegionOne")
    assert received.reading.code == "event_type_unknown"
