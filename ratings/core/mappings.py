"""Meter mappings from the loaded file, joined with the definitions.

Each mapping becomes a resource type of its own: what one meter says of a resource
has a timeline, a row and a ledger of its own, apart from what events say of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from ratings.core.definitions import Component, Definitions, ResourceType, units_agree
from ratings.core.errors import DefinitionError
from ratings.core.meters import LONGEST_WINDOW, VALUE, Meter, Meters, Sampling, Source

_KEYS = {
    *("meter", "name", "service", "services", "service_by", "unit", "conversion", "volume"),
    *("transformer", "transformer_config", "filters", "trusted_sources", "metadata"),
    *("record_metadata", "resource_id", "tenant_id", "when_priced"),
}

_CONFIG: Mapping[str, Mapping[str, type]] = {
    "uptime": {"tracked_states": list, "lead_in": int},
    "database_uptime": {"tracked_states": list, "lead_in": int},
    "from_image": {"md_keys": list, "none_values": list},
}
"""What our transformers can be told. Those of others check that for themselves."""

_OURS = {
    *("delta", "gauge_max", "gauge_sum", "network_service", "numbool", "object_storage_max"),
    *("storage_max", "database_volume_max", *_CONFIG),
}

_BY = {
    "storage_max": "volume_type",
    "database_volume_max": "volume_type",
    "object_storage_max": "storage_policy",
    "uptime": "flavor",
    "database_uptime": "flavor",
}
"""The fact that chooses the service, where the mapping names none."""

_RESERVED = {VALUE, "resource_id", "tenant_id", "requester", ""}


def join(definitions: Definitions, document: Mapping[str, Any], window: timedelta) -> Definitions:
    """The definitions with the resource types and components of the mappings beside their own.

    `document` is the loaded file. DefinitionError names the place.
    """
    meters, types = parse(document, window)
    for name in types:
        if name in definitions.types:
            raise DefinitionError(
                f"{name}: is a resource type of the definitions; give the mapping another `name`"
            )
    joined = {**definitions.types, **types}
    units_agree(joined.values())
    return replace(definitions, types=joined, meters=meters)


def parse(
    document: Mapping[str, Any], window: timedelta
) -> tuple[Meters, Mapping[str, ResourceType]]:
    """The mappings of a loaded file, and the resource types that they make."""
    if window <= timedelta(0) or LONGEST_WINDOW % window:
        raise DefinitionError(f"a window of {window.total_seconds():g} s is no fraction of a day")
    _check_keys("the file", document, {"ignore", "trusted_sources", "mappings"})
    trusted = document.get("trusted_sources")
    found: dict[str, tuple[Meter, ...]] = {}
    types: dict[str, ResourceType] = {}
    for number, spec in enumerate(_list("mappings", document.get("mappings", ())), 1):
        name = spec.get("meter") if isinstance(spec, Mapping) else None
        place = f"mapping {number} ({name})"
        spec = _mapping(place, spec)
        _check_keys(place, spec, _KEYS)
        meter = _meter(place, {"trusted_sources": trusted, **spec})
        if meter.name in types:
            raise DefinitionError(f"{place}: there are two called {meter.name!r}; give it a `name`")
        types[meter.name] = _resource_type(place, spec, meter, window)
        found[meter.meter] = (*found.get(meter.meter, ()), meter)
    return Meters(window, found, _texts("ignore", document.get("ignore", ()))), types


def _meter(place: str, spec: Mapping[str, Any]) -> Meter:
    meter = _text(f"{place}.meter", spec.get("meter"))
    trusted = spec.get("trusted_sources")
    metadata = _mapping(f"{place}.metadata", spec.get("metadata", {}))
    for fact in metadata:
        if not isinstance(fact, str) or fact in _RESERVED:
            raise DefinitionError(f"{place}.metadata: {fact!r} is no name for a fact")
    return Meter(
        meter=meter,
        name=_text(f"{place}.name", spec.get("name", meter)),
        value=_value(f"{place}.volume", spec.get("volume")),
        conversion=_conversion(f"{place}.conversion", spec.get("conversion", 1)),
        filters=_texts(f"{place}.filters", spec.get("filters", ())),
        sources=None if trusted is None else _texts(f"{place}.trusted_sources", trusted),
        metadata=tuple(
            (fact, _source(f"{place}.metadata.{fact}", source)) for fact, source in metadata.items()
        ),
        resource_id=_template(f"{place}.resource_id", spec.get("resource_id", "%s")),
        tenant_id=_source(f"{place}.tenant_id", spec.get("tenant_id", "project_id")),
    )


def _resource_type(
    place: str, spec: Mapping[str, Any], meter: Meter, window: timedelta
) -> ResourceType:
    transformer = _text(f"{place}.transformer", spec.get("transformer", "gauge_max"))
    facts = {fact for fact, _ in meter.metadata}
    services = _mapping(f"{place}.services", spec.get("services", {}))
    by = spec.get("service_by", _BY.get(transformer))
    carried = _texts(f"{place}.record_metadata", spec.get("record_metadata", ()))
    for fact in (*carried, *((by,) if services or "service_by" in spec else ())):
        if fact not in facts:
            raise DefinitionError(f"{place}: {fact!r} is no fact of its metadata")
    default = _text(f"{place}.service", spec.get("service", meter.name))
    names = dict.fromkeys([default, *(_text(f"{place}.services", s) for s in services.values())])
    components = tuple(
        Component(
            name=service,
            unit=_text(f"{place}.unit", spec.get("unit", service)),
            quantity=VALUE,
            metadata=tuple(sorted(set(carried))),
            when_priced=bool(spec.get("when_priced", False)),
        )
        for service in names
    )
    config = _mapping(f"{place}.transformer_config", spec.get("transformer_config", {}))
    _check_config(place, transformer, config, facts)
    return ResourceType(
        name=meter.name,
        transformer=transformer,
        components=components,
        facts=(),
        signals=(),
        actions=frozenset(),
        sampling=Sampling(window, by, {str(k): v for k, v in services.items()}, config),
    )


def _check_config(place: str, transformer: str, config: Mapping[str, Any], facts: set[str]) -> None:
    if transformer not in _OURS:
        return
    known = _CONFIG.get(transformer, {})
    _check_keys(f"{place}.transformer_config", config, set(known))
    for key, value in config.items():
        if not isinstance(value, known[key]) or isinstance(value, bool):
            raise DefinitionError(
                f"{place}.transformer_config.{key}: {value!r} is no {known[key].__name__}"
            )
    if config.get("lead_in", 0) < 0:
        raise DefinitionError(f"{place}.transformer_config.lead_in: is negative")
    needed = list(config.get("md_keys", ["image_ref"])) if transformer == "from_image" else []
    if transformer in ("uptime", "database_uptime"):
        needed.append("status")
    for fact in needed:
        if fact not in facts:
            raise DefinitionError(f"{place}: {transformer} needs the metadata {fact!r}")


def _value(place: str, spec: Any) -> Source | Decimal | None:
    """``volume``: a number for all samples, or where to find it; the sample's own by default."""
    if spec is None:
        return None
    if isinstance(spec, int | float) and not isinstance(spec, bool):
        if spec < 0:
            raise DefinitionError(f"{place}: {spec!r} is negative")
        return Decimal(str(spec))
    return _source(place, spec)


def _source(place: str, spec: Any) -> Source:
    if not isinstance(spec, Mapping):
        return Source(_some(place, spec))
    _check_keys(place, spec, {"source", "sources", "template"})
    paths = spec["sources"] if "sources" in spec else spec.get("source", ())
    return Source(_some(place, paths), _template(place, spec.get("template", "%s")))


def _some(place: str, spec: Any) -> tuple[str, ...]:
    paths = _texts(place, spec)
    if not paths:
        raise DefinitionError(f"{place}: names no source")
    return paths


def _conversion(place: str, spec: Any) -> Fraction:
    try:
        conversion = Fraction(str(spec).replace(" ", ""))
    except (ValueError, ZeroDivisionError, InvalidOperation):
        raise DefinitionError(f"{place}: {spec!r} is no number and no fraction") from None
    rest = conversion.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    if conversion <= 0 or rest != 1:
        raise DefinitionError(f"{place}: {spec!r} cannot be written out as a decimal")
    return conversion


def _template(place: str, spec: Any) -> str:
    template = _text(place, spec)
    if template.count("%s") != 1:
        raise DefinitionError(f"{place}: {template!r} needs %s, once")
    return template


def _text(place: str, spec: Any) -> str:
    if not isinstance(spec, str) or not 0 < len(spec) <= 255:
        raise DefinitionError(f"{place}: {spec!r} is no text of up to 255 characters")
    return spec


def _texts(place: str, spec: Any) -> tuple[str, ...]:
    texts = [spec] if isinstance(spec, str) else _list(place, spec)
    return tuple(_text(place, text) for text in texts)


def _list(place: str, spec: Any) -> Sequence[Any]:
    if not isinstance(spec, list | tuple):
        raise DefinitionError(f"{place}: expected a list, got {spec!r}")
    return spec


def _mapping(place: str, spec: Any) -> Mapping[str, Any]:
    if not isinstance(spec, Mapping):
        raise DefinitionError(f"{place}: expected a mapping, got {spec!r}")
    return spec


def _check_keys(place: str, spec: Mapping[str, Any], keys: set[str]) -> None:
    if unknown := set(spec) - keys:
        raise DefinitionError(f"{place}: unknown key {', '.join(sorted(map(str, unknown)))}")
