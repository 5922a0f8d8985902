"""What a sales order says, made from the records it bills and the ones it takes back.

An order is composed, never edited: the same items always give the same lines,
the same total and the same digest. Drafts, issued orders and their regeneration
differ only in where the items come from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact
from functools import reduce
from typing import Any

from ratings.core.model import Record
from ratings.core.pricing import rounded

_MINOR_UNITS = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Decimal places of currencies that have not two (ISO 4217)."""

_EXACT = Context(prec=1000, traps=[Inexact])
"""Adds without rounding, or not at all."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The resource that a line is about; its name is the one at the time of the order."""

    region: str
    resource_type: str
    resource_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """A record as an order takes it: billed (sign +1), or taken back (-1).

    reason: why it is a correction of an earlier order; None for what is billed
    for the first time in its own period.
    """

    subject: Subject
    record: Record
    unit: str
    sign: int = 1
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Adjacent items of one resource and component that charge the same.

    amount is the exact sum of theirs; None where there is no price. What is
    taken back has a negative amount.
    """

    subject: Subject
    component: str
    unit: str
    quantity: Decimal
    unit_price: Decimal | None
    start: datetime
    end: datetime
    amount: Decimal | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """The bill of one tenant for [start, end); a draft has no digest yet."""

    tenant_id: str
    start: datetime
    end: datetime
    currency: str
    lines: tuple[Line, ...]
    corrections: tuple[Line, ...]
    unpriced: tuple[Line, ...]
    total: Decimal
    payable: Decimal
    previous_digest: str | None = None
    digest: str | None = None


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
        else replace(item, reason=_reason(item, *sides[_about(item)]))
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
    previous_digest: str | None = None,
    *,
    sealed: bool = True,
) -> Order:
    """The order of `items`, with its digest if `sealed`; their order does not matter."""
    lines = list(_lines(sorted(items, key=_place)))
    priced = [line for line in lines if line.amount is not None]
    total = _exact_sum(line.amount for line in priced if line.amount is not None)
    order = Order(
        tenant_id=tenant_id,
        start=start,
        end=end,
        currency=currency,
        lines=tuple(line for line in priced if line.reason is None),
        corrections=tuple(line for line in priced if line.reason is not None),
        unpriced=tuple(line for line in lines if line.amount is None),
        total=total,
        payable=rounded(*total.as_integer_ratio(), _MINOR_UNITS.get(currency, 2)),
        previous_digest=previous_digest,
    )
    return replace(order, digest=digest(order)) if sealed else order


def digest(order: Order) -> str:
    """SHA-256 over the canonical bytes of an order, which hold the digest before it."""
    return hashlib.sha256(canonical(order)).hexdigest()


def canonical(order: Order) -> bytes:
    """The one way to write an order down: sorted keys, plain decimals, UTC."""
    document = {
        "tenant_id": order.tenant_id,
        "start": _text(order.start),
        "end": _text(order.end),
        "currency": order.currency,
        "total": _text(order.total),
        "payable": _text(order.payable),
        "previous_digest": order.previous_digest,
        "lines": [_document(line) for line in order.lines],
        "corrections": [_document(line) for line in order.corrections],
        "unpriced": [_document(line) for line in order.unpriced],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _place(item: Item) -> tuple[Any, ...]:
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


def _lines(ordered: Iterable[Item]) -> Iterator[Line]:
    """Neighbours that charge the same, joined. Taking back what had no price shows nothing."""
    amounts: list[Decimal] = []
    first: Item | None = None
    last: Item | None = None
    for item in ordered:
        if item.sign < 0 and item.record.amount is None:
            continue
        if first is None or last is None or not _continues(last, item):
            if first is not None and last is not None:
                yield _line(first, last, amounts)
            first, amounts = item, []
        last = item
        if item.record.amount is not None:
            amount = item.record.amount
            amounts.append(amount if item.sign > 0 else amount.copy_negate())
    if first is not None and last is not None:
        yield _line(first, last, amounts)


def _continues(last: Item, item: Item) -> bool:
    def same(one: Item) -> tuple[Any, ...]:
        r = one.record
        return (one.subject, one.sign, one.reason, r.component, r.quantity, r.metadata, r.price_id)

    return last.record.end == item.record.start and same(last) == same(item)


def _line(first: Item, last: Item, amounts: list[Decimal]) -> Line:
    record = first.record
    return Line(
        subject=first.subject,
        component=record.component,
        unit=first.unit,
        quantity=record.quantity,
        unit_price=record.unit_price,
        start=record.start,
        end=last.record.end,
        amount=None if record.amount is None else _exact_sum(amounts),
        reason=first.reason,
    )


def _exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum to the last digit: Decimal's own addition would round to 28."""
    return reduce(_EXACT.add, amounts, Decimal())


def _document(line: Line) -> dict[str, Any]:
    return {
        "region": line.subject.region,
        "resource_type": line.subject.resource_type,
        "resource_id": line.subject.resource_id,
        "resource_name": line.subject.name,
        "component": line.component,
        "unit": line.unit,
        "quantity": _text(line.quantity),
        "unit_price": None if line.unit_price is None else _text(line.unit_price),
        "start": _text(line.start),
        "end": _text(line.end),
        "amount": None if line.amount is None else _text(line.amount),
        "reason": line.reason,
    }


def _text(value: datetime | Decimal) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
