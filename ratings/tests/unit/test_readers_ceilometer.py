"""What Ceilometer's events mean. The events are real; tests change what they speak of."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ratings.core.model import Event, Ignored, Unreadable
from ratings.readers import Reader, split
from ratings.tests import data

READER = Reader(data.definitions())
EVENTS = data.stories("ceilometer_events.json")
ACME = "b5cd4f5d3bd04ea5b1f0b6a9e5b7a111"
GLOBEX = "0123456789abcdef0123456789abcdef"
WEB = "2fcb3c0b-3a6c-4a1a-9a2c-6b2b3c4d5e01"


def read(event):
    (received,) = READER.read(json.dumps(event).encode(), "RegionOne")
    return received.reading


def said(event_type, without=(), **traits):
    """The real event of that type, with other traits, or without some."""
    event = json.loads(json.dumps(EVENTS[event_type]))
    kept = [t for t in event["traits"] if t[0] not in traits and t[0] not in without]
    event["traits"] = kept + [[name, 1, value] for name, value in traits.items()]
    return event


def test_a_created_instance_is_read_with_its_owner_and_size():
    assert read(EVENTS["compute.instance.create.end"]) == Event(
        message_id="7b8b70bc-38a2-45fc-bc4e-f9fdeb2ca107",
        region="RegionOne",
        event_type="compute.instance.create.end",
        resource_type="instance",
        resource_id=WEB,
        tenant_id=ACME,
        event_time=datetime(2026, 11, 21, 22, 30, 28, 626767, UTC),
        action="create",
        content={
            "name": "web-1",
            "status": "active",
            "vcpu": Decimal(1),
            "ram": Decimal(2048),
            "disk": Decimal(20),
            "flavor": "m1.small",
        },
    )


def test_every_captured_event_is_read_or_ignored_except_backups_without_an_id():
    readings = {event_type: read(event) for event_type, event in EVENTS.items()}

    parked = {key: found for key, found in readings.items() if isinstance(found, Unreadable)}
    assert set(parked) == {"backup.create.end", "backup.exists", "backup.delete.end"}
    assert {found.code for found in parked.values()} == {"resource_id_missing"}


@pytest.mark.parametrize(
    "event_type",
    [
        "compute.instance.resize.end",  # bears the old flavor
        "compute.instance.resize.prep.end",
        "compute.instance.finish_resize.start",
        "compute.instance.shutdown.end",  # part of a delete, no power-off by the user
        "compute.instance.create.error",
        "compute.instance.delete.start",
        "compute.instance.volume.attach",
        "router.delete.start",  # the delete may still fail
        "router.interface.create",
        "image.activate",  # bears no id; image.upload said the same
        "identity.project.deleted",
    ],
)
def test_what_says_nothing_billable_is_ignored(event_type):
    reading = read(EVENTS[event_type])

    assert isinstance(reading, Ignored)
    assert reading.message_id == EVENTS[event_type]["message_id"]
    assert reading.event_time is not None


def test_the_new_size_holds_from_finish_resize_and_leaves_the_power_state_alone():
    reading = read(EVENTS["compute.instance.finish_resize.end"])

    assert reading.action == "resize"
    assert reading.content["vcpu"] == 4
    assert "status" not in reading.content


def test_a_reverted_resize_restores_the_size_and_a_confirmed_one_is_an_audit():
    assert read(EVENTS["compute.instance.resize.revert.end"]).action == "resize"
    assert read(EVENTS["compute.instance.resize.confirm.end"]).action == "update"


@pytest.mark.parametrize(
    ("event_type", "action", "status"),
    [
        ("compute.instance.power_off.end", "power_off", "shutoff"),
        ("compute.instance.suspend.end", "suspend", "suspended"),
        ("compute.instance.pause.end", "pause", "paused"),
        ("compute.instance.shelve_offload.end", "shelve_offload", "shelved_offloaded"),
        ("compute.instance.rescue.end", "rescue", "rescued"),
        ("compute.instance.soft_delete.end", "soft_delete", "soft_delete"),
        ("compute.instance.restore.end", "restore", "active"),
    ],
)
def test_states_of_nova_have_the_names_of_our_statuses(event_type, action, status):
    reading = read(EVENTS[event_type])

    assert (reading.action, reading.content["status"]) == (action, status)


def test_a_delete_takes_effect_when_nova_deleted_the_instance():
    reading = read(EVENTS["compute.instance.delete.end"])

    assert reading.event_time == datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)
    assert not reading.starts


@pytest.mark.parametrize("deleted_at", ["2026-11-22T00:00:00", "0001-01-01T00:00:00", "soon", ""])
def test_a_time_of_deletion_that_cannot_be_leaves_the_time_of_the_event(deleted_at):
    reading = read(said("compute.instance.delete.end", deleted_at=deleted_at))

    assert reading.event_time == datetime(2026, 11, 21, 22, 30, 28, 685580, UTC)


def test_exists_of_a_deleted_instance_is_its_delete():
    reading = read(
        said("compute.instance.exists", state="deleted", deleted_at="2026-11-21T11:00:00")
    )

    assert reading.action == "delete"
    assert reading.event_time == datetime(2026, 11, 21, 11, tzinfo=UTC)


def test_exists_of_a_building_instance_is_ignored_and_of_a_soft_deleted_one_an_audit():
    assert isinstance(read(said("compute.instance.exists", state="building")), Ignored)
    assert read(said("compute.instance.exists", state="soft-delete")).action == "exists"


def test_an_update_of_an_instance_tells_its_name_and_starts_nothing():
    reading = read(EVENTS["compute.instance.update"])

    assert reading.content == {"name": "web-1"}
    assert not reading.starts


def test_a_transferred_volume_belongs_to_whom_accepted_it():
    reading = read(EVENTS["volume.transfer.accept.end"])

    assert (reading.action, reading.tenant_id) == ("transfer", GLOBEX)


def test_exists_of_a_volume_deleted_within_the_audit_period_is_a_delete():
    assert read(said("volume.exists", status="deleted")).action == "delete"
    assert isinstance(read(said("volume.create.end", status="deleted")), Ignored)


def test_bytes_of_an_image_are_exactly_so_many_gib():
    assert read(EVENTS["image.upload"]).content["size"] == Decimal("2.09735107421875")
    assert read(said("image.upload", size=1)).content["size"] == Decimal(1) / 2**30


def test_an_image_that_was_only_created_has_no_size_yet():
    reading = read(EVENTS["image.create"])

    assert reading.tenant_id == ACME
    assert "size" not in reading.content


def test_traits_of_the_network_name_the_requester_not_the_owner():
    reading = read(EVENTS["floatingip.create.end"])

    assert reading.tenant_id is None
    assert reading.content == {"requester": ACME}


def test_a_stored_notification_tells_what_traits_do_not():
    event = EVENTS["floatingip.create.end"] | {
        "raw": {
            "payload": {"floatingip": {"id": "f", "project_id": GLOBEX, "status": "DOWN"}},
            "ctxt": {"project_id": ACME},
        }
    }

    reading = read(event)

    assert reading.tenant_id == GLOBEX
    assert reading.content == {"status": "down"}


def test_the_context_of_a_stored_notification_names_the_requester():
    event = said("router.delete.end", without=["tenant_id", "project_id"])
    event["raw"] = {"payload": {"router_id": "r"}, "ctxt": {"project_id": GLOBEX}}

    assert read(event).content["requester"] == GLOBEX


def test_a_captured_event_with_its_notification_reads_as_the_one_without():
    (body,) = split(data.text("ceilometer_raw.json"))

    (received,) = READER.read(body, "RegionOne")

    assert received.body == body
    assert received.reading.tenant_id == ACME
    assert received.reading.content == read(EVENTS["compute.instance.create.end"]).content


def test_ports_made_in_bulk_are_read_from_the_stored_notification():
    event = said("port.create.end", without=["resource_id", "name"])
    ports = [{"id": "p-1", "project_id": ACME}, {"id": "p-2", "project_id": GLOBEX}]
    event["raw"] = {"payload": {"ports": ports}, "ctxt": {"project_id": ACME}}

    first, second = READER.read(json.dumps(event).encode(), "RegionOne")

    assert [first.reading.resource_id, second.reading.resource_id] == ["p-1", "p-2"]
    assert [first.reading.tenant_id, second.reading.tenant_id] == [ACME, GLOBEX]
    assert READER.read(first.body, "RegionOne") == [first]


@pytest.mark.parametrize("vcpus", [4, "4", "4.0", 4.0, "+4", "0.4e1"])
def test_a_size_may_be_a_number_or_a_numeric_text(vcpus):
    reading = read(said("compute.instance.create.end", vcpus=vcpus))

    assert str(reading.content["vcpu"]) == "4"


def test_a_missing_null_or_empty_fact_is_absent():
    reading = read(said("compute.instance.create.end", vcpus=None, memory_mb="", display_name=""))

    assert set(reading.content) == {"status", "disk", "flavor"}


@pytest.mark.parametrize("message_id", [None, "", 7, "m" * 256])
def test_an_event_without_a_usable_id_gets_the_same_one_whenever_it_is_sent(message_id):
    event = EVENTS["volume.exists"] | {"message_id": message_id}
    in_another_order = dict(reversed(event.items()))

    assert len(read(event).message_id) == 36
    assert read(event) == read(in_another_order)
    assert read(event).message_id != read(event | {"generated": "2026-01-01"}).message_id


def test_a_request_is_split_into_its_events_without_reading_them():
    assert split(b' [{"a": 1} , {"b": "]"}]') == [b'{"a": 1}', b'{"b": "]"}']
    assert split(b'{"a": 1}') == [b'{"a": 1}']
    assert split(b"[]") == []
