"""JSON without a float on either side, and what it means as values of Python.

Attributes that this release does not know are left out: a newer API may tell more.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Any, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

Number: TypeAlias = Decimal | int | str
"""What a number may be given as; no float, for that is not exact."""

Instant: TypeAlias = datetime | date | str
"""A point in time; a text in any form of ISO 8601. Without a zone it is UTC."""

T = TypeVar("T")


def decode(body: bytes) -> Any:
    """A JSON text; numbers with a fraction become Decimals. Raises ValueError."""
    return json.loads(body, parse_float=Decimal)


def encode(value: Any) -> str:
    """`value` as JSON, in which a Decimal is a number with every digit. Raises TypeError."""
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(str(name))}: {encode(each)}" for name, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(encode, value))}]"
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float and so not exact: give a Decimal or a text")
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError(f"{value} is no number in JSON")
        return str(value)
    if isinstance(value, date):  # a datetime is one, too
        return json.dumps(value.isoformat())
    return json.dumps(value)


def shaped(kind: type[T], value: Any) -> T:
    """`value`, as `decode` gives it, as an instance of `kind`.

    Raises ArithmeticError, AttributeError, LookupError, TypeError or ValueError for what does
    not fit.
    """
    return cast(T, _reader(cast(Any, kind))(value))


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """What makes a `kind` of a decoded value; one that may be None or empty may be missing."""
    arguments = get_args(kind)
    if NoneType in arguments:
        (other,) = set(arguments) - {NoneType}
        read = _reader(other)
        return lambda value: None if value is None else read(value)
    if get_origin(kind) is tuple:
        read = _reader(arguments[0])
        return lambda value: tuple(map(read, value or ()))
    if get_origin(kind) is Mapping:
        return lambda value: dict(value or {})
    if dataclasses.is_dataclass(kind):
        return _object_reader(cast(Any, kind))
    return _SINGLE[kind]


def _object_reader(kind: Callable[..., Any]) -> Callable[[Any], Any]:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}

    def read(value: Any) -> Any:
        return kind(**{name: each(value.get(name)) for name, each in readers.items()})

    return read


def _exactly(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{value!r} is no {kind.__name__}")
        return value

    return read


def _decimal(value: Any) -> Decimal:
    if type(value) is not int and not isinstance(value, Decimal):
        raise TypeError(f"{value!r} is no number")
    return Decimal(value)


_SINGLE: Mapping[Any, Callable[[Any], Any]] = {
    Any: lambda value: value,
    Decimal: _decimal,
    bool: _exactly(bool),
    datetime: datetime.fromisoformat,
    int: _exactly(int),
    str: _exactly(str),
}
