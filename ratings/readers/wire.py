"""Bytes -> one JSON object of which everything can be stored.

PostgreSQL's jsonb and text hold neither NUL characters, nor halves of surrogate
pairs, nor numbers without bound; all three are legal JSON. Such an object is not
refused but parked, so `decode` still tells what kind of event it was.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from ratings.core.errors import InvalidInput
from ratings.readers.misread import Misread

Wire = dict[str, Any]
"""A decoded object. Numbers are ints and Decimals, never floats."""

DEEPEST = 100
"""Levels of nesting; real notifications have fewer than ten."""

LONGEST_NUMBER = 1000
"""Digits that a number may have before or after its point."""

_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|.)",
    re.DOTALL,
)


def _number(text: str) -> Decimal:
    """ArithmeticError for what PostgreSQL's numeric could not hold."""
    if len(text) > LONGEST_NUMBER:
        raise OverflowError(text[:20])
    number = Decimal(text)
    if abs(number.adjusted()) > LONGEST_NUMBER:
        raise OverflowError(text)
    return number


_object = msgspec.json.Decoder(Wire, float_hook=_number)
_outline = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_any = msgspec.json.Decoder(float_hook=_number)
_encoder = msgspec.json.Encoder(decimal_format="number")


def split(body: bytes) -> list[bytes]:
    """The objects of a request: those of a list, or the one it is.

    Nothing but the list is parsed; an empty list has no objects. Raises
    InvalidInput: body_not_json, nesting_too_deep (about 1000 levels: no end found).
    """
    if body.lstrip()[:1] != b"[":
        return [body]
    try:
        return [bytes(raw) for raw in _list.decode(body)]
    except RecursionError:
        raise _endless() from None
    except msgspec.DecodeError as error:
        raise _not_json(error) from None


def encode(wire: Wire) -> bytes:
    return _encoder.encode(wire)


def decode(body: bytes) -> tuple[Wire, Misread | None]:
    """The object, and why it must be parked as it stands, if so.

    In that case the object has every key, but None for values that cannot be had.
    Raises InvalidInput: body_not_json, body_no_event (JSON, but no object),
    nesting_too_deep (as `split`).
    """
    _check_utf8(body)
    if b"\\u" in body and _SUSPECT.search(body) and _unstorable(body):
        return _salvage(body), Misread("text_invalid", "NUL or half a surrogate pair in a text")
    try:
        wire = _object.decode(body)
    except RecursionError:
        return _salvage(body), _too_deep()
    except (msgspec.ValidationError, ArithmeticError):
        # A ValidationError is no object at all, which _salvage raises, or an
        # integer beyond msgspec's bound.
        return _salvage(body), Misread("number_invalid", "a number has too many digits")
    except msgspec.DecodeError as error:
        raise _not_json(error) from None
    if body.count(b"{") + body.count(b"[") > DEEPEST and _depth(wire) > DEEPEST:
        return wire, _too_deep()
    return wire, None


def _check_utf8(body: bytes) -> None:
    # msgspec does not look into the strings of values that it skips.
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise _not_json(error) from None


def _unstorable(body: bytes) -> bool:
    r"""Exact: ``\\u0000`` is a backslash and five characters, ``\u0000`` is NUL."""
    return any(escape[1] is not None for escape in _ESCAPE.finditer(body))


def _salvage(body: bytes) -> Wire:
    clean = _ESCAPE.sub(lambda found: b"\\ufffd" if found[1] else found[0], body)
    try:
        return {key: _value(raw) for key, raw in _outline.decode(clean).items()}
    except RecursionError:
        raise _endless() from None
    except msgspec.ValidationError:
        raise InvalidInput("the body is no JSON object", code="body_no_event") from None
    except msgspec.DecodeError as error:
        raise _not_json(error) from None


def _value(raw: msgspec.Raw) -> Any:
    try:
        return _any.decode(raw)
    except (RecursionError, ArithmeticError, msgspec.DecodeError):
        return None


def _depth(wire: Wire) -> int:
    level: list[Any] = [wire]
    depth = 0
    while level:
        depth += 1
        level = [
            child
            for value in level
            for child in (value.values() if isinstance(value, dict) else value)
            if isinstance(child, (dict, list))
        ]
    return depth


def _too_deep() -> Misread:
    return Misread("nesting_too_deep", f"more than {DEEPEST} levels of nesting")


def _endless() -> InvalidInput:
    # Whether this is JSON cannot be said, and no service could have written it.
    return InvalidInput("the body is nested without end", code="nesting_too_deep")


def _not_json(error: Exception) -> InvalidInput:
    return InvalidInput(f"the body is no JSON: {error}", code="body_not_json")
