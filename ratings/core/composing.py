"""What a sales order says, made from the records it bills and the ones it takes back.

An order is composed, never edited: the same items always give the same lines,
the same total and the same digest. Drafts, issued orders and their regeneration
differ only in where the items come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Context, Decimal, Inexact
from functools import reduce
from typing import Any

from ratings.core.model import Record
from ratings.core.orders import Adjustment, Item, Line, Order, Subject, digest
from ratings.core.pricing import rounded

_MINOR_UNITS = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Decimal places of currencies that have not two (ISO 4217)."""

_EXACT = Context(prec=1000, traps=[Inexact])
"""Adds without rounding, or not at all."""


def corrected(items: Iterable[Item], start: datetime) -> list[Item]:
    """`items` with the reason of each that corrects an order before `start`.

    late_usage:    usage that no order has billed.
    disproved:     billed usage that was none of this tenant's.
    price_added:   it was billed without a price.
    price_changed: the same usage at another price.
    late_evidence: other usage than was billed.
    """
    items = list(items)
    sides: dict[tuple[Subject, str], tuple[list[Record], list[Record]]] = {}
    for item in items:
        if item.sign < 0 or item.record.start < start:
            before, after = sides.setdefault(_about(item), ([], []))
            (before if item.sign < 0 else after).append(item.record)
    return [
        item
        if item.sign > 0 and item.record.start >= start
        else item._replace(reason=_reason(item, *sides[_about(item)]))
        for item in items
    ]


def _about(item: Item) -> tuple[Subject, str]:
    return item.subject, item.record.component


def _reason(item: Item, before: list[Record], after: list[Record]) -> str:
    """Why `item` is a correction, of those that were billed `before` into those `after`."""
    record = item.record
    others = after if item.sign < 0 else before
    if not any(r.start < record.end and record.start < r.end for r in others):
        return "disproved" if item.sign < 0 else "late_usage"
    if {r.quantity for r in before} != {r.quantity for r in after}:
        return "late_evidence"
    if all(r.amount is None for r in before) and any(r.amount is not None for r in after):
        return "price_added"
    if {r.price_id for r in before} != {r.price_id for r in after}:
        return "price_changed"
    return "late_evidence"


def compose(
    tenant_id: str,
    start: datetime,
    end: datetime,
    currency: str,
    items: Iterable[Item],
    adjustments: Iterable[Adjustment] = (),
    previous_digest: str | None = None,
) -> Order:
    """The order of `items`, not yet sealed; their order does not matter.

    That of `adjustments` does: it is the one in which they were made.
    """
    lines = [*map(_line, _groups(sorted(items, key=place))), *map(_adjusting, adjustments)]
    priced = [line for line in lines if line.amount is not None]
    total = exact_sum(line.amount for line in priced if line.amount is not None)
    return Order(
        tenant_id=tenant_id,
        start=start,
        end=end,
        currency=currency,
        lines=tuple(line for line in priced if line.reason is None),
        corrections=tuple(line for line in priced if line.reason is not None),
        unpriced=tuple(line for line in lines if line.amount is None),
        total=total,
        payable=payable(total, currency),
        previous_digest=previous_digest,
    )


def credited(order: Order, credits: Sequence[Adjustment]) -> Order:
    """`order` with what credits pay of it, as its last lines."""
    lines = (*order.lines, *map(_adjusting, credits))
    total = exact_sum([order.total, *(credit.amount for credit in credits)])
    return replace(order, lines=lines, total=total, payable=payable(total, order.currency))


def sealed(order: Order) -> Order:
    """`order` with its digest: as it is issued."""
    return replace(order, digest=digest(order))


def place(item: Item) -> tuple[Any, ...]:
    """Where an item stands in its order."""
    record, subject = item.record, item.subject
    return (
        subject.region,
        subject.resource_type,
        subject.resource_id,
        record.component,
        item.reason or "",
        item.sign,
        record.start,
    )


def parts(
    items: Iterable[Item], adjustments: Iterable[Adjustment]
) -> list[list[Item] | Adjustment]:
    """What each line of an order is made of, in the order of `Order.numbered`."""
    found: list[tuple[Line, list[Item] | Adjustment]] = []
    found += [(_line(group), group) for group in _groups(sorted(items, key=place))]
    found += [(_adjusting(adjustment), adjustment) for adjustment in adjustments]
    return [part for line, part in sorted(found, key=lambda made: _section(made[0]))]


def _section(line: Line) -> int:
    if line.amount is None:
        return 2
    return 0 if line.reason is None else 1


def _groups(ordered: Iterable[Item]) -> Iterator[list[Item]]:
    """Neighbours that charge the same, together. Taking back what had no price shows nothing."""
    group: list[Item] = []
    for item in ordered:
        if item.sign < 0 and item.record.amount is None:
            continue
        if group and not _continues(group[-1], item):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _continues(last: Item, item: Item) -> bool:
    def same(one: Item) -> tuple[Any, ...]:
        record = one.record
        # Counts add up; what lasts must be the same all along.
        quantity = None if one.per == "unit" else record.quantity
        about = one.subject, one.sign, one.reason, record.component
        return *about, quantity, record.metadata, record.price_id

    return last.record.end == item.record.start and same(last) == same(item)


def _line(group: Sequence[Item]) -> Line:
    first, last = group[0], group[-1]
    record = first.record
    quantity = record.quantity
    if first.per == "unit":
        quantity = exact_sum(item.record.quantity for item in group)
    amounts = [item.record.amount for item in group if item.record.amount is not None]
    amount = exact_sum(amounts) if first.sign > 0 else exact_sum(a.copy_negate() for a in amounts)
    return Line(
        subject=first.subject,
        component=record.component,
        unit=first.unit,
        quantity=quantity,
        unit_price=record.unit_price,
        start=record.start,
        end=last.record.end,
        amount=None if record.amount is None else amount,
        reason=first.reason,
        source=record.price_id,
        per=first.per,
    )


def _adjusting(adjustment: Adjustment) -> Line:
    amount = adjustment.amount
    return Line(
        subject=None,
        component=adjustment.component,
        unit=adjustment.unit,
        quantity=adjustment.quantity,
        unit_price=adjustment.unit_price,
        start=adjustment.start,
        end=adjustment.end,
        amount=amount if adjustment.sign > 0 else amount.copy_negate(),
        reason=adjustment.reason,
        kind=adjustment.kind,
        source=adjustment.source,
        description=adjustment.description,
    )


def payable(total: Decimal, currency: str) -> Decimal:
    """`total` rounded, half-even, to what the currency can be paid in."""
    return rounded(*total.as_integer_ratio(), _MINOR_UNITS.get(currency, 2))


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum to the last digit: Decimal's own addition would round to 28."""
    return reduce(_EXACT.add, amounts, Decimal())
