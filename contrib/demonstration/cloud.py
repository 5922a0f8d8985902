"""A small cloud and what its Ceilometer publishes in a month.

Three tenants in two regions. Every notification becomes the event that
Ceilometer's HTTP publisher would post; audits (``exists``) come once a day.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

_NAMESPACE = uuid.UUID("5f1d3a52-8f2e-4b57-9d1c-9a1f0c9b7a10")
_CODES = {str: 1, int: 2, float: 3}
_NAME_TRAITS = {
    "compute.instance": "display_name",
    "volume": "display_name",
    "floatingip": "floating_ip_address",
}

FLAVORS = {
    "m1.small": {"vcpus": 1, "memory_mb": 2048, "disk_gb": 20},
    "m1.large": {"vcpus": 4, "memory_mb": 8192, "disk_gb": 80},
}
TENANTS = {name: uuid.uuid5(_NAMESPACE, name).hex for name in ("acme", "globex", "initech")}


class Delivery(NamedTuple):
    """One event on its way: the region whose Ceilometer posts it, and the event."""

    region: str
    event: dict[str, Any]


class Cloud:
    """Writes down what happens, as the events of it."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start, self.end = start, end
        self.deliveries: list[Delivery] = []

    def at(self, day: int, hour: int = 0, minute: int = 0) -> datetime:
        return self.start + timedelta(days=day - 1, hours=hour, minutes=minute)

    def days(self, since: datetime, until: datetime | None = None) -> Iterator[datetime]:
        """Midnights after `since`, up to `until` or the end of the month."""
        midnight = since.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        while midnight <= (until or self.end):
            yield midnight
            midnight += timedelta(days=1)

    def say(self, region: str, when: datetime, event_type: str, **traits: Any) -> None:
        naive = when.replace(tzinfo=None)
        self.deliveries.append(
            Delivery(
                region,
                {
                    "message_id": str(
                        uuid.uuid5(_NAMESPACE, f"{len(self.deliveries)} {when} {event_type}")
                    ),
                    "event_type": event_type,
                    "generated": naive.isoformat(),
                    "traits": [_trait(name, value) for name, value in traits.items()],
                    "raw": {},
                },
            )
        )


class Resource:
    """Something that a tenant owns, and the words in which its service speaks of it."""

    def __init__(
        self, cloud: Cloud, prefix: str, region: str, tenant: str, name: str, **traits: Any
    ) -> None:
        self.id = str(uuid.uuid5(_NAMESPACE, f"{region} {prefix} {name}"))
        self._cloud, self._prefix, self._region = cloud, prefix, region
        self._tenant = tenant
        called = _NAME_TRAITS.get(prefix, "name")
        self._traits = {"resource_id": self.id, called: name, **traits}

    def say(self, when: datetime, what: str, **changes: Any) -> None:
        """Publish `what` with all that is known; `changes` are known from then on."""
        self._traits |= changes
        project = TENANTS[self._tenant]
        self._cloud.say(
            self._region,
            when,
            f"{self._prefix}.{what}",
            service=self._prefix.split(".")[0],
            project_id=project,
            tenant_id=project,
            **self._traits,
        )

    def move(self, when: datetime, tenant: str) -> None:
        self._tenant = tenant
        self.say(when, "transfer.accept.end")

    def audit(self, since: datetime, until: datetime | None = None) -> None:
        for midnight in self._cloud.days(since, until):
            self.say(midnight, "exists")


def month(start: datetime, end: datetime) -> tuple[Cloud, dict[str, Resource]]:
    """What happens from `start` to `end`, in order, and the resources worth a look."""
    cloud = Cloud(start, end)
    found = {
        "web-1": _resized(cloud),
        "night-1": _switched_off_at_night(cloud),
        "db-1": _resized_unnoticed(cloud),
    }
    _failed_build(cloud)
    _short_lived(cloud)
    _volumes(cloud)
    _network_and_images(cloud)
    return cloud, found


def _instance(cloud: Cloud, region: str, tenant: str, name: str, flavor: str) -> Resource:
    traits = {"instance_type": flavor, "state": "active", **FLAVORS[flavor]}
    return Resource(cloud, "compute.instance", region, tenant, name, **traits)


def _resized(cloud: Cloud) -> Resource:
    web = _instance(cloud, "north", "acme", "web-1", "m1.small")
    web.say(cloud.at(1, 9), "create.start", state="building")
    web.say(cloud.at(1, 9, 1), "create.end", state="active")
    web.audit(cloud.at(1, 9), cloud.at(10))
    moment = cloud.at(10, 14, 30)
    web.say(moment, "resize.prep.start")
    web.say(moment + timedelta(seconds=20), "resize.end")
    large = {"instance_type": "m1.large", **FLAVORS["m1.large"]}
    web.say(moment + timedelta(seconds=45), "finish_resize.end", state="resized", **large)
    web.say(moment + timedelta(hours=2), "resize.confirm.end", state="active")
    web.audit(cloud.at(10, 20))
    return web


def _switched_off_at_night(cloud: Cloud) -> Resource:
    night = _instance(cloud, "north", "acme", "night-1", "m1.large")
    night.say(cloud.at(2, 8), "create.end")
    for midnight in cloud.days(cloud.at(2, 8)):
        night.say(midnight - timedelta(hours=4), "power_off.end", state="stopped")
        night.say(midnight, "exists")
        if midnight < cloud.end:
            night.say(midnight + timedelta(hours=8), "power_on.end", state="active")
    return night


def _resized_unnoticed(cloud: Cloud) -> Resource:
    """The notification of its resize got lost; an audit finds it larger than it was."""
    database = _instance(cloud, "south", "globex", "db-1", "m1.small")
    database.say(cloud.at(3, 10), "create.end")
    database.audit(cloud.at(3, 10), cloud.at(12))
    database.say(cloud.at(13), "exists", instance_type="m1.large", **FLAVORS["m1.large"])
    database.audit(cloud.at(13, 1))
    return database


def _failed_build(cloud: Cloud) -> None:
    broken = _instance(cloud, "south", "globex", "never-1", "m1.large")
    broken.say(cloud.at(4, 11), "create.start", state="building")
    broken.say(cloud.at(4, 11, 2), "create.error", state="error")
    broken.say(cloud.at(4, 12), "delete.end", state="deleted")


def _short_lived(cloud: Cloud) -> None:
    for day in (6, 13, 20, 27):
        batch = _instance(cloud, "south", "initech", f"batch-{day}", "m1.large")
        batch.say(cloud.at(day, 1), "create.end")
        batch.say(cloud.at(day, 5, 17), "delete.start")
        batch.say(cloud.at(day, 5, 17) + timedelta(seconds=4), "shutdown.end")
        batch.say(
            cloud.at(day, 5, 17) + timedelta(seconds=9),
            "delete.end",
            state="deleted",
            deleted_at=(cloud.at(day, 5, 17) + timedelta(seconds=8)),
        )


def _volumes(cloud: Cloud) -> None:
    data = Resource(cloud, "volume", "north", "acme", "data", size=100, type="ssd")
    data.say(cloud.at(1, 9, 30), "create.end", status="available")
    data.say(cloud.at(1, 9, 40), "attach.end", status="in-use")
    data.audit(cloud.at(1, 10), cloud.at(15))
    data.say(cloud.at(15, 16), "resize.end", size=250)
    data.audit(cloud.at(15, 17))
    archive = Resource(cloud, "volume", "south", "globex", "archive", size=500, type="hdd")
    archive.say(cloud.at(5, 12), "create.end", status="available")
    archive.audit(cloud.at(5, 13), cloud.at(17))
    archive.move(cloud.at(18, 9, 15), "initech")
    archive.audit(cloud.at(18, 10), cloud.at(24))
    archive.say(cloud.at(25, 7), "delete.end", status="deleting")


def _network_and_images(cloud: Cloud) -> None:
    address = Resource(cloud, "floatingip", "north", "acme", "203.0.113.10")
    address.say(cloud.at(1, 9, 5), "create.end")
    address.audit(cloud.at(1, 10))
    router = Resource(cloud, "router", "south", "globex", "edge")
    router.say(cloud.at(3, 9), "create.end")
    router.audit(cloud.at(3, 10), cloud.at(20))
    router.say(cloud.at(20, 18), "delete.end")
    image = Resource(cloud, "image", "north", "initech", "golden")
    image.say(cloud.at(2, 10), "create", status="queued")
    image.say(cloud.at(2, 10, 3), "upload", status="active", size=2252013568)
    image.say(cloud.at(26, 10), "delete", status="deleted")


def as_it_arrives(deliveries: list[Delivery], seed: int) -> tuple[list[Delivery], list[Delivery]]:
    """Deliveries as a real agent sends them, and those that come late, after everything.

    Neighbours change places, one in twenty comes twice, and two hold-ups lose
    nothing: what they held back comes at the end.
    """
    chance = random.Random(seed)
    in_time = sorted(deliveries, key=lambda delivery: delivery.event["generated"])
    resizes = [d for d in in_time if d.event["event_type"].endswith("finish_resize.end")]
    switched_on = [d for d in in_time if d.event["event_type"].endswith("power_on.end")]
    late = resizes + chance.sample(switched_on, 3)
    arriving = [d for d in in_time if d not in late]
    arriving += chance.sample(arriving, len(arriving) // 20)
    arriving.sort(key=lambda d: (d.event["generated"][:10], chance.random()))
    return arriving, late


def _trait(name: str, value: Any) -> list[Any]:
    if isinstance(value, datetime):
        return [name, 4, value.replace(tzinfo=None).isoformat()]
    return [name, _CODES[type(value)], value]
