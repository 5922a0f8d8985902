"""Lists as parameters: array literals, which cost a tenth of what psycopg makes of a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def array(values: Iterable[object]) -> str:
    """The literal of a one-dimensional array, to be cast; None is NULL.

    Elements are what `str` makes of them, so they are texts, numbers, instants
    and booleans, or None.
    """
    return "{" + ",".join(map(_element, values)) + "}"


def columns(rows: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """A literal per column of `rows`, of which there is at least one."""
    return tuple(map(array, zip(*rows, strict=True)))


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    if '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
