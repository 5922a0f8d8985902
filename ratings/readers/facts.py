"""A notice of any format -> the event it is, by the rules of the definitions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ratings.core.definitions import NUMBER, FactSource
from ratings.core.model import Event, Fact
from ratings.readers.identity import LONGEST
from ratings.readers.misread import Misread, shown
from ratings.readers.plans import Plan, Rule
from ratings.readers.quantities import quantity, total
from ratings.readers.times import event_time

LONGEST_TEXT = 1024
"""Characters of a text fact; the rest of a longer one is cut off."""


class Notice(NamedTuple):
    """What the formats have in common, as it came: nothing of it is checked yet.

    message_id: the id that it bears, None when it bears none.
    traits:     Ceilometer's triples; an empty list in other formats.
    payload:    that of the notification; empty where only traits are known.
    requester:  the project that asked, by the context of the request.
    """

    message_id: str | None
    event_type: Any
    time: Any
    traits: Any
    payload: Any
    requester: Any


def interpret(notice: Notice, plan: Plan, message_id: str, region: str) -> Event | None:
    """The event that a notice is; None when no rule holds.

    Raises Misread, in this order of precedence: traits_invalid, payload_invalid,
    resource_id_missing, resource_id_invalid, event_time_invalid, tenant_id_invalid,
    quantity_invalid or fact_invalid.
    """
    traits = _traits(notice.traits)
    payload = _payload(notice.payload)
    for rule in plan.rules:
        if _holds(rule, traits, payload):
            break
    else:
        return None
    resource_id = _resource_id(rule.resource_id, traits, payload)
    instant = _time(notice.time, rule.times, traits, payload)
    tenant_id = _tenant(rule.tenant_id, traits, payload)
    content = _content(rule.facts, traits, payload)
    if tenant_id is None or rule.taken:
        requester = _requester(rule.requester, traits, payload) or notice.requester
        if type(requester) is str and 0 < len(requester) <= LONGEST:
            if rule.taken:
                tenant_id = requester
            else:
                content["requester"] = requester
    return Event(
        message_id=message_id,
        region=region,
        event_type=notice.event_type,
        resource_type=rule.resource_type,
        resource_id=resource_id,
        tenant_id=tenant_id,
        event_time=instant,
        action=rule.action,
        content=content,
        starts=rule.starts,
    )


def find(source: FactSource, traits: Mapping[str, Any], payload: Mapping[str, Any]) -> Any:
    """The first value that is neither null nor an empty text; None without one."""
    for name in source.traits:
        value = traits.get(name)
        if value is not None and value != "":
            return value
    if payload:
        for path in source.payload:
            value = _dig(payload, path)
            if value is not None and value != "":
                return value
    return None


def _dig(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if type(value) is not dict:
            return None
        value = value.get(key)
    return value


def _traits(triples: Any) -> Mapping[str, Any]:
    traits = {}
    if type(triples) is list:
        for triple in triples:
            if type(triple) is not list or len(triple) != 3 or type(triple[0]) is not str:
                break
            traits[triple[0]] = triple[2]
        else:
            return traits
    raise Misread("traits_invalid", "traits are no list of [name, type, value]")


def _payload(payload: Any) -> Mapping[str, Any]:
    if not isinstance(payload, dict):
        raise Misread("payload_invalid", "the payload is no object")
    return payload


def _holds(rule: Rule, traits: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    for source, texts, expected in rule.conditions:
        value = find(source, traits, payload)
        if (_text(source, value) in texts) is not expected:
            return False
    return True


def _content(
    facts: tuple[FactSource, ...], traits: Mapping[str, Any], payload: Mapping[str, Any]
) -> dict[str, Fact]:
    content: dict[str, Fact] = {}
    for source in facts:
        value = find(source, traits, payload)
        if value is None:
            if source.sum and (found := _sum(source, payload)) is not None:
                content[source.name] = found
        elif source.kind == NUMBER:
            content[source.name] = quantity(value, source.name, source.divide)
        elif (text := _text(source, value)) is not None:
            content[source.name] = text
    return content


def _sum(source: FactSource, payload: Mapping[str, Any]) -> Decimal | None:
    """The sum of all parts of a number; None where one of them is not told."""
    values = [_dig(payload, path) for path in source.sum]
    if None in values or "" in values:
        return None
    return total(values, source.name, source.divide)


def _text(source: FactSource, value: Any) -> str | None:
    """The text fact that `value` is; None where it is absent or translates to nothing."""
    if value is None:
        return None
    if isinstance(value, (dict, list)):
        raise Misread("fact_invalid", f"{source.name}: {shown(value)} is no text")
    text = str(value)  # of numbers and booleans, as Ceilometer does it
    if source.translate is not None and text in source.translate:
        return source.translate[text]
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT]


def _resource_id(source: FactSource, traits: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    value = find(source, traits, payload)
    if value is None:
        raise Misread("resource_id_missing", "the event names no resource")
    if type(value) is not str or len(value) > LONGEST:
        raise Misread("resource_id_invalid", f"{shown(value)} is no id of a resource")
    return value


def _tenant(
    source: FactSource | None, traits: Mapping[str, Any], payload: Mapping[str, Any]
) -> str | None:
    value = None if source is None else find(source, traits, payload)
    if value is None:
        return None
    if type(value) is not str or len(value) > LONGEST:
        raise Misread("tenant_id_invalid", f"{shown(value)} is no id of a tenant")
    return value


def _requester(
    source: FactSource | None, traits: Mapping[str, Any], payload: Mapping[str, Any]
) -> Any:
    return None if source is None else find(source, traits, payload)


def _time(
    value: Any,
    sources: tuple[FactSource, ...],
    traits: Mapping[str, Any],
    payload: Mapping[str, Any],
) -> datetime:
    """The event's own time, or an earlier one at which what it tells took effect."""
    own = event_time(value)
    if own is None:
        raise Misread("event_time_invalid", f"{shown(value)} is no time since the year 2000")
    for source in sources:
        effective = event_time(find(source, traits, payload))
        if effective is not None and effective <= own:
            return effective
    return own
