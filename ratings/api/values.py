"""WSME types of single values: exact, bounded, and storable as they are.

Each takes what JSON or a query string may say (texts, ints, Decimals) in
`validate`, which WSME calls for every attribute; a ValueError there becomes an
answer 400 that names the attribute. `schema` says the same to OpenAPI.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from wsme.types import UserType

from ratings.readers.times import instant

LONGEST = 255
"""Characters of an id, a name or a code."""

LARGEST = 2**63 - 1
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MOST_DIGITS = 40

Schema = Mapping[str, Any]


class _Value(UserType):  # type: ignore[misc]  # WSME has no types
    """What all of them share.

    The base type is always a text, which WSME passes on as it is: its conversions
    of other types would round and truncate.
    """

    basetype = str
    schema: ClassVar[Schema] = {"type": "string"}


class Text(_Value):
    """A text that PostgreSQL can hold, of at least one character."""

    name = "text"

    def __init__(self, longest: int = LONGEST, *, empty: bool = False) -> None:
        self.longest = longest
        self.empty = empty

    def validate(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be a text")
        if not value and not self.empty:
            raise ValueError("must not be empty")
        if len(value) > self.longest:
            raise ValueError(f"must not have more than {self.longest} characters")
        return storable(value)


class Choices(_Value):
    """Some of a few words, as a list or separated by commas; each once."""

    name = "choices"

    def __init__(self, *words: str) -> None:
        self.words = words

    def validate(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [word.strip() for word in value.split(",") if word.strip()]
        unknown = [word for word in value if word not in self.words]
        if unknown:
            raise ValueError(f"must be among {', '.join(self.words)}")
        return tuple(dict.fromkeys(value))


class Number(_Value):
    """An exact decimal: a JSON number, or the same as a text."""

    name = "number"
    schema: ClassVar[Schema] = {"type": "number"}

    def validate(self, value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
            raise ValueError("must be a number")
        if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
            raise ValueError("must be a number")
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise ValueError("must be a number") from None
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int):
            raise ValueError("must be a number")
        if not number:
            return Decimal(0)
        # Written out, 1e999999999 would fill the memory.
        if number.adjusted() > _MOST_DIGITS or exponent < -_MOST_DIGITS:
            raise ValueError(f"must not have more than {_MOST_DIGITS} digits on a side")
        return number


class Whole(_Value):
    """A whole number in a range."""

    name = "whole"
    schema: ClassVar[Schema] = {"type": "integer"}

    def __init__(self, least: int = 0, most: int = LARGEST) -> None:
        self.least = least
        self.most = most

    def validate(self, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,20}", value, re.ASCII):
            value = int(value)
        if isinstance(value, Decimal) and _is_whole(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("must be a whole number")
        if not self.least <= value <= self.most:
            raise ValueError(f"must be from {self.least} to {self.most}")
        return value


class Flag(_Value):
    """True or false, in a query string also 1 or 0."""

    name = "flag"
    schema: ClassVar[Schema] = {"type": "boolean"}

    def validate(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if word not in ("true", "false", "1", "0"):
            raise ValueError("must be true or false")
        return word in ("true", "1")


class Instant(_Value):
    """A point in time: ISO 8601 in any form; without a zone it is UTC; a date is its midnight."""

    name = "instant"
    schema: ClassVar[Schema] = {"type": "string", "format": "date-time"}

    def validate(self, value: Any) -> datetime:
        if isinstance(value, datetime):
            return value
        # In a query string "+" is a space, so the zone +01:00 arrives as " 01:00".
        text = re.sub(r" (\d\d:?\d\d)$", _zone, value) if isinstance(value, str) else value
        found = instant(text)
        if found is None:
            raise ValueError("must be an instant such as 2026-01-31T00:00:00Z")
        return found


class Texts(_Value):
    """Texts by name, such as the metadata that a price asks for."""

    name = "texts"
    schema: ClassVar[Schema] = {"type": "object", "additionalProperties": {"type": "string"}}

    def validate(self, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise ValueError("must be an object of texts")
        one = Text(empty=True)
        return {one.validate(name): one.validate(text) for name, text in value.items()}


class Ids(_Value):
    """A list of row ids."""

    name = "ids"
    schema: ClassVar[Schema] = {"type": "array", "items": {"type": "integer"}}

    def validate(self, value: Any) -> Sequence[int]:
        if not isinstance(value, list):
            raise ValueError("must be a list of ids")
        one = Whole(1)
        return [one.validate(each) for each in value]


class Names(_Value):
    """A list of texts, such as ids of tenants."""

    name = "names"
    schema: ClassVar[Schema] = {"type": "array", "items": {"type": "string"}}

    def validate(self, value: Any) -> Sequence[str]:
        if not isinstance(value, list):
            raise ValueError("must be a list of texts")
        one = Text()
        return [one.validate(each) for each in value]


class Objects(_Value):
    """A list of objects that all have the same attributes, and no others."""

    name = "objects"

    def __init__(self, **attributes: _Value) -> None:
        self.attributes = attributes
        properties = {name: one.schema for name, one in attributes.items()}
        of = {"type": "object", "properties": properties, "required": list(properties)}
        self.schema: Schema = {"type": "array", "items": of}  # type: ignore[misc]

    def validate(self, value: Any) -> list[dict[str, Any]]:
        """WSME's own arrays would raise anything for what is no list of objects."""
        if not isinstance(value, list) or not all(
            isinstance(each, dict) and each.keys() == self.attributes.keys() for each in value
        ):
            raise ValueError(f"must be a list of objects with {' and '.join(self.attributes)}")
        return [{name: self._read(name, one) for name, one in each.items()} for each in value]

    def _read(self, name: str, value: Any) -> Any:
        try:
            return self.attributes[name].validate(value)
        except ValueError as error:
            raise ValueError(f"has one of which {name} {error}") from None


class Json(_Value):
    """Any JSON, in answers only: text that goes out as it is."""

    name = "json"
    schema: ClassVar[Schema] = {}


def _is_whole(number: Decimal) -> bool:
    """Whether it is an integer, as 1.0 is for JSON Schema, and not beyond all bounds."""
    exponent = number.as_tuple().exponent
    # Outside of these, Python would round or refuse the remainder.
    small = isinstance(exponent, int) and exponent >= -_MOST_DIGITS and number.adjusted() < 20
    return small and not number % 1


def storable(text: str) -> str:
    """`text` if PostgreSQL can hold it; ValueError for NUL and half a surrogate pair."""
    if "\0" in text or (not text.isascii() and _has_surrogates(text)):
        raise ValueError("must not contain NUL or half a surrogate pair")
    return text


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _zone(found: re.Match[str]) -> str:
    return f"+{found[1]}"
