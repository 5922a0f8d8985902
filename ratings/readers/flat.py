"""Koala's flat event: facts as the sender has them, nothing to be looked up.

``{resource_id, resource_type, event_type, event_time, region, tenant_id, content}``
and, if the sender likes, ``resource_name`` and ``message_id``. Its sender reads the
answer, so what breaks a rule is refused instead of parked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ratings.core.definitions import NUMBER, ResourceType
from ratings.core.discrepancies import RECONCILED
from ratings.core.errors import InvalidEvent
from ratings.core.model import Event, Fact
from ratings.readers.facts import LONGEST_TEXT
from ratings.readers.identity import LONGEST, borne, derived
from ratings.readers.misread import Misread, shown
from ratings.readers.quantities import quantity
from ratings.readers.times import event_time
from ratings.readers.wire import Wire

REQUIRED = (
    "resource_id",
    "resource_type",
    "event_type",
    "event_time",
    "region",
    "tenant_id",
    "content",
)
KEYS = frozenset(REQUIRED) - {"region", "tenant_id"}
"""Any of these makes an object a flat event, if a bad one."""

NO_SAMPLE = KEYS - {"resource_id"}
"""Any of these tells a flat event from a sample."""

_UPLOAD = "upload"
"""What Koala calls the creation of an image."""


def read(wire: Wire, types: Mapping[str, ResourceType]) -> Event:
    """The event. Quantities are taken as given, in the unit of their component.

    Raises InvalidEvent, in this order of precedence: field_missing, field_invalid,
    resource_type_invalid, event_type_invalid, event_time_invalid, content_invalid.
    """
    _check_fields(wire)
    resource_type = _resource_type(wire["resource_type"], types)
    action = _action(wire["event_type"], resource_type)
    instant = event_time(wire["event_time"])
    if instant is None:
        raise InvalidEvent(
            f"event_time: {shown(wire['event_time'])} is no time since the year 2000",
            code="event_time_invalid",
        )
    content = _content(wire["content"], resource_type)
    if action == "create":
        _check_chargeable(content, resource_type)
    if wire.get("resource_name"):
        content["name"] = wire["resource_name"][:LONGEST_TEXT]
    return Event(
        message_id=wire.get("message_id") or derived(wire["region"], wire),
        region=wire["region"],
        event_type=wire["event_type"],
        resource_type=resource_type.name,
        resource_id=wire["resource_id"],
        tenant_id=wire["tenant_id"],
        event_time=instant,
        action=action,
        content=content,
        starts=action != "delete",
    )


def _check_fields(wire: Wire) -> None:
    missing = [name for name in REQUIRED if wire.get(name) is None or wire[name] == ""]
    if missing:
        raise InvalidEvent(f"missing: {', '.join(missing)}", code="field_missing")
    for name in ("resource_id", "region", "tenant_id"):
        if borne(wire[name]) is None:
            raise _invalid("field_invalid", name, wire[name], f"no text of up to {LONGEST}")
    resource_name, message_id = wire.get("resource_name"), wire.get("message_id")
    if resource_name is not None and type(resource_name) is not str:
        raise _invalid("field_invalid", "resource_name", resource_name, "no text")
    if message_id is not None and borne(message_id) is None:
        raise _invalid("field_invalid", "message_id", message_id, f"no text of up to {LONGEST}")


def _resource_type(name: Any, types: Mapping[str, ResourceType]) -> ResourceType:
    if type(name) is not str or name not in types or types[name].sampling is not None:
        raise _invalid("resource_type_invalid", "resource_type", name, "not defined")
    return types[name]


def _action(event_type: Any, resource_type: ResourceType) -> str:
    if event_type == _UPLOAD:
        return "create"
    if type(event_type) is str:
        # What reconciliation writes bears a mark before what it is.
        event_type = event_type.removeprefix(RECONCILED)
    if type(event_type) is not str or event_type not in resource_type.actions:
        known = ", ".join(sorted(resource_type.actions | {_UPLOAD}))
        raise _invalid("event_type_invalid", "event_type", event_type, f"none of {known}")
    return event_type


def _content(content: Any, resource_type: ResourceType) -> dict[str, Fact]:
    if type(content) is not dict:
        raise _invalid("content_invalid", "content", content, "no object")
    kinds = {fact.name: fact.kind for fact in resource_type.facts}
    facts = {}
    for name, value in content.items():
        if not 0 < len(name) <= LONGEST:
            raise _invalid("content_invalid", "content", name, f"no name of up to {LONGEST}")
        if value is not None and value != "":
            facts[name] = _fact(name, value, kinds.get(name))
    return facts


def _fact(name: str, value: Any, kind: str | None) -> Fact:
    if isinstance(value, (bool, dict, list)):
        raise _invalid("content_invalid", f"content.{name}", value, "no number or text")
    if kind == NUMBER or (kind is None and type(value) is not str):
        try:
            return quantity(value, f"content.{name}")
        except Misread as misread:
            raise InvalidEvent(misread.detail, code="content_invalid") from None
    return str(value)[:LONGEST_TEXT]


def _check_chargeable(content: Mapping[str, Fact], resource_type: ResourceType) -> None:
    wanted = []
    for component in resource_type.components:
        if component.when_priced:
            continue
        if not isinstance(component.quantity, str) or component.quantity in content:
            return
        wanted.append(component.quantity)
    raise InvalidEvent(f"content has none of {', '.join(wanted)}", code="content_invalid")


def _invalid(code: str, name: str, value: object, fault: str) -> InvalidEvent:
    return InvalidEvent(f"{name}: {shown(value)} is {fault}", code=code)
