"""An order as an ERP takes it: few lines, few decimal places, and the same sum.

An ERP multiplies quantity and price, each with the few digits that it keeps, rounds
every line to what the currency can be paid in, and adds. The amounts of an order are
exact instead, and only their sum is rounded, to `payable`. So each line here is made
to come to its own rounded amount, whichever way the ERP rounds halves, and what that
leaves of `payable` is a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import Any

from ratings.core.composing import exact_sum, payable
from ratings.core.deliveries import Parcel, Refused
from ratings.core.orders import Line, Order
from ratings.erp.mapping import Catalogue, Rule

_ARITHMETIC = Context(prec=100)


@dataclass(frozen=True, slots=True)
class Position:
    """What is sold, at an exact amount; `unit_price` is None where there is none to show."""

    product: str
    unit: str | None
    description: str
    amount: Decimal
    unit_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Sold:
    """A line of the ERP: quantity (negative if it is given back) times price is the amount."""

    quantity: Decimal
    price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Digits:
    """Decimal places that the ERP keeps of the quantity and the price of one line."""

    quantity: int
    price: int


def title(parcel: Parcel) -> str:
    order = parcel.issued.order
    return f"Sales order {parcel.issued.id}, {_day(order.start)} to {_day(order.end)}"


def positions(order: Order, catalogue: Catalogue) -> list[Position]:
    """What the priced lines of an order sell, those that charge the same as one.

    What costs nothing is left out. Raises Refused (product_unknown).
    """
    groups: dict[Any, list[Line]] = {}
    for number, line in enumerate((*order.lines, *order.corrections)):
        rule = catalogue.rule(line)
        if line.amount:
            place = number if catalogue.by == "line" else None
            groups.setdefault((place, rule, *_charge(line)), []).append(line)
    return [_position(catalogue, group[1], lines) for group, lines in groups.items()]


def sold(position: Position, digits: Digits, currency: str) -> Sold:
    """A position as quantity and price; one of it at its amount, where they do not fit.

    Raises Refused (digits_too_few).
    """
    wanted = payable(position.amount, currency)
    price = position.unit_price
    if price and _places(price) <= digits.price:
        quantity = _ARITHMETIC.divide(position.amount, price)
        quantity = _rounded(quantity, digits.quantity, ROUND_HALF_EVEN)
        product = _ARITHMETIC.multiply(quantity, price)
        if _certain(product, -_exponent(wanted)) == wanted:
            return Sold(quantity, price, wanted)
    if _places(wanted) > digits.price:
        raise Refused(
            f"prices of {digits.price} decimal places cannot say {wanted.copy_abs():f} {currency}",
            code="digits_too_few",
        )
    return Sold(Decimal(1).copy_sign(wanted), wanted.copy_abs(), wanted)


def rounding(order: Order, catalogue: Catalogue, all_sold: Iterable[Sold]) -> Position | None:
    """What lines that are rounded one by one lack of `payable`, as one more of them."""
    lacking = exact_sum((order.payable, *(one.amount.copy_negate() for one in all_sold)))
    return Position(catalogue.rounding, None, "Rounding", lacking, None) if lacking else None


def _charge(line: Line) -> tuple[Any, ...]:
    """What lines have in common that can be one: all that is shown of them, and the sign."""
    assert line.amount is not None
    about = line.component, line.unit, line.unit_price, line.per, line.description
    return *about, line.reason, line.amount > 0


def _position(catalogue: Catalogue, rule: Rule, lines: list[Line]) -> Position:
    line = lines[0]
    price = None if line.unit_price is None else line.unit_price.copy_abs()
    return Position(
        product=rule.product,
        unit=rule.unit,
        description=_description(catalogue, lines),
        amount=exact_sum(each.amount for each in lines if each.amount is not None),
        unit_price=price if catalogue.quantities else None,
    )


def _description(catalogue: Catalogue, lines: list[Line]) -> str:
    line = lines[0]
    words = [line.description or line.component or line.kind]
    if line.kind == "usage":
        words.append(f"{line.unit}, {line.unit_price:f} per {line.per or 'unit'}")
    if line.subject is not None and catalogue.by == "line":
        name = f" ({line.subject.name})" if line.subject.name else ""
        words.append(f"{line.subject.resource_type} {line.subject.resource_id}{name}")
    start, end = min(each.start for each in lines), max(each.end for each in lines)
    words.append(f"{_day(start)} to {_day(end)}")
    if line.reason is not None:
        words.append(f"correction: {line.reason}")
    return "; ".join(words)


def _certain(number: Decimal, places: int) -> Decimal | None:
    """`number` rounded, if all ways to round a half agree on it."""
    even = _rounded(number, places, ROUND_HALF_EVEN)
    return even if even == _rounded(number, places, ROUND_HALF_UP) else None


def _rounded(number: Decimal, places: int, way: str) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), rounding=way, context=_ARITHMETIC)


def _places(number: Decimal) -> int:
    """Decimal places that are needed, without zeros at the end."""
    return max(0, -_exponent(number.normalize(_ARITHMETIC)))


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def _day(instant: Any) -> str:
    midnight = (instant.hour, instant.minute, instant.second, instant.microsecond) == (0,) * 4
    return f"{instant:%Y-%m-%d}" if midnight else f"{instant:%Y-%m-%dT%H:%M:%SZ}"
