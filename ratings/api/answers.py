"""From rows to JSON: exact numbers, one form of time, the attributes that a type declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
import wsme.types

from ratings.api.values import Instant, Json, Number
from ratings.core import writing

Shape = Callable[[Any], Any]

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """JSON of what a shape has made."""
    return _encoder.encode(value)


@cache
def shape(datatype: Any) -> Shape:
    """A function that turns a value of a WSME type into what `encode` takes.

    Of a complex type the value is a mapping or an object with the attributes; what
    it has beyond the type is left out. An object must have them all, a mapping may
    lack some, which the answer then lacks, too.
    """
    if isinstance(datatype, Instant):
        return stamp
    if isinstance(datatype, Number):
        return number
    if isinstance(datatype, Json):
        return _verbatim
    if isinstance(datatype, wsme.types.ArrayType):
        each = shape(datatype.item_type)
        return lambda values: [each(value) for value in values]
    if wsme.types.iscomplex(datatype):
        return _complex(datatype)
    return _as_it_is


def stamp(instant: datetime | None) -> str | None:
    """``2026-01-31T00:00:00.000000Z``"""
    return None if instant is None else writing.stamp(instant)


def number(value: Decimal | int | None) -> msgspec.Raw | None:
    """A JSON number with every digit, without an exponent and without zeros at its end."""
    return None if value is None else msgspec.Raw(writing.plain(Decimal(value)).encode())


def _complex(datatype: Any) -> Shape:
    attributes = [(a.name, a.key, shape(a.datatype)) for a in wsme.types.list_attributes(datatype)]
    # An order has tens of thousands of lines, and most attributes are taken as they are.
    shaped_ones = [(name, each) for name, _, each in attributes if each is not _as_it_is]

    def shaped(value: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        if isinstance(value, Mapping):
            found = {name: value[name] for name, _, _ in attributes if name in value}
        else:
            found = {name: getattr(value, key) for name, key, _ in attributes}
        for name, each in shaped_ones:
            if name in found:
                found[name] = each(found[name])
        return found

    return shaped


def _verbatim(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())


def _as_it_is(value: Any) -> Any:
    return value
