"""What the definitions file means: resource types, components, event rules.

The file is data (``etc/ratings/definitions.yaml``); ``parse`` turns the loaded
document into frozen objects or says where it is wrong. The reference for those
who write it is ``doc/source/reference/definitions.rst``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from ratings.core.errors import DefinitionError
from ratings.core.meters import NO_METERS, Meters, Sampling
from ratings.core.model import ACTIONS, SAMPLE

NUMBER, TEXT, TIME = "number", "text", "time"


@dataclass(frozen=True, slots=True)
class FactSource:
    """Where a fact is found, in order: Ceilometer traits, then payload paths.

    payload: dotted paths, split. divide: an exact divisor of numbers (bytes to
    GiB). translate: replacement of texts; a text it does not list stays, and one
    that it gives null for says nothing. sum: payload paths of numbers that
    together are the fact where it is told in parts, all of which must be told.
    """

    name: str
    kind: str = TEXT
    traits: tuple[str, ...] = ()
    payload: tuple[tuple[str, ...], ...] = ()
    divide: int = 1
    translate: Mapping[str, str | None] | None = None
    sum: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """What is counted on a resource.

    quantity:    the name of a numeric fact, or a constant.
    charged_in:  statuses in which it is charged; None is all.
    unless:      it is not charged while one of these text facts holds.
    metadata:    text facts that its records carry and prices may match.
    when_priced: recorded only while a price matches, an alternative way to
                 charge what other components already count.
    """

    name: str
    unit: str
    quantity: str | Decimal
    charged_in: frozenset[str] | None = None
    unless: tuple[tuple[str, str], ...] = ()
    metadata: tuple[str, ...] = ()
    when_priced: bool = False


@dataclass(frozen=True, slots=True)
class ResourceType:
    """What events of one kind of resource say, and what is counted on it.

    sampling: how its windows are measured, where it is known from samples.
    """

    name: str
    transformer: str
    components: tuple[Component, ...]
    facts: tuple[FactSource, ...]
    signals: tuple[FactSource, ...]
    actions: frozenset[str]
    sampling: Sampling | None = None


@dataclass(frozen=True, slots=True)
class EventRule:
    """What one event type means for one resource type.

    when, unless: conditions on facts and signals; None stands for absent.
    time:   time signals that give the effective instant when they are present
            and not later than the event (``deleted_at``).
    starts: whether it may be the first evidence of a resource.
    only:   the facts it may state; None is all.
    each:   (path of a list in the payload, key under which an element is read):
            one notification speaks of several resources.
    taken:  whoever asked owns the resource from then on, whatever the event says.
    """

    resource_type: ResourceType
    action: str
    when: tuple[tuple[str, frozenset[str | None]], ...] = ()
    unless: tuple[tuple[str, frozenset[str | None]], ...] = ()
    time: tuple[str, ...] = ()
    starts: bool = True
    only: frozenset[str] | None = None
    each: tuple[str, str | None] | None = None
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Definitions:
    types: Mapping[str, ResourceType]
    rules: Mapping[str, tuple[EventRule, ...]]
    ignore: tuple[str, ...]
    meters: Meters = NO_METERS

    def ignores(self, event_type: str) -> bool:
        return any(fnmatchcase(event_type, pattern) for pattern in self.ignore)

    def units(self) -> dict[str, str]:
        """Component name -> unit, over all resource types."""
        return {c.name: c.unit for t in self.types.values() for c in t.components}


def parse(document: Mapping[str, Any]) -> Definitions:
    """Definitions from the loaded file. DefinitionError names the place."""
    _known("the file", document, {"ignore", "resource_types"})
    types: dict[str, ResourceType] = {}
    rules: dict[str, tuple[EventRule, ...]] = {}
    for name, body in _mapping("resource_types", document.get("resource_types")).items():
        types[name] = _resource_type(name, _mapping(name, body))
        for event_type, spec in body.get("events", {}).items():
            place = f"{name}.events.{event_type}"
            specs = spec if isinstance(spec, list) else [spec]
            found = tuple(_rule(place, types[name], item) for item in specs)
            rules[event_type] = rules.get(event_type, ()) + found
    units_agree(types.values())
    return Definitions(types, rules, tuple(document.get("ignore", ())))


def _resource_type(name: str, body: Mapping[str, Any]) -> ResourceType:
    _known(name, body, {"transformer", "components", "facts", "signals", "events"})
    components = tuple(
        _component(f"{name}.components.{key}", key, _mapping(f"{name}.components.{key}", spec))
        for key, spec in _mapping(f"{name}.components", body.get("components")).items()
    )
    facts = _sources(f"{name}.facts", body.get("facts", {}))
    numbers = {fact.name for fact in facts if fact.kind == NUMBER}
    for component in components:
        if isinstance(component.quantity, str) and component.quantity not in numbers:
            raise DefinitionError(
                f"{name}.components.{component.name}: quantity {component.quantity!r}"
                " is no numeric fact of this type"
            )
    actions = {"create", "delete", "exists", "resize", "update"}
    for spec in _mapping(f"{name}.events", body.get("events", {})).values():
        for item in spec if isinstance(spec, list) else [spec]:
            actions.add(item if isinstance(item, str) else _mapping(name, item).get("action", ""))
    return ResourceType(
        name=name,
        transformer=body.get("transformer", "lifecycle"),
        components=components,
        facts=facts,
        signals=_sources(f"{name}.signals", body.get("signals", {})),
        actions=frozenset(actions),
    )


def _component(place: str, name: str, spec: Mapping[str, Any]) -> Component:
    _known(place, spec, {"unit", "quantity", "charged_in", "unless", "metadata", "when_priced"})
    quantity = spec.get("quantity", 1)
    charged_in = spec.get("charged_in")
    return Component(
        name=name,
        unit=str(spec.get("unit", name)),
        quantity=quantity if isinstance(quantity, str) else Decimal(str(quantity)),
        charged_in=None if charged_in is None else frozenset(charged_in),
        unless=_pairs(f"{place}.unless", spec.get("unless", {})),
        metadata=tuple(sorted(spec.get("metadata", ()))),
        when_priced=bool(spec.get("when_priced", False)),
    )


def _sources(place: str, section: Any) -> tuple[FactSource, ...]:
    found = []
    for name, spec in _mapping(place, section).items():
        here = f"{place}.{name}"
        if not name:
            raise DefinitionError(f"{place}: a fact without a name")
        spec = _mapping(here, spec)
        _known(here, spec, {"kind", "traits", "payload", "divide", "translate", "sum"})
        kind = spec.get("kind", TEXT)
        if kind not in (NUMBER, TEXT, TIME):
            raise DefinitionError(f"{here}: kind {kind!r} is none of number, text, time")
        found.append(
            FactSource(
                name=name,
                kind=kind,
                traits=_strings(spec.get("traits", ())),
                payload=_paths(spec.get("payload", ())),
                divide=int(spec.get("divide", 1)),
                translate=spec.get("translate"),
                sum=_paths(spec.get("sum", ())),
            )
        )
    return tuple(found)


def _rule(place: str, resource_type: ResourceType, spec: Any) -> EventRule:
    spec = {"action": spec} if isinstance(spec, str) else _mapping(place, spec)
    _known(place, spec, {"action", "when", "unless", "time", "starts", "facts", "each", "taken"})
    action = spec.get("action")
    if action not in ACTIONS or action == SAMPLE:
        known = ", ".join(name for name in ACTIONS if name != SAMPLE)
        raise DefinitionError(f"{place}: {action!r} is no action; one of {known}")
    only, each = spec.get("facts"), _mapping(f"{place}.each", spec.get("each", {}))
    if each:
        _known(f"{place}.each", each, {"list", "as"})
    return EventRule(
        resource_type=resource_type,
        action=action,
        when=_conditions(place, spec.get("when", {})),
        unless=_conditions(place, spec.get("unless", {})),
        time=_strings(spec.get("time", ())),
        starts=bool(spec.get("starts", action != "delete")),
        only=None if only is None else frozenset(only),
        each=(str(each.get("list")), each.get("as")) if each else None,
        taken=bool(spec.get("taken", False)),
    )


def _paths(value: Any) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(path.split(".")) for path in _strings(value))


def _conditions(place: str, spec: Any) -> tuple[tuple[str, frozenset[str | None]], ...]:
    return tuple(
        (fact, frozenset(values if isinstance(values, list) else [values]))
        for fact, values in _mapping(f"{place} condition", spec).items()
    )


def _pairs(place: str, spec: Any) -> tuple[tuple[str, str], ...]:
    pairs = _mapping(place, spec).items()
    return tuple(sorted((fact, text) for fact, texts in pairs for text in _strings(texts)))


def units_agree(types: Iterable[ResourceType]) -> None:
    """DefinitionError where a component of two types has two units."""
    units: dict[str, str] = {}
    for resource_type in types:
        for component in resource_type.components:
            if units.setdefault(component.name, component.unit) != component.unit:
                raise DefinitionError(
                    f"component {component.name}: units {units[component.name]!r}"
                    f" and {component.unit!r}"
                )


def _mapping(place: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DefinitionError(f"{place}: expected a mapping, got {value!r}")
    return value


def _known(place: str, body: Mapping[str, Any], keys: set[str]) -> None:
    unknown = set(body) - keys
    if unknown:
        raise DefinitionError(f"{place}: unknown key {', '.join(sorted(unknown))}")


def _strings(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
