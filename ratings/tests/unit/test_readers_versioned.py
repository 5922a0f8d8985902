"""Versioned notifications, alone and beside the unversioned ones of the same actions."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ratings.core.ledger import derive
from ratings.core.model import Ignored, State, Unreadable
from ratings.core.timeline import ordered
from ratings.readers import Reader
from ratings.tests import data
from ratings.tests.journals import DEFINITIONS, rules

READER = Reader(DEFINITIONS)
VERSIONED = data.stories("versioned_notifications.json")
ACME = "6f70656e737461636b20342065766572"
SERVER = "178b0921-8f85-4257-88b6-2e743b5a975c"
AT = datetime(2026, 1, 1, 12)


def notification(event_type, payload, at=AT):
    return {
        "message_id": f"{event_type} {at}",
        "event_type": event_type,
        "timestamp": str(at),
        "payload": payload,
        "_context_project_id": "whoever",
    }


def versioned(event_type, at=AT, flavor=None, **said):
    """What the service sends, with other data in it."""
    payload = deepcopy(VERSIONED[event_type]["payload"])
    key = next(key for key in payload if key.endswith("_object.data"))
    payload[key].update(said)
    if flavor:
        payload[key]["flavor"]["nova_object.data"].update(flavor)
    return notification(event_type, payload, at)


def read(wire):
    (received,) = READER.read(json.dumps(wire).encode(), "RegionOne")
    assert READER.read(received.body, "RegionOne") == [received]
    return received.reading


def test_a_versioned_create_tells_what_an_unversioned_one_tells():
    event = read(versioned("instance.create.end", flavor={"root_gb": 20, "ephemeral_gb": 4}))
    assert (event.resource_type, event.resource_id, event.tenant_id) == ("instance", SERVER, ACME)
    assert (event.action, event.event_time) == ("create", AT.replace(tzinfo=UTC))
    assert event.content == {
        "name": "some-server",
        "status": "active",
        "vcpu": 1,
        "ram": 512,
        "disk": 24,
        "flavor": "test_flavor",
    }


def test_a_disk_of_which_a_part_is_not_told_is_not_told():
    event = read(versioned("instance.create.end", flavor={"ephemeral_gb": None}))
    assert "disk" not in event.content


@pytest.mark.parametrize(
    ("event_type", "action", "status"),
    [
        ("instance.resize_finish.end", "resize", None),
        ("instance.resize_confirm.end", "update", "active"),
        ("instance.resize_revert.end", "resize", "active"),
        ("instance.power_off.end", "power_off", "shutoff"),
        ("instance.power_on.end", "power_on", "active"),
        ("instance.shelve_offload.end", "shelve_offload", "shelved_offloaded"),
        ("instance.soft_delete.end", "soft_delete", "soft_delete"),
        ("instance.exists", "exists", "active"),
    ],
)
def test_a_versioned_notification_of_nova_is_an_action(event_type, action, status):
    event = read(versioned(event_type))
    assert (event.action, event.content.get("status")) == (action, status)


def test_a_versioned_resize_ends_with_the_old_flavor_which_is_not_billed():
    assert isinstance(read(versioned("instance.resize.end")), Ignored)
    assert isinstance(read(versioned("instance.lock")), Ignored)


def test_a_versioned_update_states_a_name_and_nothing_else():
    event = read(versioned("instance.update", display_name="renamed"))
    assert (event.content, event.starts) == ({"name": "renamed"}, False)


def test_a_versioned_delete_takes_effect_when_nova_says():
    deleted = "2026-01-01T11:59:58Z"
    event = read(versioned("instance.delete.end", deleted_at=deleted))
    assert event.action == "delete"
    assert event.event_time == datetime(2026, 1, 1, 11, 59, 58, tzinfo=UTC)
    told = versioned("instance.exists", state="deleted", deleted_at=deleted)
    assert (read(told).action, read(told).event_time) == ("delete", event.event_time)


def test_an_object_without_data_is_no_payload():
    reading = read(notification("instance.create.end", {"nova_object.data": None}))
    assert isinstance(reading, Unreadable)
    assert reading.code == "resource_id_missing"


def test_ceilometer_with_raw_passes_versioned_notifications_on():
    told = versioned("instance.create.end")
    event = read(
        {
            "message_id": "1",
            "event_type": told["event_type"],
            "generated": told["timestamp"],
            "traits": [],
            "raw": {"payload": told["payload"], "ctxt": {}},
        }
    )
    assert (event.resource_id, event.content["ram"]) == (SERVER, 512)


LIFE = [
    ("create", 0, {}),
    ("exists", 1, {}),
    ("power_off", 2, {"state": "stopped"}),
    ("power_on", 3, {}),
    ("resize", 4, {"state": "active"}),
    ("resize_finish", 5, {"state": "resized", "large": True}),
    ("resize_confirm", 6, {"large": True}),
    ("resize_finish", 7, {"state": "resized"}),
    ("resize_revert", 8, {"large": True}),
    ("exists", 9, {"large": True}),
    ("delete", 10, {"large": True, "state": "deleted"}),
]
SIZES = {False: (1, 2048, 20), True: (4, 8192, 80)}
LEGACY = {"resize_finish": "finish_resize", "resize_confirm": "resize.confirm"}
LEGACY["resize_revert"] = "resize.revert"


def legacy(kind, at, state, large):
    vcpus, ram, disk = SIZES[large]
    payload = {
        "instance_id": SERVER,
        "tenant_id": ACME,
        "state": state,
        "vcpus": vcpus,
        "memory_mb": ram,
        "disk_gb": disk,
        "instance_type": "large" if large else "small",
        "display_name": "some-server",
    }
    suffix = "" if kind == "exists" else ".end"
    return notification(f"compute.instance.{LEGACY.get(kind, kind)}{suffix}", payload, at)


def modern(kind, at, state, large):
    vcpus, ram, disk = SIZES[large]
    flavor = {"vcpus": vcpus, "memory_mb": ram, "root_gb": disk - 4, "ephemeral_gb": 4}
    flavor["name"] = "large" if large else "small"
    event_type = f"instance.{kind}" if kind == "exists" else f"instance.{kind}.end"
    return versioned(event_type, at, flavor, state=state, deleted_at=None, terminated_at=None)


def usage(*forms):
    """Quantity times hours of each component, when a life is told in these forms."""
    told = [
        form(
            kind,
            AT + timedelta(hours=hour, seconds=delay),
            said.get("state", "active"),
            said.get("large", False),
        )
        for kind, hour, said in LIFE
        for delay, form in forms
    ]
    readings = [read(one) for one in told]
    events = ordered(one for one in readings if not isinstance(one, Ignored))
    records, _ = derive(rules(), State(), events, "RegionOne", {})
    found: dict[str, Decimal] = {}
    for record in records:
        seconds = Decimal((record.end - record.start) / timedelta(seconds=1))
        found[record.component] = found.get(record.component, Decimal(0)) + seconds * (
            record.quantity
        )
    return found


def test_both_forms_of_a_life_are_worth_the_same():
    assert usage((0, legacy)) == usage((0, modern))
    assert usage((0, legacy))["vcpu"] == 3600 * (1 + 1 + 1 + 1 + 4 + 4 + 1 + 4 + 4)


@pytest.mark.parametrize("forms", [((0, legacy), (0, modern)), ((0, modern), (0, legacy))])
def test_a_life_told_in_both_forms_at_once_is_billed_once(forms):
    assert usage(*forms) == usage((0, legacy))


def test_a_form_that_lags_behind_moves_no_more_than_its_lag():
    """Nova tells the second form of an action milliseconds after the first."""
    alone, both = usage((0, legacy)), usage((0, legacy), (1, modern))
    assert both == alone


def test_a_node_is_charged_while_it_is_deployed_for_somebody():
    kind = "baremetal.node.provision_set.end"
    event = read(versioned(kind))
    assert (event.resource_type, event.action, event.tenant_id) == ("node", "create", ACME)
    assert event.content == {"name": "node-7", "resource_class": "baremetal.large"}
    assert read(versioned(kind, lessee=None)).tenant_id == "0123456789abcdef0123456789abcdef"
    assert read(versioned(kind, lessee=None, owner=None)).action == "delete"
    assert read(versioned(kind, provision_state="available")).action == "delete"
    assert read(versioned(kind, provision_state="service wait")).action == "create"


def test_a_zone_is_made_transferred_and_deleted():
    zone = {"id": "z1", "tenant_id": ACME, "name": "example.com.", "status": "PENDING"}
    made = read(notification("dns.zone.create", zone))
    assert (made.resource_type, made.resource_id, made.tenant_id) == ("zone", "z1", ACME)
    accept = {"id": "t1", "zone_id": "z1", "tenant_id": "globex", "status": "COMPLETE"}
    given = read(notification("dns.zone_transfer_accept.create", accept))
    assert (given.resource_id, given.tenant_id, given.action) == ("z1", "globex", "transfer")
    assert read(notification("dns.zone.delete", zone)).action == "delete"
    assert isinstance(read(notification("dns.domain.create", zone)), Ignored)


def test_who_accepts_a_share_owns_it_though_the_payload_names_who_gave_it():
    share = {"share_id": "s1", "project_id": ACME, "size": 5, "share_type": "gold"}
    given = read(notification("share.transfer.accept.end", share))
    assert (given.action, given.tenant_id, given.content["size"]) == ("transfer", "whoever", 5)
    assert "requester" not in given.content
    assert read(notification("share.extend.end", share)).tenant_id == ACME
    unknown = notification("share.transfer.accept.end", share)
    del unknown["_context_project_id"]
    assert read(unknown).tenant_id == ACME
