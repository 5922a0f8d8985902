"""What pollsters measure: volumes, counters that begin anew, servers that are up or not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from random import Random
from typing import Any

from ratings.readers.identity import of_element, of_sample
from ratings.tests.simulation import wire
from ratings.tests.simulation.instances import FLAVORS
from ratings.tests.simulation.life import MINUTE, Life, Times, new_id, whole
from ratings.tests.simulation.volumes import TYPES
from ratings.tests.simulation.words import Fact, Message, Said

VOLUME, TRAFFIC, CPU, UPTIME = "volume.size", "network.incoming.bytes", "cpu", "instance.uptime"

METERED = frozenset({VOLUME, TRAFFIC, CPU, UPTIME})
"""Kinds that are known from samples only."""

GIB = 1024**3
NANOSECONDS = 10**9

_PERIODS = (20 * MINUTE, 40 * MINUTE, 90 * MINUTE)
_STATUSES = ("active", "active", "active", "shutoff", "paused", "suspended")


def live(life: Life, tenants: list[str]) -> None:
    """A volume: it grows and shrinks, changes its type, and its owner."""
    life.now(size=whole(life.chance.randint(1, 500)), volume_type=life.chance.choice(TYPES))
    while life.wait():
        deed = life.chance.choice((*6 * ("resize",), "retype", "transfer", "delete"))
        if deed == "delete":
            return life.now(alive=False)
        if deed == "transfer":
            life.tenant = life.chance.choice(tenants)
        size = life.facts["size"]
        if deed == "resize":
            size = Fraction(life.chance.randint(1, 2000), 4)
        life.now(
            size=size, **({"volume_type": life.chance.choice(TYPES)} if deed == "retype" else {})
        )
    return None


def live_up(life: Life) -> None:
    """A server whose status changes, and sometimes its flavor."""
    life.now(status="active", flavor=life.chance.choice(sorted(FLAVORS)))
    while life.wait():
        if life.chance.random() < 0.1:
            return life.now(alive=False)
        flavor = life.chance.choice(sorted(FLAVORS)) if life.chance.random() < 0.3 else None
        told = {} if flavor is None else {"flavor": flavor}
        life.now(status=life.chance.choice(_STATUSES), **told)
    return None


def poll(life: Life) -> None:
    """Samples of the size of a volume."""
    for at in _rounds(life):
        step = life.was(at)
        if step is None or step.facts is None:
            continue
        told = {"volume_type": step.facts["volume_type"]}
        # Where a pollster leaves it out, what the samples before said holds.
        told = {} if life.messages and life.chance.random() < 0.2 else told
        size = None if life.chance.random() < 0.03 else step.facts["size"]
        facts: dict[str, Fact] = dict(told) if size is None else {**told, "value": size}
        metadata = {"display_name": "data", **{f"{name}_id": text for name, text in told.items()}}
        _sample(life, VOLUME, "gauge", size, at, step.tenant, metadata, [(life, facts)])


def poll_counter(life: Life) -> None:
    """Samples of a counter of bytes; `steps` say how many there have been in all."""
    total = counter = 0
    for at in _rounds(life):
        grown = life.chance.choice((0, 1, 10**6, 10**9, 10**11)) * life.chance.randint(1, 99)
        total, counter = total + grown, counter + grown
        if life.chance.random() < 0.06:
            # The server began anew; what it took since the last round, nobody has seen.
            counter = life.chance.randint(0, 10**6)
            total += counter
        life.at = at
        life.now(total=Fraction(total, GIB))
        facts: dict[str, Fact] = {"value": Fraction(counter, GIB)}
        _sample(life, TRAFFIC, "cumulative", counter, at, life.tenant, {}, [(life, facts)])


def poll_server(up: Life, cpu: Life) -> None:
    """Samples of the CPU time of a server, which tell its status, too."""
    total = counter = 0
    for at in _rounds(up):
        step = up.was(at)
        if step is None or step.facts is None:
            continue
        grown = up.chance.randrange(900 * NANOSECONDS)
        total, counter = total + grown, counter + grown
        if up.chance.random() < 0.06:
            counter = up.chance.randrange(NANOSECONDS)
            total += counter
        cpu.at = at
        cpu.now(total=Fraction(total, NANOSECONDS))
        flavor, status = step.facts["flavor"], step.facts["status"]
        metadata = {"status": status, "flavor": {"name": flavor}, "display_name": "web"}
        said = [
            (cpu, {"value": Fraction(counter, NANOSECONDS), "flavor": flavor}),
            (up, {"status": status, "flavor": flavor}),
        ]
        _sample(up, CPU, "cumulative", counter, at, up.tenant, metadata, said)


def noise(chance: Random, times: Times) -> list[Message]:
    """Samples that are to be ignored, or that nobody can understand."""
    found = []
    for _ in range(chance.randrange(4)):
        for name, tenant, fate in (
            ("disk.device.read.bytes", "t", "ignored"),
            ("weather.temperature", "t", "meter_unknown"),
            (VOLUME, None, "tenant_id_missing"),
        ):
            at = times.start + chance.random() * (times.end - times.start)
            resource_id = new_id(chance)
            body = wire.sample(name, "gauge", 1, tenant, resource_id, at, {}, new_id(chance))
            message_id = of_sample("RegionOne", resource_id, name, at)
            found.append(Message(message_id, name, "RegionOne", at, body, fate=fate, sampled=True))
    return found


def _rounds(life: Life) -> list[datetime]:
    """When it is polled, at instants that the clocks of this cloud tell apart."""
    period = life.chance.choice(_PERIODS)
    at, found = life.steps[0].at if life.steps else life.at, []
    while at < life.times.end - MINUTE:
        told = life.times.rough(at + life.chance.random() * MINUTE)
        if not found or told > found[-1]:
            found.append(told)
        at += period
    return found


def _sample(
    life: Life,
    meter: str,
    kind: str,
    volume: Fact | int | None,
    at: datetime,
    tenant: str,
    metadata: Mapping[str, Any],
    told: list[tuple[Life, dict[str, Fact]]],
) -> None:
    """One sample, and what it says of each resource that a mapping makes of it."""
    message_id = of_sample(life.region, life.resource_id, meter, at)
    if isinstance(volume, Fraction):
        volume = int(volume) if volume.denominator == 1 else float(volume)
    says = tuple(
        Said(
            message_id if about.kind == meter else of_element(message_id, about.kind),
            *about.resource,
            "sample",
            at,
            facts,
            owner=tenant,
        )
        for about, facts in told
    )
    body = wire.sample(
        meter, kind, volume, tenant, life.resource_id, at, metadata, new_id(life.chance)
    )
    life.messages.append(
        Message(message_id, meter, life.region, at, body, says, news=True, sampled=True)
    )


def lives(chance: Random, times: Times, regions: tuple[str, ...], tenants: list[str]) -> list[Life]:
    """A volume, a port and a server that are polled."""

    def life(kind: str) -> Life:
        return Life(chance, times, kind, chance.choice(regions), chance.choice(tenants), ())

    volume, port, up = life(VOLUME), life(TRAFFIC), life(UPTIME)
    live(volume, tenants)
    poll(volume)
    poll_counter(port)
    cpu = Life(chance, times, CPU, up.region, up.tenant, ())
    cpu.resource_id = up.resource_id
    live_up(up)
    poll_server(up, cpu)
    return [volume, port, up, cpu]
