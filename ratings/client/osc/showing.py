"""What commands have in common on their way out: columns, rows and exact texts.

JSON and YAML know no decimals: what reads them would make floats of our numbers. So amounts,
prices and quantities go out as texts with every digit, in every format.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from types import MappingProxyType
from typing import Any

from cliff.columns import FormattableColumn

Columns = tuple[str, ...]
Listed = tuple[Columns, Iterator[Sequence[Any]]]
Shown = tuple[Columns, Sequence[Any]]


class Exact(FormattableColumn[Any]):
    """A number, which sorts as one and goes out as a text."""

    def machine_readable(self) -> str:
        return f"{self._value:f}"

    def human_readable(self) -> str:
        return self.machine_readable()


class Nested(FormattableColumn[Any]):
    """A value with parts: as it is for programs, and as `told` says it for people."""

    def __init__(self, value: Any, told: Callable[[Any], str] | None = None) -> None:
        super().__init__(value)
        self._told = told

    def machine_readable(self) -> Any:
        return plain(self._value)

    def human_readable(self) -> str:
        if self._told is not None:
            return self._told(self._value)
        value = self.machine_readable()
        return "\n".join(map(_line, value)) if isinstance(value, list) else _line(value)


def names(kind: Any) -> Columns:
    """The attributes of a value, all of which are columns."""
    return tuple(field.name for field in dataclasses.fields(kind))


def listed(columns: Columns, rows: Iterable[Any], limit: int | None) -> Listed:
    """What a command gives that lists: as many rows as it was asked for."""
    return columns, _cells(columns, islice(rows, limit))


def shown(value: Any, told: Mapping[str, Callable[[Any], str]] = MappingProxyType({})) -> Shown:
    """What a command gives that shows one thing; `told` says attributes for people."""
    columns = names(value)
    cells = dict(zip(columns, next(_cells(columns, [value])), strict=True))
    cells |= {name: Nested(getattr(value, name), each) for name, each in told.items()}
    return columns, tuple(cells.values())


def plain(value: Any) -> Any:
    """`value` in the types of JSON, with numbers that have a fraction as texts."""
    if dataclasses.is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in names(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def _cells(columns: Columns, rows: Iterable[Any]) -> Iterator[Sequence[Any]]:
    for row in rows:
        yield tuple(_cell(getattr(row, name)) for name in columns)


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return Exact(value)
    parts = isinstance(value, Mapping | list | tuple) or dataclasses.is_dataclass(value)
    return Nested(value) if parts else plain(value)


def _line(value: Any) -> str:
    """``code=event_in_future, events=2``; what is None is left out."""
    if isinstance(value, Mapping):
        pairs = ((name, each) for name, each in value.items() if each is not None)
        return ", ".join(f"{name}={_inner(each)}" for name, each in pairs)
    return _inner(value)


def _inner(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_line(value)})"
    if isinstance(value, list):
        return f"[{'; '.join(map(_line, value))}]"
    return str(value)
