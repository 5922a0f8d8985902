"""Numbers as quantities: exact, finite, not negative, and of a size that is real."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from typing import Any

from ratings.readers.misread import Misread, shown

LARGEST = 10**15
"""A quantity beyond this is an error of its source."""

DECIMALS = 30
"""Places after the point: what bytes have when they are told in GiB."""

MEASURED_DECIMALS = 60
"""Places of a measured value: a mean of bytes with places of its own, told in GiB."""

_ONE = Decimal(1)
_WIDE = Context(prec=150, traps=[Inexact, InvalidOperation, Overflow])
# LARGEST and DECIMALS with room to spare; what does not fit is refused, not rounded.
_EXACT = Context(prec=60, traps=[Inexact, InvalidOperation, Overflow])
_NUMERIC = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?").fullmatch


def quantity(value: Any, name: str, divide: int = 1) -> Decimal:
    """`value` / `divide`, exactly; an int, a Decimal or a numeric text.

    Raises Misread: quantity_invalid.
    """
    if type(value) is int and divide == 1 and 0 <= value <= LARGEST:
        return Decimal(value)
    try:
        found = _EXACT.divide(_decimal(value), Decimal(divide)).normalize(_EXACT)
    except (Inexact, InvalidOperation, Overflow):
        raise _invalid(name, value) from None
    return _checked(found, name, value, DECIMALS)


def measured(value: Any, name: str, conversion: Fraction) -> Decimal:
    """`value` * `conversion`, exactly; an int, a Decimal or a numeric text.

    The denominator divides a power of ten. Raises Misread: quantity_invalid.
    """
    try:
        found = _WIDE.multiply(_decimal(value), Decimal(conversion.numerator))
        found = _WIDE.divide(found, Decimal(conversion.denominator)).normalize(_WIDE)
    except (Inexact, InvalidOperation, Overflow):
        raise _invalid(name, value) from None
    return _checked(found, name, value, MEASURED_DECIMALS)


def _checked(found: Decimal, name: str, value: Any, decimals: int) -> Decimal:
    exponent = int(found.as_tuple().exponent)
    if not 0 <= found <= LARGEST or exponent < -decimals:
        raise _invalid(name, value)
    if exponent > 0:
        return found.quantize(_ONE, context=_EXACT)  # 10, the same number as 1E+1
    return found.copy_abs()  # -0 is 0; abs() would round to the digits of the thread's context


def total(values: Iterable[Any], name: str, divide: int = 1) -> Decimal:
    """The exact sum of quantities. Raises Misread: quantity_invalid."""
    found = Decimal(0)
    for value in values:
        found = _EXACT.add(found, quantity(value, name, divide))
    return quantity(found, name)


def _decimal(value: Any) -> Decimal:
    if type(value) is str and _NUMERIC(value):
        return Decimal(value)
    if type(value) is Decimal and value.is_finite():
        return value
    if type(value) is int:
        return Decimal(value)
    raise InvalidOperation


def _invalid(name: str, value: Any) -> Misread:
    return Misread("quantity_invalid", f"{name}: {shown(value)} is no quantity")
