"""An order as an invoice counts: in amounts of two decimal places that add up (EN 16931).

Records are exact to twelve places. Here they become few lines, each rounded once, and
what that adds or takes stands in the open, as a charge or an allowance of its own:
without tax an invoice is the order's `payable`, never a cent beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

from ratings.core.composing import exact_sum
from ratings.core.composing import payable as payable_in
from ratings.core.orders import Line, Order
from ratings.core.pricing import MICROSECOND, rounded
from ratings.exporters import NotExportable
from ratings.exporters.counted import counted
from ratings.exporters.parties import Vat

PLACES = 2
"""Of every amount, in whatever currency (BR-DEC-*)."""

_WIDE = Context(prec=100)


@dataclass(slots=True)
class InvoiceLine:
    """Usage of one component of one resource type at one price.

    reason:  of a correction, with the time that it corrects; None for usage of the period.
    taken:   whether it takes back what was billed.
    """

    resource_type: str
    component: str
    unit: str
    per: str | None
    unit_price: Decimal
    reason: str | None
    start: datetime
    end: datetime
    quantity: Decimal = Decimal()
    exact: Decimal = Decimal()
    resources: set[str] = field(default_factory=set)

    @property
    def amount(self) -> Decimal:
        return in_cents(self.exact)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is taken off the sum of the lines, or put on it; amount is never negative."""

    charge: bool
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Invoice:
    """What is asked for, or, as a credit note, given back: then every sign is the other one.

    net:      without tax: the order's payable.
    rounding: from the sum with tax to what can be paid in the currency.
    """

    credit_note: bool
    lines: tuple[InvoiceLine, ...]
    allowances: tuple[Allowance, ...]
    net: Decimal
    tax: Decimal
    rounding: Decimal

    @property
    def lines_total(self) -> Decimal:
        return exact_sum(line.amount for line in self.lines)

    def allowances_total(self, *, charge: bool) -> Decimal:
        return exact_sum(each.amount for each in self.allowances if each.charge is charge)

    @property
    def gross(self) -> Decimal:
        return exact_sum((self.net, self.tax))

    @property
    def payable(self) -> Decimal:
        return exact_sum((self.net, self.tax, self.rounding))


def invoice(order: Order, vat: Vat) -> Invoice:
    """NotExportable in a currency whose amounts need three decimal places."""
    net = order.payable
    if net != in_cents(net):
        raise NotExportable(f"an invoice has no amounts like {net:f} {order.currency}")
    sign = -1 if net < 0 else 1
    lines = _lines([*order.lines, *order.corrections], sign) or [_nothing(order)]
    allowances = _allowances([*order.lines, *order.corrections], sign)
    net = in_cents(net if sign > 0 else net.copy_negate())
    difference = exact_sum(
        (
            net,
            *(line.amount.copy_negate() for line in lines),
            *(a.amount.copy_negate() if a.charge else a.amount for a in allowances),
        )
    )
    if difference:
        allowances.append(
            Allowance(difference > 0, difference.copy_abs(), "Rounding of the lines above")
        )
    tax = _WIDE.multiply(net, vat.rate).scaleb(-2, _WIDE)
    tax = tax.quantize(Decimal(1).scaleb(-PLACES), ROUND_HALF_UP, _WIDE)
    gross = exact_sum((net, tax))
    rounding = exact_sum((payable_in(gross, order.currency), gross.copy_negate()))
    return Invoice(sign < 0, tuple(lines), tuple(allowances), net, tax, in_cents(rounding))


def in_cents(amount: Decimal) -> Decimal:
    """Rounded half-even, with exactly two decimal places, and no minus before a zero."""
    found = rounded(*amount.as_integer_ratio(), PLACES)
    return found if found else found.copy_abs()


def days(start: datetime, end: datetime) -> tuple[date, date]:
    """The first and the last day of [start, end)."""
    return start.date(), max(start, end - MICROSECOND).date()


def due(issued: datetime, due_days: int) -> date:
    return issued.date() + timedelta(days=due_days)


def _lines(lines: Sequence[Line], sign: int) -> list[InvoiceLine]:
    found: dict[tuple[object, ...], InvoiceLine] = {}
    for line in lines:
        if line.subject is None or line.unit_price is None or line.amount is None:
            continue
        kind, taken = line.subject.resource_type, line.amount < 0
        what = (kind, line.component or "", line.unit, line.per, line.unit_price, line.reason)
        each = found.setdefault((*what, taken), InvoiceLine(*what, line.start, line.end))
        quantity = counted(line)
        each.quantity = exact_sum((each.quantity, _signed(quantity, sign)))
        each.exact = exact_sum((each.exact, _signed(line.amount, sign)))
        each.start, each.end = min(each.start, line.start), max(each.end, line.end)
        each.resources.add(line.subject.resource_id)
    return list(found.values())


def _nothing(order: Order) -> InvoiceLine:
    """An invoice has a line (BR-16), also one that only asks for a minimum."""
    return InvoiceLine(
        resource_type="",
        component="",
        unit="",
        per="unit",
        unit_price=Decimal(),
        reason=None,
        start=order.start,
        end=order.end,
        quantity=Decimal(1),
    )


def _allowances(lines: Sequence[Line], sign: int) -> list[Allowance]:
    found = []
    for line in lines:
        if line.subject is not None or line.amount is None:
            continue
        amount = in_cents(_signed(line.amount, sign))
        if amount:
            said = f"{line.kind.capitalize()}: {line.description or line.component or ''}"
            said = said if line.reason is None else f"{said} ({line.reason})"
            found.append(Allowance(amount > 0, amount.copy_abs(), said))
    return found


def _signed(number: Decimal, sign: int) -> Decimal:
    return number if sign > 0 else number.copy_negate()
