"""Ceilometer's sample, as its HTTP publisher posts it.

``{name, type, unit, volume, project_id, user_id, resource_id, timestamp,
resource_metadata, source, id, monotonic_time}``; in older releases, and in what its
other publishers send, ``counter_name``, ``counter_volume`` and so on.

A sample becomes an event of a resource of its own for each mapping of its meter that
it passes. It is told apart by region, resource id, meter and time, for its id is
another one each time that Ceilometer handles a notification again.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from fnmatch import translate
from hashlib import md5
from typing import Any

from ratings.core.errors import DefinitionError
from ratings.core.meters import VALUE, Meter, Meters
from ratings.core.model import SAMPLE, Event, Fact, Ignored, Unreadable
from ratings.readers import identity
from ratings.readers.expressions import MISSING, Finder, compiled, true
from ratings.readers.facts import LONGEST_TEXT
from ratings.readers.identity import LONGEST
from ratings.readers.misread import Misread, shown
from ratings.readers.quantities import measured
from ratings.readers.times import event_time
from ratings.readers.wire import Wire

KEYS = frozenset({"volume", "counter_volume", "counter_name", "monotonic_time"})
"""Any of these makes an object a sample, if a bad one. No other format has them."""

_OLD = ("name", "type", "unit", "volume")


class Samples:
    """Reads samples by the mappings of their meters.

    Raises DefinitionError when made of mappings that have no JMESPath where there
    should be one.
    """

    def __init__(self, meters: Meters) -> None:
        self._mappings = {
            meter: [_Mapping(mapping) for mapping in mappings]
            for meter, mappings in meters.mappings.items()
        }
        self._ignored = re.compile("|".join(map(translate, meters.ignore)) or "(?!)").match

    def read(
        self, wire: Wire, problem: Misread | None, region: str
    ) -> list[Event | Ignored | Unreadable]:
        """What the sample says for each mapping of its meter; at least one reading.

        Unreadable, beside what a mapping finds: meter_missing, event_time_invalid,
        resource_id_missing, resource_id_invalid, meter_unknown.
        """
        wire = _renamed(wire)
        message_id = identified(wire, region)
        if problem is not None:
            return [problem.unreadable(message_id)]
        try:
            meter, instant = _meter(wire), _instant(wire)
            _resource_id(wire)
            mappings = self._mappings.get(meter, [])
            if not mappings and (len(meter) > LONGEST or not self._ignored(meter)):
                raise Misread("meter_unknown", f"no mapping knows the meter {shown(meter)}")
        except Misread as misread:
            return [misread.unreadable(message_id)]
        found = [mapping.read(wire, region, instant, message_id) for mapping in mappings]
        told: list[Event | Ignored | Unreadable] = [
            reading for reading in found if reading is not None
        ]
        if told:
            return told
        if mappings and not any(mapping.trusts(wire) for mapping in mappings):
            # Who is not trusted must not take the place of who is.
            message_id = identity.of_element(message_id, f"from {shown(wire.get('source'))}")
        return [Ignored(message_id, region, meter, instant)]


def identified(wire: Wire, region: str) -> str:
    """The id of a sample; where it lacks what tells it apart, one of its content."""
    meter, resource_id = wire.get("name"), wire.get("resource_id")
    instant = event_time(wire.get("timestamp"))
    if isinstance(meter, str) and isinstance(resource_id, str) and instant is not None:
        return identity.of_sample(region, resource_id, meter, instant)
    anonymous = {k: v for k, v in wire.items() if k not in ("id", "message_id")}
    return identity.derived(region, anonymous)


class _Mapping:
    """A `Meter`, prepared for reading."""

    def __init__(self, meter: Meter) -> None:
        try:
            self._filters = [compiled(expression) for expression in meter.filters]
            self._metadata = [(name, Finder(source)) for name, source in meter.metadata]
            self._tenant_id = Finder(meter.tenant_id)
            value = meter.value
            self._value = None if value is None or isinstance(value, Decimal) else Finder(value)
        except DefinitionError as error:
            raise DefinitionError(f"mapping {meter.name} of {meter.meter}: {error}") from error
        trusted = None if meter.sources is None else "|".join(map(translate, meter.sources))
        self._trusted = None if trusted is None else re.compile(trusted or "(?!)").match
        self._meter = meter

    def trusts(self, wire: Wire) -> bool:
        source = wire.get("source")
        return self._trusted is None or (type(source) is str and bool(self._trusted(source)))

    def read(
        self, wire: Wire, region: str, instant: datetime, message_id: str
    ) -> Event | Unreadable | None:
        """What the sample says; None where it does not pass.

        Unreadable: mapping_failed, tenant_id_missing, tenant_id_invalid,
        volume_missing, quantity_invalid, fact_invalid, resource_id_invalid.
        """
        if self._meter.name != self._meter.meter:
            message_id = identity.of_element(message_id, self._meter.name)
        try:
            if not self.trusts(wire) or not all(true(look(wire)) for look in self._filters):
                return None
            return Event(
                message_id=message_id,
                region=region,
                event_type=self._meter.meter,
                resource_type=self._meter.name,
                resource_id=_shortened(self._meter.resource_id, wire["resource_id"]),
                tenant_id=_tenant(self._tenant_id.find(wire)),
                event_time=instant,
                action=SAMPLE,
                content=self._content(wire),
            )
        except Misread as misread:
            return misread.unreadable(message_id)

    def _content(self, wire: Wire) -> dict[str, Fact]:
        content: dict[str, Fact] = {}
        if (value := self._measured(wire)) is not None:
            content[VALUE] = measured(value, "volume", self._meter.conversion)
        for name, finder in self._metadata:
            found = finder.find(wire)
            if found is not MISSING:
                content[name] = _text(name, found, finder.template)
        return content

    def _measured(self, wire: Wire) -> Any:
        """What was measured, before its conversion; None for a ``volume`` that is null."""
        if isinstance(self._meter.value, Decimal):
            return self._meter.value
        found = wire.get("volume", MISSING) if self._value is None else self._value.find(wire)
        if found is MISSING or (self._value is not None and found == ""):
            raise Misread("volume_missing", "the sample does not tell what was measured")
        return found


def _renamed(wire: Wire) -> Wire:
    if "counter_name" not in wire and "counter_volume" not in wire:
        return wire
    old = {name: wire[f"counter_{name}"] for name in _OLD if f"counter_{name}" in wire}
    return {**wire, **old}


def _meter(wire: Wire) -> str:
    meter = wire.get("name")
    if type(meter) is not str or not meter:
        raise Misread("meter_missing", "the sample does not name its meter")
    return meter


def _resource_id(wire: Wire) -> str:
    resource_id = wire.get("resource_id")
    if resource_id is None or resource_id == "":
        raise Misread("resource_id_missing", "the sample names no resource")
    if type(resource_id) is not str:
        raise Misread("resource_id_invalid", f"{shown(resource_id)} is no id of a resource")
    return resource_id


def _instant(wire: Wire) -> datetime:
    found = event_time(wire.get("timestamp"))
    if found is None:
        told = shown(wire.get("timestamp"))
        raise Misread("event_time_invalid", f"{told} is no time since the year 2000")
    return found


def _shortened(template: str, resource_id: str) -> str:
    """Ids of containers hold the name of the container, which may be long: as Distil has them."""
    named = template.replace("%s", resource_id)
    if len(named) <= LONGEST:
        return named
    return md5(named.encode(), usedforsecurity=False).hexdigest()


def _tenant(found: Any) -> str:
    if found is MISSING or found == "":
        raise Misread("tenant_id_missing", "the sample names no owner")
    if type(found) is not str or len(found) > LONGEST:
        raise Misread("tenant_id_invalid", f"{shown(found)} is no id of a tenant")
    return found


def _text(name: str, found: Any, template: str) -> str:
    if isinstance(found, dict | list | float):
        raise Misread("fact_invalid", f"{name}: {shown(found)} is no text")
    if found == "":
        return ""
    return template.replace("%s", str(found))[:LONGEST_TEXT]
