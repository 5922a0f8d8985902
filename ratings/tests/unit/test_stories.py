"""Stories of a cloud, told by the events that its services send: what each is charged."""

import json
from datetime import datetime

from ratings.core.ledger import derive
from ratings.core.model import Event, State
from ratings.core.timeline import ordered
from ratings.readers import Reader
from ratings.tests.journals import DEFINITIONS, lines, rules

READER = Reader(DEFINITIONS)
SMALL = {"vcpus": 1, "memory_mb": 2048, "disk_gb": 20, "instance_type": "m1.small"}
LARGE = {"vcpus": 4, "memory_mb": 8192, "disk_gb": 80, "instance_type": "m1.large"}


def trait(name, value):
    code = 2 if isinstance(value, int) else 4 if isinstance(value, datetime) else 1
    return [name, code, value.isoformat() if code == 4 else value]


def ceilometer(time: str, event_type: str, payload: dict | None = None, **traits) -> dict:
    traits = {"resource_id": "r1", "project_id": "acme", "tenant_id": "acme", **traits}
    return {
        "message_id": f"{time} {event_type}",
        "event_type": event_type,
        "generated": f"2026-01-01T{time}",
        "traits": [trait(name, value) for name, value in traits.items() if value is not None],
        "raw": {} if payload is None else {"payload": payload, "ctxt": {"project_id": "admin"}},
    }


def notification(time: str, event_type: str, payload: dict, project: str = "acme") -> dict:
    return {
        "message_id": f"{time} {event_type}",
        "event_type": event_type,
        "timestamp": f"2026-01-01 {time}",
        "publisher_id": "compute.cmp-01",
        "priority": "INFO",
        "_context_project_id": project,
        "payload": payload,
    }


def read(*bodies: dict) -> list[Event]:
    readings = [one.reading for body in bodies for one in READER.read(encode(body), "RegionOne")]
    return [reading for reading in readings if isinstance(reading, Event)]


def encode(body: dict) -> bytes:
    return json.dumps(body).encode()


def charged(*bodies: dict, only: str = "") -> list[str]:
    """Each record as ``[tenant] FROM-TO component quantity``; the tenant where it is not acme."""
    events = read(*bodies)
    found = []
    for resource_id in dict.fromkeys(event.resource_id for event in events):
        timeline = ordered(event for event in events if event.resource_id == resource_id)
        rated = rules(resource_type=timeline[0].resource_type)
        records, _ = derive(rated, State(), timeline, "RegionOne", {})
        for record in records:
            owner = "" if record.tenant_id == "acme" else f"{record.tenant_id} "
            found += [owner + line for line in lines([record]) if only in line]
    return found


C = "compute.instance."


def test_a_resize_holds_from_the_end_of_finish_resize():
    assert charged(
        ceilometer("06:00", C + "create.end", state="active", **SMALL),
        ceilometer("07:00", C + "resize.prep.start", state="active", **SMALL),
        ceilometer("07:01", C + "resize.end", state="active", **SMALL),
        ceilometer("07:02", C + "finish_resize.end", state="resized", **LARGE),
        ceilometer("08:00", C + "resize.confirm.end", state="active", **LARGE),
        ceilometer("09:00", C + "delete.end", state="deleted", **LARGE),
        only="vcpu",
    ) == ["06:00-07:02 vcpu 1", "07:02-08:00 vcpu 4", "08:00-09:00 vcpu 4"]


def test_a_shrinking_resize_does_not_lessen_the_time_before_it():
    assert charged(
        ceilometer("06:00", C + "create.end", state="active", **LARGE),
        ceilometer("07:01", C + "update", state="active", **SMALL),
        ceilometer("07:02", C + "finish_resize.end", state="resized", **SMALL),
        ceilometer("08:00", C + "delete.end", state="deleted", **SMALL),
        only="vcpu",
    ) == ["06:00-07:01 vcpu 4", "07:01-07:02 vcpu 4", "07:02-08:00 vcpu 1"]


def test_a_resize_of_a_stopped_instance_leaves_it_stopped():
    assert charged(
        ceilometer("06:00", C + "create.end", state="active", **SMALL),
        ceilometer("07:00", C + "power_off.end", state="stopped", **SMALL),
        ceilometer("08:00", C + "finish_resize.end", state="resized", **LARGE),
        ceilometer("09:00", C + "exists", state="resized", **LARGE),
        ceilometer("10:00", C + "delete.end", state="deleted", **LARGE),
        only="vcpu",
    ) == ["06:00-07:00 vcpu 1"]


def test_a_reverted_resize_is_charged_between_both_boundaries():
    assert charged(
        ceilometer("06:00", C + "create.end", state="active", **SMALL),
        ceilometer("07:00", C + "finish_resize.end", state="resized", **LARGE),
        ceilometer("08:00", C + "resize.revert.end", state="active", **SMALL),
        ceilometer("09:00", C + "delete.end", state="deleted", **SMALL),
        only="vcpu",
    ) == ["06:00-07:00 vcpu 1", "07:00-08:00 vcpu 4", "08:00-09:00 vcpu 1"]


def test_a_confirmation_tells_of_a_resize_whose_end_was_lost():
    assert charged(
        ceilometer("06:00", C + "create.end", state="active", **SMALL),
        ceilometer("08:00", C + "resize.confirm.end", state="active", **LARGE),
        ceilometer("09:00", C + "delete.end", state="deleted", **LARGE),
        only="vcpu",
    ) == ["06:00-08:00 vcpu 1", "08:00-09:00 vcpu 4"]


def test_a_shutdown_within_a_delete_is_no_power_off():
    assert charged(
        ceilometer("06:00", C + "create.end", state="active", **SMALL),
        ceilometer("07:00:00", C + "delete.start", state="active", **SMALL),
        ceilometer("07:00:02", C + "shutdown.start", state="active", **SMALL),
        ceilometer("07:00:09", C + "shutdown.end", state="active", **SMALL),
        ceilometer(
            "07:00:12", C + "delete.end", deleted_at="2026-01-01T07:00:10", state="deleted", **SMALL
        ),
        only="vcpu",
    ) == ["06:00-07:00:10 vcpu 1"]


def test_a_failed_build_is_never_charged():
    assert (
        charged(
            ceilometer("06:00", C + "create.start", state="building", **SMALL),
            ceilometer("06:01", C + "update", state="building", **SMALL),
            ceilometer("06:02", C + "create.error", state="error", **SMALL),
            ceilometer("06:03", C + "shutdown.end", state="error", **SMALL),
            ceilometer("07:00", C + "delete.end", state="deleted", **SMALL),
        )
        == []
    )


def test_a_create_end_with_a_message_of_failure_is_no_create():
    body = {"instance_id": "r1", "tenant_id": "acme", "state": "active", **SMALL}
    assert (
        charged(
            notification("06:00:00", C + "create.end", {**body, "message": "No valid host"}),
            notification("07:00:00", C + "delete.end", {**body, "state": "deleted"}),
        )
        == []
    )


def test_every_power_state_charges_what_it_holds():
    def say(time, what, state):
        return ceilometer(time, C + what, state=state, **SMALL)

    assert charged(
        say("01:00", "create.end", "active"),
        say("02:00", "pause.end", "paused"),
        say("03:00", "unpause.end", "active"),
        say("04:00", "suspend.end", "suspended"),
        say("05:00", "resume.end", "active"),
        say("06:00", "rescue.end", "rescued"),
        say("07:00", "unrescue.end", "active"),
        say("08:00", "shelve.end", "shelved"),
        say("09:00", "shelve_offload.end", "shelved_offloaded"),
        say("10:00", "unshelve.end", "active"),
        say("11:00", "power_off.end", "stopped"),
        say("12:00", "power_on.end", "active"),
        say("13:00", "soft_delete.end", "soft-delete"),
        say("14:00", "restore.end", "active"),
        say("15:00", "rebuild.end", "active"),
        say("16:00", "delete.end", "deleted"),
        only="vcpu",
    ) == [f"{hour:02}:00-{hour + 1:02}:00 vcpu 1" for hour in (1, 2, 3, 5, 6, 7, 10, 12, 14, 15)]


def test_an_audit_of_something_deleted_ends_it_when_the_delete_was_lost():
    assert charged(
        ceilometer("06:00", C + "create.end", state="active", **SMALL),
        ceilometer(
            "08:00", C + "exists", state="deleted", deleted_at="2026-01-01T07:30:00", **SMALL
        ),
        only="vcpu",
    ) == ["06:00-07:30 vcpu 1"]


def test_a_volume_is_extended_retyped_attached_and_transferred():
    def say(time, what, **changes):
        traits = {"size": 10, "type": "hdd", "status": "available", **changes}
        return ceilometer(time, f"volume.{what}", **traits)

    events = read(
        say("01:00", "create.end"),
        say("02:00", "attach.end", status="in-use"),
        say("03:00", "resize.end", size=20),
        say("04:00", "retype", size=20, type="ssd"),
        say("05:00", "transfer.accept.end", size=20, type="ssd", project_id="b", tenant_id="b"),
        say("06:00", "delete.end", size=20, type="ssd", project_id="b", tenant_id="b"),
    )
    records, _ = derive(rules(resource_type="volume"), State(), ordered(events), "RegionOne", {})
    assert [(r.start.hour, int(r.quantity), r.metadata[0][1], r.tenant_id) for r in records] == [
        (1, 10, "hdd", "acme"),
        (2, 10, "hdd", "acme"),
        (3, 20, "hdd", "acme"),
        (4, 20, "ssd", "acme"),
        (5, 20, "ssd", "b"),
    ]


def test_an_image_costs_from_the_moment_its_size_is_known():
    def say(time, what, **traits):
        return ceilometer(time, f"image.{what}", tenant_id=None, **traits)

    assert charged(
        say("06:00", "create", status="queued"),
        say("06:10", "upload", status="active", size=2147483648),
        say("07:00", "delete", status="deleted", size=2147483648),
    ) == ["06:10-07:00 image 2"]


def test_an_audit_speaks_of_many_images_at_once():
    def image(name, size):
        return {"id": name, "size": size * 2**30, "status": "active"}

    first = {"owner": "acme", "images": [image("i1", 1), image("i2", 2)]}
    assert charged(
        notification("06:00:00", "image.exists", first),
        notification("07:00:00", "image.exists", first),
    ) == ["06:00-07:00 image 1", "06:00-07:00 image 2"]


def test_a_floating_ip_made_by_an_administrator_belongs_to_its_owner():
    address = {"id": "r1", "project_id": "acme", "floating_ip_address": "203.0.113.10"}
    assert charged(
        ceilometer("06:00", "floatingip.create.end", {"floatingip": address}, project_id="admin"),
        ceilometer("07:00", "floatingip.update.end", project_id="admin", tenant_id="admin"),
        ceilometer("08:00", "floatingip.delete.end", {"floatingip_id": "r1"}, project_id=None),
    ) == ["06:00-07:00 floating_ip 1", "07:00-08:00 floating_ip 1"]


def test_a_router_whose_delete_failed_is_charged_on():
    assert charged(
        notification(
            "06:00:00", "router.create.end", {"router": {"id": "r1", "tenant_id": "acme"}}
        ),
        notification("07:00:00", "router.delete.start", {"router_id": "r1"}),
        notification("08:00:00", "router.exists", {"router": {"id": "r1", "tenant_id": "acme"}}),
    ) == ["06:00-08:00 router 1"]


def test_ports_made_in_bulk_are_one_event_each():
    ports = [{"id": f"p{number}", "project_id": "acme"} for number in (1, 2)]
    assert charged(
        notification("06:00:00", "port.create.end", {"ports": ports}),
        notification("07:00:00", "port.delete.end", {"port_id": "p1"}),
        notification("08:00:00", "port.delete.end", {"port_id": "p2"}),
    ) == ["06:00-07:00 port 1", "06:00-08:00 port 1"]


def test_a_snapshot_has_the_size_of_its_volume():
    body = {"snapshot_id": "s1", "volume_size": 10, "tenant_id": "acme", "status": "available"}
    assert charged(
        notification("06:00:00", "snapshot.create.end", body),
        notification("07:00:00", "snapshot.delete.end", {**body, "status": "deleting"}),
    ) == ["06:00-07:00 volume_snapshot 10"]


def test_a_load_balancer_lives_from_create_to_delete():
    balancer = {"resource_id": "lb", "name": "lb1", "tenant_id": None}
    assert charged(
        ceilometer("06:00", "octavia.loadbalancer.create.end", **balancer),
        ceilometer("07:00", "octavia.loadbalancer.update.end", **balancer),
        ceilometer("08:00", "octavia.loadbalancer.delete.end", **balancer),
    ) == ["06:00-07:00 load_balancer 1", "07:00-08:00 load_balancer 1"]
