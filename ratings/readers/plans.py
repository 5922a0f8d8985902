"""Definitions, prepared for reading: per event type, what to look for where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate

from ratings.core.definitions import TEXT, TIME, Definitions, EventRule, FactSource, ResourceType
from ratings.core.errors import DefinitionError
from ratings.readers.identity import LONGEST
from ratings.readers.misread import Misread, shown

RESERVED = frozenset({"resource_id", "tenant_id", "requester"})
"""Facts that say whose the event is, not what it says."""

Condition = tuple[FactSource, frozenset[str | None], bool]
"""A text, the texts it is compared with, and whether it must be one of them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An `EventRule` with the sources that it names."""

    resource_type: str
    action: str
    starts: bool
    conditions: tuple[Condition, ...]
    times: tuple[FactSource, ...]
    facts: tuple[FactSource, ...]
    resource_id: FactSource
    tenant_id: FactSource | None
    requester: FactSource | None
    taken: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules of one event type, of which the first that holds counts.

    each: the key of a list in the payload, and the key under which an element
    is read; without the latter the element is read as the payload itself.
    """

    rules: tuple[Rule, ...]
    each: tuple[str, str | None] | None


class Plans:
    """The plans of all event types that definitions know."""

    def __init__(self, definitions: Definitions) -> None:
        self._plans = {
            event_type: _plan(event_type, rules) for event_type, rules in definitions.rules.items()
        }
        # One expression for all patterns; Definitions.ignores tries them one by one.
        self._ignored = re.compile("|".join(map(translate, definitions.ignore)) or "(?!)").match

    def find(self, event_type: object) -> Plan | None:
        """The plan of an event type; None when it is ignored by a pattern.

        Raises Misread: event_type_missing, event_type_unknown.
        """
        if type(event_type) is not str or not event_type:
            raise Misread("event_type_missing", "the event has no event_type")
        plan = self._plans.get(event_type)
        if plan is None and (len(event_type) > LONGEST or not self._ignored(event_type)):
            raise Misread(
                "event_type_unknown", f"no definition knows the event type {shown(event_type)}"
            )
        return plan


def _plan(event_type: str, rules: tuple[EventRule, ...]) -> Plan:
    lists = {rule.each for rule in rules}
    if len(lists) > 1:
        raise DefinitionError(f"{event_type}: its rules disagree about `each`")
    return Plan(tuple(_rule(event_type, rule) for rule in rules), lists.pop())


def _rule(event_type: str, rule: EventRule) -> Rule:
    place = f"{rule.resource_type.name}.events.{event_type}"
    facts = {fact.name: fact for fact in rule.resource_type.facts}
    sources = facts | {signal.name: signal for signal in rule.resource_type.signals}
    if rule.only is not None:
        for name in rule.only:
            _source(place, facts, name)
    return Rule(
        resource_type=rule.resource_type.name,
        action=rule.action,
        starts=rule.starts,
        conditions=tuple(
            (_source(place, sources, name, TEXT), texts, expected)
            for conditions, expected in ((rule.when, True), (rule.unless, False))
            for name, texts in conditions
        ),
        times=tuple(_source(place, sources, name, TIME) for name in rule.time),
        facts=_stated(rule.resource_type, rule.only),
        resource_id=_source(place, facts, "resource_id", TEXT),
        tenant_id=facts.get("tenant_id"),
        requester=facts.get("requester"),
        taken=rule.taken,
    )


def _stated(resource_type: ResourceType, only: frozenset[str] | None) -> tuple[FactSource, ...]:
    return tuple(
        fact
        for fact in resource_type.facts
        if fact.name not in RESERVED and (only is None or fact.name in only)
    )


def _source(
    place: str, sources: Mapping[str, FactSource], name: str, kind: str | None = None
) -> FactSource:
    if name not in sources:
        raise DefinitionError(f"{place}: {name!r} is no fact or signal of this type")
    if kind is not None and sources[name].kind != kind:
        raise DefinitionError(f"{place}: {name!r} is no {kind}")
    return sources[name]
