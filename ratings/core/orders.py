"""Sales orders: what they are made of, what they say, and the bytes that prove it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from ratings.core.model import Record
from ratings.core.writing import plain, stamp


class Subject(NamedTuple):
    """The resource that a line is about; its name is the one at the time of the order."""

    region: str
    resource_type: str
    resource_id: str
    name: str | None


class Item(NamedTuple):
    """A record as an order takes it: billed (sign +1), or taken back (-1).

    per:    what the record's unit price buys a unit for (see `Price`); None without one.
    reason: why it is a correction of an earlier order; None for what is billed
    for the first time in its own period.
    """

    subject: Subject
    record: Record
    unit: str
    per: str | None
    sign: int = 1
    reason: str | None = None


class Basis(NamedTuple):
    """What an adjustment was worked out of, exactly; it is told, and not stored.

    base:   how many units of the price were counted; what was left to take a discount
            of; what was charged before a minimum, or due before a credit.
    agreed: of a term, an amount in proportion to its time, or what remained of a credit;
            None of a percentage, and of prices.
    amount: of the adjustment, before it was rounded.
    """

    base: Fraction
    agreed: Fraction | None
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What belongs to no record: what a graduated price or a term adds to an order period.

    kind:       free or tier (of a price); discount, minimum or credit (of a term).
    source:     id of that price or term.
    component:  None where it concerns all of them.
    start, end: the order period.
    quantity, unit_price: their product is the amount: units of the component at the
                difference to the price that records bear, or money at a share of it.
    sign, reason: as of an `Item`: -1 takes back what an earlier order said.
    """

    kind: str
    source: int
    component: str | None
    unit: str
    quantity: Decimal
    unit_price: Decimal
    start: datetime
    end: datetime
    amount: Decimal
    description: str
    sign: int = 1
    reason: str | None = None
    basis: Basis | None = field(default=None, compare=False, repr=False)


class Line(NamedTuple):
    """Adjacent items of one resource and component that charge the same, or an adjustment.

    amount is the exact sum of theirs; None where there is no price. What is
    taken back has a negative amount.

    subject:     None for adjustments, which concern no single resource.
    component:   None for adjustments that concern all components.
    kind:        usage, or that of the adjustment.
    source:      id of the price, None if there is none, or that of the adjustment.
    per:         what the unit price buys a unit for; None for adjustments.
    description: what the adjustment is for.
    """

    subject: Subject | None
    component: str | None
    unit: str
    quantity: Decimal
    unit_price: Decimal | None
    start: datetime
    end: datetime
    amount: Decimal | None
    reason: str | None = None
    kind: str = "usage"
    source: int | None = None
    per: str | None = None
    description: str | None = None


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

    def numbered(self) -> list[Line]:
        """Every line; the number by which it is asked for is its place here, from 1."""
        return [*self.lines, *self.corrections, *self.unpriced]


@dataclass(frozen=True, slots=True)
class Issued:
    """An order that is final.

    digest:   the one that was stored; that of `order` is of what was found.
    corrects: ids of the earlier orders that its corrections are about.
    """

    id: int
    created_at: datetime
    digest: str | None
    order: Order
    corrects: tuple[int, ...] = ()


def digest(order: Order) -> str:
    """SHA-256 over the canonical bytes of an order, which hold the digest before it."""
    return hashlib.sha256(canonical(order)).hexdigest()


def canonical(order: Order) -> bytes:
    """The one way to write an order down: sorted keys, plain decimals, UTC."""
    document = {
        "tenant_id": order.tenant_id,
        "start": stamp(order.start),
        "end": stamp(order.end),
        "currency": order.currency,
        "total": plain(order.total),
        "payable": plain(order.payable),
        "previous_digest": order.previous_digest,
        "lines": [_document(line) for line in order.lines],
        "corrections": [_document(line) for line in order.corrections],
        "unpriced": [_document(line) for line in order.unpriced],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _document(line: Line) -> dict[str, Any]:
    about: dict[str, Any]
    if line.subject is None:
        about = {"kind": line.kind, "source": line.source, "description": line.description}
    else:
        about = {
            "region": line.subject.region,
            "resource_type": line.subject.resource_type,
            "resource_id": line.subject.resource_id,
            "resource_name": line.subject.name,
        }
    return about | {
        "component": line.component,
        "unit": line.unit,
        "quantity": plain(line.quantity),
        "unit_price": None if line.unit_price is None else plain(line.unit_price),
        "start": stamp(line.start),
        "end": stamp(line.end),
        "amount": None if line.amount is None else plain(line.amount),
        "reason": line.reason,
    }
