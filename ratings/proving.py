"""Proving orders: is each what it was, bound to the one before, and adjusted as was agreed?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import InterfaceError, OperationalError

from ratings import adjusting, orders
from ratings.core.composing import corrected
from ratings.core.orders import Adjustment, Item
from ratings.core.pricing import PriceBook
from ratings.db import adjustments as made
from ratings.db import sales_orders
from ratings.db.audit import Finding
from ratings.db.audit.check import chain, count
from ratings.db.sales_orders import Entry
from ratings.settling import Settings

Tell = Callable[[str, int, int], None]
"""Hears of progress: what is looked at (checks, records, resources, orders), how many
are done, of how many."""


def chained(
    conn: Connection, settings: Settings, tenants: Sequence[str] | None, tell: Tell
) -> Iterator[Finding]:
    """What is wrong with the orders of `tenants`, or of all, tenant by tenant."""
    book = settings.price_book(conn)
    total = count(conn, "sales_orders", tenants)
    before: Row[Any] | None = None
    for done, header in enumerate(chain(conn, tenants), 1):
        if before is not None and before.tenant_id != header.tenant_id:
            before = None
        yield from _of_order(conn, book, header, None if before is None else before.digest)
        before = header
        tell("orders", done, total)
    tell("orders", total, total)


def _of_order(
    conn: Connection, book: PriceBook, header: Row[Any], previous: str | None
) -> Iterator[Finding]:
    place = f"order {header.id}"
    if header.previous_digest != previous:
        yield Finding("order_previous", place, "does not bear the digest of the order before it")
    try:
        entries = sales_orders.entries(conn, header.id)
        adjustments = made.of_order(conn, header.id)
        order = orders.regenerated(header, entries, adjustments).order
        wanted = adjusting.adjusted(conn, book, order.tenant_id, order.start, order.end, entries)
    except (InterfaceError, OperationalError):
        raise
    except Exception as error:  # records that nobody could have written may do anything
        detail = f"cannot be made again, {type(error).__name__}: {error}"
        yield Finding("order_digest", place, detail.splitlines()[0])
        return
    if order.total != header.total:
        detail = f"its total is {header.total}, its lines give {order.total}"
        yield Finding("order_total", place, detail)
    if order.payable != header.payable:
        detail = f"payable is {header.payable}, its lines give {order.payable}"
        yield Finding("order_payable", place, detail)
    if order.digest != header.digest:
        yield Finding("order_digest", place, f"of {order.tenant_id}: is not what was issued")
    yield from _misexplained(place, entries, corrected([e.item for e in entries], order.start))
    yield from _misadjusted(place, wanted, [one for one in adjustments if one.kind != "credit"])


def _misexplained(
    place: str, entries: Sequence[Entry], explained: Sequence[Item]
) -> Iterator[Finding]:
    """Corrections whose reason does not follow from what the order has of both sides."""
    for entry, item in zip(entries, explained, strict=True):
        if entry.item.reason != item.reason:
            detail = f"the reason is {entry.item.reason}, and should be {item.reason}"
            yield Finding("line_reason", f"{place}, record {entry.record_id}", detail)


def _misadjusted(
    place: str, wanted: Sequence[Adjustment], have: Sequence[Adjustment]
) -> Iterator[Finding]:
    """Adjustments that do not follow from what an order bills and what was agreed."""
    if wanted != have:
        lacking = [f"lacks {_told(one)}" for one in wanted if one not in have]
        surplus = [f"has {_told(one)}" for one in have if one not in wanted]
        detail = "; ".join([*lacking, *surplus]) or "they are in another order"
        yield Finding("order_adjustments", place, detail)


def _told(one: Adjustment) -> str:
    return f"{one.kind} {one.source} of {one.amount * one.sign}"
