"""A cloud of some days: its tenants, its resources, its audits, and the noise it makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from ratings.tests.simulation import instances, meters, others, volumes, wire
from ratings.tests.simulation.life import Life, Times, new_id
from ratings.tests.simulation.words import Message

FIRST_DAYS = (datetime(2025, 1, 29, tzinfo=UTC), datetime(2025, 3, 10, tzinfo=UTC))
"""Of clouds; from the first one a month begins within some days."""

REGIONS = ("RegionOne", "RegionTwo")

_GRAINS = (
    timedelta(microseconds=1),
    timedelta(microseconds=1),
    timedelta(seconds=1),
    timedelta(minutes=10),
)
_PERIODS = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))


@dataclass
class Cloud:
    """Everything that happens in it follows from its seed."""

    seed: int
    days: int
    times: Times
    tenants: list[str]
    lives: list[Life] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    """All there are, in the order in which they were sent; those of lives, too."""

    @property
    def region_of(self) -> dict[tuple[str, str, str], Life]:
        return {life.resource: life for life in self.lives}


def make(seed: int, days: int, size: int = 24) -> Cloud:
    """The cloud of a seed, with about `size` resources that live on average half of its days."""
    chance = Random(f"cloud {seed}")
    start = chance.choice(FIRST_DAYS)
    skew = chance.choice((0.0, 0.0, 0.0, 0.02))
    times = Times(start, start + days * timedelta(days=1), chance.choice(_GRAINS), skew)
    cloud = Cloud(seed, days, times, [new_id(chance).replace("-", "") for _ in range(3)])
    for number in range(size):
        _populate(cloud, chance, _KINDS[number % len(_KINDS)])
    period = chance.choice(_PERIODS)
    _audit(cloud, chance, period)
    cloud.lives += meters.lives(chance, times, REGIONS, cloud.tenants)
    for life in cloud.lives:
        cloud.messages += life.messages
    cloud.messages += _noise(chance, times) + meters.noise(chance, times)
    cloud.messages.sort(key=lambda message: (message.sent, message.message_id))
    return cloud


_KINDS = (
    *("instance", "volume", "instance", "floating_ip", "instance", "image", "volume", "instance"),
    *("volume_snapshot", "router", "instance", "share", "volume", "instance_snapshot", "instance"),
    *("network", "volume_backup", "port", "flat", "instance", "load_balancer", "subnet", "vpn"),
)


def _populate(cloud: Cloud, chance: Random, kind: str) -> None:
    """One resource, or of ports some that are made together."""
    region, tenant = chance.choice(REGIONS), chance.choice(cloud.tenants)
    if kind == "port" and chance.random() < 0.5:
        ports = [
            Life(chance, cloud.times, kind, region, tenant, wire.NOTIFICATIONS) for _ in range(3)
        ]
        cloud.messages.append(others.make_together(ports))
        for life in ports:
            others.live_on(life)
        cloud.lives += ports
        return
    flat = kind == "flat"
    forms = wire.ANY if kind in _TRAITS_SUFFICE else wire.NOTIFICATIONS
    life = Life(chance, cloud.times, "volume" if flat else kind, region, tenant, forms)
    cloud.lives.append(life)
    if flat:
        volumes.live_flat(life)
    elif kind == "volume":
        volumes.live(life, cloud.tenants)
    elif kind in _LIVE:
        _LIVE[kind](life)
    else:
        others.live_network(life)


_CINDER = ("volume", "volume_snapshot", "volume_backup")
_TRAITS_SUFFICE = ("instance", "volume", "share", "load_balancer")
_LIVE = {
    "instance": instances.live,
    "volume_snapshot": volumes.live_still,
    "volume_backup": volumes.live_still,
    "share": volumes.live_shared,
    "image": others.live_image,
    "instance_snapshot": others.live_image,
    "load_balancer": others.live_balancer,
}


def _audit(cloud: Cloud, chance: Random, period: timedelta) -> None:
    """What the services' periodic audits tell, a moment after each period."""
    at = cloud.times.start
    images = [life for life in cloud.lives if life.kind in ("image", "instance_snapshot")]
    while at + period < cloud.times.end:
        since, at = at, at + period
        for life in cloud.lives:
            told = cloud.times.rough(at + chance.random() * timedelta(seconds=20))
            if life.kind == "instance":
                instances.audit(life, since, told)
            elif life.kind in others.AUDITED:
                others.audit_network(life, since, told)
            elif life.kind in _CINDER and life.messages and not _is_flat(life):
                volumes.audit(life, since, told)
        cloud.messages += others.audit_images(images, cloud.times, since, at)


def _is_flat(life: Life) -> bool:
    return life.messages[0].event_type == "create"


def _noise(chance: Random, times: Times) -> list[Message]:
    """What is to be ignored, and what nobody can understand."""
    found = []
    for _ in range(chance.randrange(6)):
        found.append(_odd(chance, times, "keypair.create.end", {"user_id": "u"}, "ignored"))
        found.append(_odd(chance, times, "compute.instance.create.end", [], "payload_invalid"))
        found.append(_odd(chance, times, "weather.changed", {}, "event_type_unknown"))
        nobody = {"tenant_id": "t", "size": 1}
        found.append(_odd(chance, times, "volume.create.end", nobody, "resource_id_missing"))
        endless = {"tenant_id": "t", "volume_id": "v", "size": -1}
        found.append(_odd(chance, times, "volume.create.end", endless, "quantity_invalid"))
        nul = {"tenant_id": "t\0", "volume_id": "v", "size": 1}
        found.append(_odd(chance, times, "volume.create.end", nul, "text_invalid"))
    return found


def _odd(chance: Random, times: Times, event_type: str, payload: object, fate: str) -> Message:
    message_id = new_id(chance)
    at = times.start + chance.random() * (times.end - times.start)
    body = wire.write(wire.PLAIN, message_id, event_type, at, {}, payload, None)  # type: ignore[arg-type]
    return Message(message_id, event_type, chance.choice(REGIONS), at, body, fate=fate)
