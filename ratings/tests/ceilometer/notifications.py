"""What the services of a small cloud notify in a day, with the fields that they send."""

from __future__ import annotations

import copy
import json
import uuid
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ratings.batch import Arrival
from ratings.readers import Reader
from ratings.tests.crash.truth import priced
from ratings.tests.data import stories
from ratings.tests.journals import DEFINITIONS
from ratings.tests.ledgers import rater
from ratings.tests.messaging import services

DAY = datetime(2025, 1, 1)
ADMIN = "the-admins-project"

_SHAPES = stories("notifications.json")
_NAMESPACE = uuid.UUID("c4b7b0d2-58a6-4b0f-9d0e-0a4f5f1c7e27")

#: Service and the key of the id, by the name of the payload that a life begins with.
_KINDS = {
    "instance shut off": ("nova", "instance_id"),
    "volume": ("cinder", "volume_id"),
    "volume snapshot": ("cinder", "snapshot_id"),
    "backup": ("cinder", "backup_id"),
    "image without a size": ("glance", "id"),
    "snapshot of an instance": ("glance", "id"),
    "public image": ("glance", "id"),
    "floating ip made by an administrator": ("neutron", "id"),
    "router": ("neutron", "id"),
    "network": ("neutron", "id"),
    "subnet": ("neutron", "id"),
    "port": ("neutron", "id"),
    "vpn service": ("neutron", "id"),
    "share": ("manila", "share_id"),
    "load balancer": ("octavia", "loadbalancer_id"),
}

#: Time, event type, and what is true from then on. `bare`: the payload has only the id of the
#: resource, `both`: it has that, too.
LIVES = """
instance shut off
    00:00:00 compute.instance.create.start       state=building
    00:00:09 compute.instance.create.end         state=active
    01:10:00 compute.instance.power_off.start
    01:10:05 compute.instance.power_off.end      state=stopped
    02:00:01 compute.instance.exists
    03:20:00 compute.instance.power_on.end       state=active
    05:00:00 compute.instance.resize.prep.end
    05:00:10 compute.instance.resize.end
    05:00:20 compute.instance.finish_resize.end  state=resized vcpus=4 memory_mb=8192 disk_gb=80
    05:30:00 compute.instance.resize.confirm.end state=active
    06:00:00 compute.instance.shelve.end         state=shelved
    07:00:00 compute.instance.shelve_offload.end state=shelved_offloaded
    08:00:00 compute.instance.unshelve.end       state=active
    09:00:00 compute.instance.delete.start
    09:00:02 compute.instance.shutdown.end
    09:00:04 compute.instance.delete.end         state=deleted deleted_at=2025-01-01T09:00:03
volume
    00:10:00 volume.create.start                 status=creating
    00:10:02 volume.create.end                   status=available
    01:00:00 volume.attach.end                   status=in-use
    02:30:00 volume.resize.end                   size=20
    03:00:00 volume.retype                       volume_type=6c3d2e1f-0a9b-4c8d-b7e6-f5a4b3c2d00e
    04:00:00 volume.exists
    05:00:00 volume.detach.end                   status=available
    06:15:00 volume.transfer.accept.end          tenant_id=globex
    08:45:00 volume.delete.end                   status=deleting
volume snapshot
    00:20:00 snapshot.create.end
    03:00:00 snapshot.exists
    07:00:00 snapshot.delete.end                 status=deleting
backup
    00:30:00 backup.create.end
    03:00:00 backup.exists
    07:30:00 backup.delete.end                   status=deleting
image without a size
    00:40:00 image.create
    00:41:00 image.prepare                       status=saving
    00:42:00 image.upload                        status=active size=2252013568
    00:42:01 image.activate
    04:00:00 image.update                        visibility=public
    06:00:00 image.update                        visibility=private
    08:00:05 image.delete                        status=deleted deleted_at=2025-01-01T08:00:04Z
snapshot of an instance
    00:50:00 image.create                        status=queued size=null
    00:51:00 image.upload                        status=active size=1073741824
    06:00:05 image.delete                        status=deleted deleted_at=2025-01-01T06:00:04Z
public image
    01:00:00 image.create                        status=queued size=null
    01:01:00 image.upload                        status=active size=3221225472
    09:00:05 image.delete                        status=deleted deleted_at=2025-01-01T09:00:04Z
floating ip made by an administrator
    01:10:00 floatingip.create.start
    01:10:01 floatingip.create.end
    02:00:00 floatingip.update.end               status=ACTIVE
    03:00:00 floatingip.exists
    08:20:00 floatingip.delete.end               bare
router
    01:20:00 router.create.end
    03:00:00 router.exists
    05:00:00 router.update.end                   name=renamed
    08:30:00 router.delete.end                   both
network
    01:30:00 network.create.end
    03:00:00 network.exists
    08:40:00 network.delete.end                  both
subnet
    01:40:00 subnet.create.end
    08:41:00 subnet.delete.end                   both
port
    01:50:00 port.create.end
    03:00:00 port.exists
    08:42:00 port.delete.end                     both
vpn service
    02:00:00 vpnservice.create.end
    05:00:00 vpnservice.update.end               status=ACTIVE
    08:43:00 vpnservice.delete.end               bare
share
    02:10:00 share.create.end
    04:10:00 share.extend.end                    size=9
    08:44:00 share.delete.end                    status=deleting
load balancer
    02:20:00 octavia.loadbalancer.create.end
    04:20:00 octavia.loadbalancer.update.end     name=renamed
    08:45:30 octavia.loadbalancer.delete.end
"""

#: What is to be ignored.
NOISE = (
    ("nova", "keypair.create.end", {"tenant_id": "acme", "user_id": "alice", "key_name": "k"}),
    ("nova", "scheduler.select_destinations.end", {"request_spec": {}}),
    ("cinder", "capacity.pool.lvm", {"name_to_id": "ctl-01@lvm#lvm", "total": 100, "free": 80}),
    ("neutron", "router.interface.create", {"router_interface": {"id": "r", "subnet_id": "s"}}),
)


class Notification(NamedTuple):
    """project: in the context of the request; None where a service sends no context."""

    service: str
    event_type: str
    payload: dict[str, Any]
    at: datetime
    project: str | None
    message_id: str

    @property
    def message(self) -> dict[str, Any]:
        """As oslo.messaging's notifier hands it to its driver."""
        return {
            "message_id": self.message_id,
            "publisher_id": f"{self.service}.host",
            "event_type": self.event_type,
            "priority": "INFO",
            "payload": self.payload,
            "timestamp": str(self.at),
        }


def a_day(copies: int = 2) -> list[Notification]:
    """Every life `copies` times, a tenant each, and some noise: oldest first."""
    found = [one for number in range(copies) for one in _copy(number)]
    for number, (service, event_type, payload) in enumerate(NOISE):
        at = DAY + timedelta(hours=number)
        found.append(_notification(service, event_type, payload, at, "acme", number))
    return sorted(found, key=lambda one: (one.at, one.message_id))


def of_lists() -> list[Notification]:
    """Those that tell of several resources at once; traits cannot hold such."""
    told = (("neutron", "ports made in bulk", "acme"), ("glance", "images of one owner", None))
    return [
        _notification(service, _SHAPES[name]["event_type"], _SHAPES[name]["payload"], DAY, who, 0)
        for service, name, who in told
    ]


def stream(instances: int, hours: int) -> list[Notification]:
    """A lot of instances, an event an hour each: oldest first."""
    return [
        _notification("nova", event_type, payload, at, payload["tenant_id"], number)
        for number, (event_type, payload, at) in enumerate(services.lives(instances, hours))
    ]


def rate_directly(engine, told: list[Notification]) -> None:
    """As a collector would, without a broker and undisturbed."""
    priced(engine)
    reader = Reader(DEFINITIONS)
    wires = [one.message | {"_context_project_id": one.project} for one in told]
    read = [reader.read(json.dumps(wire).encode(), "RegionOne") for wire in wires]
    rater(engine).rate(
        [Arrival("RegionOne", r.reading, r.body.decode()) for received in read for r in received]
    )


def _copy(number: int) -> list[Notification]:
    found, kind, payload = [], "", {}
    for line in LIVES.strip().splitlines():
        if not line.startswith(" "):
            kind, payload = line, _new(line, number)
            continue
        time, event_type, *changes = line.split()
        at = datetime.fromisoformat(f"2025-01-01T{time}") + timedelta(milliseconds=number)
        service, key = _KINDS[kind]
        inner = next(iter(payload.values())) if service == "neutron" else payload
        facts = (change.partition("=") for change in changes)
        inner |= {name: _value(text) for name, _, text in facts if text}
        sent = {} if "bare" in changes else copy.deepcopy(payload)
        if changes in (["bare"], ["both"]):
            sent[f"{next(iter(payload))}_id"] = inner[key]
        by = None if service == "glance" else ADMIN if "admin" in kind else f"project-{number}"
        found.append(_notification(service, event_type, sent, at, by, number))
    return found


def _new(kind: str, number: int) -> dict[str, Any]:
    """The payload that a life begins with: a resource of its own, of a tenant of its own."""
    service, key = _KINDS[kind]
    if kind in ("network", "subnet", "port"):
        router = _SHAPES["router"]["payload"]["router"]
        payload = {kind: {name: router[name] for name in ("tenant_id", "project_id", "name")}}
        payload[kind] |= {"status": "ACTIVE"} if kind != "subnet" else {}
    else:
        payload = copy.deepcopy(_SHAPES[kind]["payload"])
    inner = next(iter(payload.values())) if service == "neutron" else payload
    inner[key] = str(uuid.uuid5(_NAMESPACE, f"{kind} {number}"))
    for name in ("tenant_id", "project_id", "owner"):
        if name in inner or (name == "project_id" and service == "neutron"):
            inner[name] = f"project-{number}"
    return payload


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _notification(service, event_type, payload, at, project, number) -> Notification:
    message_id = uuid.uuid5(_NAMESPACE, f"{event_type} {at} {number}")
    return Notification(service, event_type, payload, at, project, str(message_id))
