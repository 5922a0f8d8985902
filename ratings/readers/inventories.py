"""Lists of what a service has, as files: YAML, JSON or CSV.

A YAML or JSON list is a mapping of ``taken_at``, ``region``, ``resource_types`` and
``resources``, or the resources alone; a CSV list has a header and no place for the others.
A resource has ``resource_type``, ``resource_id``, ``tenant_id`` and, where it has them,
``region``, ``name``, ``status``, ``created_at`` and the facts of its type.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from ratings.core.definitions import NUMBER, Definitions, FactSource, ResourceType
from ratings.core.errors import InvalidInput
from ratings.core.inventory import Inventory, Listed
from ratings.core.model import Fact
from ratings.readers.facts import LONGEST_TEXT
from ratings.readers.identity import LONGEST
from ratings.readers.misread import Misread
from ratings.readers.plans import RESERVED
from ratings.readers.quantities import quantity
from ratings.readers.times import event_time

_LIST = "the list: "
_HEADER = frozenset({"taken_at", "region", "resource_types", "resources"})
_IDENTITY = frozenset({"resource_type", "resource_id", "tenant_id", "region", "created_at"})


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of a list apart from itself; it goes before what the list says.

    types, regions: of which the list is complete; else those that occur in it.
    """

    source: str
    taken_at: datetime | None = None
    region: str | None = None
    types: Collection[str] = ()


def parse(text: str, definitions: Definitions, given: Given) -> Inventory:
    """The inventory of a file. InvalidInput (list_invalid) tells the row."""
    head, rows = _document(text)
    return of_rows(rows, head, definitions, given, hashlib.sha256(text.encode()).hexdigest())


def of_rows(
    rows: Iterable[Mapping[str, Any]],
    head: Mapping[str, Any],
    definitions: Definitions,
    given: Given,
    digest: str,
) -> Inventory:
    """The inventory of rows whose values are texts. InvalidInput (list_invalid)."""
    taken_at = given.taken_at or event_time(head.get("taken_at"))
    if taken_at is None:
        raise _invalid("when it was taken is not said (taken_at, or --at)")
    region = given.region or head.get("region")
    types = given.types or head.get("resource_types") or ()
    if isinstance(types, str):
        types = [types]
    listed: dict[tuple[str, str, str], Listed] = {}
    for number, row in enumerate(rows, 1):
        try:
            one = _listed(row, region, definitions)
        except (InvalidInput, Misread) as error:
            raise _invalid(f"resource {number}: {error.detail.removeprefix(_LIST)}") from None
        if one.key in listed:
            raise _invalid(f"resource {number}: {one.key[2]} is listed twice")
        listed[one.key] = one
    unknown = sorted(set(types) - definitions.types.keys())
    if unknown:
        raise _invalid(f"{', '.join(unknown)} is no resource type of the definitions")
    regions = {key[0] for key in listed} | ({region} if region else set())
    if not regions:
        raise _invalid("it is empty, and its region is not said (region, or --region)")
    complete = frozenset(types) or frozenset(key[1] for key in listed)
    return Inventory(
        taken_at, given.source, digest, frozenset(regions), frozenset(complete), listed
    )


def _document(text: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    try:
        # Every value a text: YAML would make numbers of ids, and floats of numbers.
        document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError):
        document = None
    if isinstance(document, dict):
        unknown = document.keys() - _HEADER
        if unknown:
            raise _invalid(f"unknown: {', '.join(sorted(map(str, unknown)))}")
        return document, _mappings(document.get("resources") or [])
    if isinstance(document, list):
        return {}, _mappings(document)
    return {}, _csv(text)


def _mappings(rows: Any) -> list[Mapping[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _invalid("its resources are no list of mappings")
    return rows


def _csv(text: str) -> list[Mapping[str, Any]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise _invalid("there is nothing in it")
    delimiter = max(",;|\t", key=lines[0].count)
    header, *rows = (
        [cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)
    )
    if not {"resource_type", "resource_id", "tenant_id"} <= set(header):
        raise _invalid("its columns lack resource_type, resource_id or tenant_id")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise _invalid(f"resource {number} has {len(row)} columns, the header {len(header)}")
    return [dict(zip(header, row, strict=True)) for row in rows]


def _listed(row: Mapping[str, Any], region: str | None, definitions: Definitions) -> Listed:
    said = {name: value for name, value in row.items() if value not in (None, "", "null")}
    region = _id("region", said.get("region") or region)
    resource_type = definitions.types.get(str(said.get("resource_type")))
    if resource_type is None:
        raise _invalid(f"{said.get('resource_type')!r} is no resource type")
    created_at = said.get("created_at")
    if created_at is not None and event_time(created_at) is None:
        raise _invalid(f"created_at {created_at!r} is no time")
    return Listed(
        key=(region, resource_type.name, _id("resource_id", said.get("resource_id"))),
        tenant_id=_id("tenant_id", said.get("tenant_id")),
        facts=_facts(said, resource_type),
        created_at=event_time(created_at),
    )


def _facts(said: Mapping[str, Any], resource_type: ResourceType) -> dict[str, Fact]:
    sources = {source.name: source for source in resource_type.facts}
    facts: dict[str, Fact] = {}
    for name, value in said.items():
        if name in _IDENTITY:
            continue
        if name not in sources or name in RESERVED or not isinstance(value, str):
            raise _invalid(f"{name} is no fact of {resource_type.name}")
        found = _fact(sources[name], value)
        if found is not None:
            facts[name] = found
    return facts


def _fact(source: FactSource, value: str) -> Fact | None:
    """In the unit of its component; a status in the words of the service or in ours."""
    if source.kind == NUMBER:
        return quantity(value, source.name)
    if source.translate is not None and value in source.translate:
        return source.translate[value]
    return _storable(value)[:LONGEST_TEXT]


def _id(name: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise _invalid(f"{name} is no text of up to {LONGEST}")
    return _storable(value)


def _storable(text: str) -> str:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise _invalid("a text contains NUL or half a surrogate pair")
    return text


def _invalid(fault: str) -> InvalidInput:
    return InvalidInput(f"{_LIST}{fault}", code="list_invalid")
