"""Adjusting orders: what graduated prices and terms make of a period, and of earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from ratings.core.adjustments import adjustments, credits_used, settled
from ratings.core.orders import Adjustment
from ratings.core.pricing import PriceBook
from ratings.core.terms import Term
from ratings.db import adjustments as made
from ratings.db import sales_orders, terms
from ratings.db.sales_orders import Entry


def adjusted(
    conn: Connection,
    book: PriceBook,
    tenant_id: str,
    start: datetime,
    end: datetime,
    entries: Sequence[Entry],
) -> list[Adjustment]:
    """Adjustments of the order that takes `entries`: its own, then corrections of earlier ones.

    Without credits, which pay for what it comes to.
    """
    agreed = terms.standing(conn, tenant_id)
    if not agreed and not book.graduated:
        return []
    fresh = [entry.item for entry in entries if entry.item.reason is None]
    found = adjustments(start, end, book.currency(tenant_id), fresh, book, agreed)
    corrections = [entry for entry in entries if entry.item.reason is not None]
    if corrections:
        found += _corrected(conn, book, tenant_id, start, corrections, agreed)
    return found


def paid(
    conn: Connection, tenant_id: str, start: datetime, end: datetime, currency: str, total: Decimal
) -> list[Adjustment]:
    """What credits pay of an order that comes to `total`."""
    return credits_used(start, end, currency, total, terms.credits_of(conn, tenant_id))


def _corrected(
    conn: Connection,
    book: PriceBook,
    tenant_id: str,
    start: datetime,
    corrections: Sequence[Entry],
    agreed: Sequence[Term],
) -> list[Adjustment]:
    """What `corrections` make of the adjustments of periods before `start`."""
    found: list[Adjustment] = []
    earliest = min(entry.item.record.start for entry in corrections)
    for period in sales_orders.periods(conn, tenant_id, earliest, start):
        touching = [e for e in corrections if period.holds(e.item.record.start)]
        if not touching:
            continue
        gone = {entry.record_id for entry in touching if entry.item.sign < 0}
        standing = sales_orders.standing(conn, tenant_id, period, start)
        items = [entry.item for entry in standing if entry.record_id not in gone]
        items += [entry.item for entry in touching if entry.item.sign > 0]
        currency = book.currency(tenant_id)
        wanted = adjustments(period.start, period.end, currency, items, book, agreed)
        found += settled(wanted, made.billed(conn, tenant_id, period.end, start))
    return found
