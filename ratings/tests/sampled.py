"""Samples that a person can read, and mappings to measure them with, for tests.

A line is ``TIME [VALUE] [fact=text ...]``; ``tenant=`` names the owner. Without a value
the sample measured nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import yaml

from ratings.core import mappings
from ratings.core.definitions import ResourceType
from ratings.core.ledger import Rules, derive
from ratings.core.model import SAMPLE, Event, Price, Record, State
from ratings.core.pricing import PriceBook
from ratings.core.timeline import ordered, until
from ratings.readers.identity import of_sample
from ratings.tests.journals import DEFINITIONS, instant, lines
from ratings.tests.ledgers import SETTINGS
from ratings.transformers import gauges, lifecycle
from ratings.transformers.uptime import uptime

HOUR = timedelta(hours=1)

TRANSFORMERS = {
    "lifecycle": lifecycle.transform,
    "delta": gauges.delta,
    "from_image": gauges.from_image,
    "gauge_max": gauges.gauge_max,
    "gauge_sum": gauges.gauge_sum,
    "network_service": gauges.network_service,
    "numbool": gauges.numbool,
    "object_storage_max": gauges.object_storage_max,
    "storage_max": gauges.storage_max,
    "uptime": uptime,
}

MAPPINGS = """
mappings:
  - {meter: size, unit: GiB, transformer: gauge_max}
  - {meter: bytes, unit: B, transformer: gauge_sum}
  - {meter: counter, unit: B, transformer: delta}
  - {meter: service, unit: service, transformer: network_service}
  - {meter: seen, unit: thing, transformer: numbool}
  - meter: root
    unit: GiB
    transformer: from_image
    metadata: {image_ref: resource_metadata.image_ref}
  - meter: volume.size
    unit: GiB
    transformer: storage_max
    service: b1.standard
    services: {5b2c: b1.nvme}
    metadata: {volume_type: resource_metadata.volume_type}
    record_metadata: [volume_type]
  - meter: objects
    unit: GiB
    transformer: object_storage_max
    service: o1.standard
    services: {nz.hlz: o1.hlz}
    metadata: {storage_policy: resource_metadata.policy}
  - meter: state
    name: server.uptime
    unit: server
    transformer: uptime
    transformer_config: {tracked_states: [active, paused]}
    metadata:
      status: resource_metadata.status
      flavor: resource_metadata.flavor
    record_metadata: [flavor]
"""
DOCUMENT: Mapping[str, Any] = yaml.safe_load(MAPPINGS)
SAMPLED = mappings.join(DEFINITIONS, DOCUMENT, HOUR)
SAMPLED_SETTINGS = replace(SETTINGS, definitions=SAMPLED, transformers=TRANSFORMERS)


def samples(text: str, meter: str = "size", resource_id: str = "r1") -> list[Event]:
    """Samples of one resource, in the order of the lines."""
    return [_sample(line.split(), meter, resource_id) for line in text.strip().splitlines()]


def sample(
    meter: str,
    at: datetime,
    value: Decimal | None,
    tenant_id: str | None = "acme",
    resource_id: str = "r1",
    **facts: str,
) -> Event:
    content: dict[str, Decimal | str] = dict(facts)
    if value is not None:
        content["value"] = value
    kinds = {mapping["meter"]: mapping.get("name", mapping["meter"]) for mapping in named()}
    return Event(
        message_id=of_sample("RegionOne", resource_id, meter, at),
        region="RegionOne",
        event_type=meter,
        resource_type=kinds[meter],
        resource_id=resource_id,
        tenant_id=tenant_id,
        event_time=at,
        action=SAMPLE,
        content=content,
    )


def named() -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = DOCUMENT["mappings"]
    return found


def kind(meter: str) -> ResourceType:
    (found,) = [m.name for m in SAMPLED.meters.mappings[meter]]
    return SAMPLED.types[found]


def rules(meter: str, *prices: Price) -> Rules:
    resource_type = kind(meter)
    return Rules(TRANSFORMERS[resource_type.transformer], resource_type, PriceBook(prices, "USD"))


def charged(events: list[Event], end: str = "23:59", *prices: Price) -> list[str]:
    """What samples of one resource are charged, as lines, seen at `end`."""
    timeline = [*ordered(events), until(instant(end))]
    records, _ = derive(rules(events[0].event_type, *prices), State(), timeline, "RegionOne", {})
    return lines(records)


def ledger(events: list[Event], end: datetime, cuts: Sequence[datetime] = ()) -> list[Record]:
    """Records of samples of one resource, seen at `end`."""
    timeline = [*ordered(events), until(end)]
    every = dict.fromkeys(("acme", "globex"), cuts)
    return derive(rules(events[0].event_type), State(), timeline, "RegionOne", every)[0]


def _sample(words: list[str], meter: str, resource_id: str) -> Event:
    facts = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    values = [word for word in words[1:] if "=" not in word]
    value = Decimal(values[0]) if values else None
    tenant_id = facts.pop("tenant", "acme") or None
    return sample(meter, instant(words[0]), value, tenant_id, resource_id, **facts)
