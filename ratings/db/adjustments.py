"""Adjustments of sales orders: lines that no record bears."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from ratings.core.orders import Adjustment
from ratings.db.copying import NULL, cell, copy, instant_text, row

_COLUMNS = """a.kind, a.source, a.component, a.unit, a.quantity, a.unit_price,
    lower(a.span) AS start, upper(a.span) AS end, a.amount, a.description"""

_OF_ORDER = f"""
SELECT {_COLUMNS}, a.sign, a.reason FROM sales_order_adjustments a
WHERE a.order_id = %s ORDER BY a.position"""

# What was said and not taken back.
_BILLED = f"""
SELECT {_COLUMNS}, 1 AS sign, NULL AS reason
FROM sales_orders o JOIN sales_order_adjustments a ON a.order_id = o.id
WHERE o.tenant_id = %(tenant_id)s AND upper(o.span) <= %(before)s
  AND upper(a.span) = %(end)s AND a.kind <> 'credit'
GROUP BY a.kind, a.source, a.component, a.unit, a.quantity, a.unit_price, a.span, a.amount,
         a.description
HAVING sum(a.sign) > 0 ORDER BY min(o.id), min(a.position)"""


_FIRST_SAID = """
SELECT a.order_id, a.position
FROM sales_orders o JOIN sales_order_adjustments a ON a.order_id = o.id
WHERE o.tenant_id = %s AND upper(o.span) < %s AND upper(a.span) = %s AND a.kind = %s
  AND a.source = %s AND a.quantity = %s AND a.unit_price = %s AND a.description = %s AND a.sign = 1
ORDER BY upper(o.span) DESC LIMIT 1"""

_PAID_BEFORE = """
SELECT coalesce(-sum(a.amount), 0) FROM sales_orders o
JOIN sales_order_adjustments a ON a.order_id = o.id AND a.kind = 'credit' AND a.source = %s
WHERE upper(o.span) < %s"""


def of_order(conn: Connection, order_id: int) -> list[Adjustment]:
    """The adjustments of an issued order, in its order."""
    return [_of(row) for row in conn.exec_driver_sql(_OF_ORDER, (order_id,))]


def billed(conn: Connection, tenant_id: str, end: datetime, before: datetime) -> list[Adjustment]:
    """What the orders of a tenant up to `before` say of the period that ends at `end`.

    Credits left out: they are paid, not rated.
    """
    parameters = {"tenant_id": tenant_id, "end": end, "before": before}
    return [_of(row) for row in conn.exec_driver_sql(_BILLED, parameters)]


def first_said(
    conn: Connection, tenant_id: str, one: Adjustment, before: datetime
) -> tuple[int, int] | None:
    """The order, and the position in it, that last said of a period what `one` takes back.

    Of the tenant's orders that end before an instant.
    """
    values = (
        tenant_id,
        before,
        one.end,
        one.kind,
        one.source,
        one.quantity,
        one.unit_price,
        one.description,
    )
    found = conn.exec_driver_sql(_FIRST_SAID, values).one_or_none()
    return None if found is None else (found.order_id, found.position)


def paid_before(conn: Connection, term_id: int, instant: datetime) -> Decimal:
    """What a credit has paid of orders that end before `instant`."""
    found: Decimal = conn.exec_driver_sql(_PAID_BEFORE, (term_id, instant)).scalar_one()
    return found


def append(conn: Connection, order_id: int, adjustments: Sequence[Adjustment]) -> None:
    """Those of an order about to be issued. DBAPIError if a credit is used up."""
    copy(
        conn,
        "sales_order_adjustments",
        "order_id, position, kind, source, component, unit, quantity, unit_price, span, amount,"
        " description, sign, reason",
        (_row(order_id, position, one) for position, one in enumerate(adjustments, 1)),
    )


def _row(order_id: int, position: int, one: Adjustment) -> str:
    return row(
        str(order_id),
        str(position),
        one.kind,
        str(one.source),
        cell(one.component),
        cell(one.unit),
        f"{one.quantity:f}",
        f"{one.unit_price:f}",
        f'["{instant_text(one.start)}","{instant_text(one.end)}")',
        f"{one.amount:f}",
        cell(one.description),
        str(one.sign),
        one.reason or NULL,
    )


def _of(row: Row[Any]) -> Adjustment:
    return Adjustment(**row._mapping)
