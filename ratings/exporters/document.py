"""An order as one document: what the API answers, and what the other formats read from."""

from __future__ import annotations

from typing import Any

from ratings.core.orders import Issued, Line, Order
from ratings.exporters import is_draft


def document(issued: Issued) -> dict[str, Any]:
    """The parts of an issued order or a draft by name; numbers are Decimal, times datetime."""
    if is_draft(issued):
        return {**shown(issued.order), "status": "draft"}
    return {
        **shown(issued.order),
        "id": issued.id,
        "status": "issued",
        "created_at": issued.created_at,
    }


def shown(order: Order) -> dict[str, Any]:
    """What drafts and issued orders have in common."""
    lines = [line_of(number, line) for number, line in enumerate(order.numbered(), 1)]
    corrections = len(order.lines)
    unpriced = corrections + len(order.corrections)
    return {
        "tenant_id": order.tenant_id,
        "start": order.start,
        "end": order.end,
        "currency": order.currency,
        "total": order.total,
        "payable": order.payable,
        "lines": lines[:corrections],
        "corrections": lines[corrections:unpriced],
        "unpriced": lines[unpriced:],
        "digest": order.digest,
        "previous_digest": order.previous_digest,
    }


def line_of(number: int, line: Line) -> dict[str, Any]:
    subject = line.subject
    about = {
        "resource_id": subject and subject.resource_id,
        "resource_name": subject and subject.name,
        "resource_type": subject and subject.resource_type,
        "region": subject and subject.region,
    }
    found = {
        "line": number,
        "kind": line.kind,
        **about,
        "component": line.component,
        "unit": line.unit,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "per": line.per,
        "start": line.start,
        "end": line.end,
        "amount": line.amount,
        "source": line.source,
        "description": line.description,
    }
    return found if line.reason is None else {**found, "reason": line.reason}
