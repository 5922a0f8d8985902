"""Sales orders and the records they point at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from ratings.core.orders import Item, Order, Subject
from ratings.db import records
from ratings.db.copying import NULL, cell, copy, row
from ratings.db.filtering import where
from ratings.db.reading import Scope

_CUTS = """
SELECT tenant_id, upper(span) AS cut FROM sales_orders
WHERE tenant_id = ANY(%s) AND (%s::timestamptz IS NULL OR upper(span) > %s) ORDER BY upper(span)"""

_HEADER = """
SELECT id, tenant_id, lower(span) AS start, upper(span) AS end, currency, total, payable, digest,
       previous_digest, created_at
FROM sales_orders"""

_TOUCHED = """
SELECT id FROM sales_orders
WHERE tenant_id = %s AND EXISTS (
    SELECT FROM unnest(%s::timestamptz[], %s::timestamptz[]) AS of (start, "end")
    WHERE span && tstzrange(of.start, of."end"))
ORDER BY id"""

_FILTERS = {
    "scope": "tenant_id = %(scope)s",
    "id": "id = %(id)s",
    "after": "id > %(after)s",
    "tenant_id": "tenant_id = %(tenant_id)s",
    "at": "span @> %(at)s::timestamptz",
    "start": "upper(span) > %(start)s",
    "end": "lower(span) < %(end)s",
}

_RECORD = """r.id AS record_id, r.resource_id AS row_id, s.region, s.resource_type, s.resource_id,
    c.name AS component, c.unit, lower(r.span) AS start, upper(r.span) AS end, r.tenant_id,
    r.quantity, r.metadata, r.currency, r.unit_price, r.price_id, r.amount, p.per"""
# Who had it before is not told what its new owner calls it.
_NAME = "CASE WHEN s.tenant_id = r.tenant_id THEN s.name END AS name"
_JOINS = """JOIN resources s ON s.id = r.resource_id JOIN components c ON c.id = r.component_id
LEFT JOIN prices p ON p.id = r.price_id"""

_UNBILLED = f"""
SELECT {_RECORD}, {_NAME}, 1 AS sign, NULL AS reason
FROM records r {_JOINS}
WHERE r.tenant_id = %(tenant_id)s AND r.superseded_at IS NULL AND lower(r.span) < %(end)s
  AND NOT EXISTS (SELECT FROM sales_order_lines l WHERE l.record_id = r.id AND l.sign = 1)"""

_BILLED = f"""
SELECT {_RECORD}, {_NAME}, -1 AS sign, NULL AS reason
FROM sales_orders o JOIN sales_order_lines l ON l.order_id = o.id AND l.sign = 1
JOIN records r ON r.id = l.record_id {_JOINS}
WHERE o.tenant_id = %(tenant_id)s AND {{condition}}
  AND NOT EXISTS (SELECT FROM sales_order_lines b WHERE b.record_id = r.id AND b.sign = -1)"""

_OUTSTANDING = f"""
{_UNBILLED}
UNION ALL
{_BILLED.format(condition="r.superseded_at IS NOT NULL")}"""
_BILLED_AMONG = _BILLED.format(condition="r.id = ANY(%(ids)s::bigint[])")

# What orders up to an instant have billed and not taken back, of an order period.
_STANDING = f"""
SELECT {_RECORD}, {_NAME}, 1 AS sign, NULL AS reason
FROM sales_orders o JOIN sales_order_lines l ON l.order_id = o.id AND l.sign = 1
JOIN records r ON r.id = l.record_id {_JOINS}
WHERE o.tenant_id = %(tenant_id)s AND upper(o.span) <= %(before)s
  AND (%(first)s OR lower(r.span) >= %(start)s) AND lower(r.span) < %(end)s
  AND NOT EXISTS (SELECT FROM sales_order_lines b JOIN sales_orders e ON e.id = b.order_id
                  WHERE b.record_id = r.id AND b.sign = -1 AND upper(e.span) <= %(before)s)"""

_PRICED_AMONG = """
SELECT l.record_id, r.tenant_id, l.order_id
FROM sales_order_lines l JOIN records r ON r.id = l.record_id
WHERE l.record_id = ANY(%s::bigint[]) AND l.sign = 1 AND r.unit_price IS NOT NULL"""

_PERIODS = """
SELECT lower(span) AS start, upper(span) AS end,
       lower(span) = min(lower(span)) OVER () AS first
FROM sales_orders WHERE tenant_id = %s AND upper(span) <= %s ORDER BY upper(span)"""

_ITEMS = f"""
SELECT {_RECORD}, n.name, l.sign, l.reason
FROM sales_order_lines l JOIN records r ON r.id = l.record_id
JOIN sales_order_resources n ON n.order_id = l.order_id AND n.resource_id = r.resource_id
{_JOINS}
WHERE l.order_id = %s"""

_INSERT = """
INSERT INTO sales_orders (tenant_id, span, currency, total, payable, digest, previous_digest)
VALUES (%s, tstzrange(%s, %s), %s, %s, %s, %s, %s) RETURNING id, created_at"""

_TENANTS = """
SELECT tenant_id FROM (
    SELECT DISTINCT tenant_id FROM records WHERE lower(span) < %(end)s
    UNION SELECT DISTINCT tenant_id FROM resources WHERE open AND updated_at < %(end)s) AS t
WHERE NOT EXISTS (SELECT FROM sales_orders o
                  WHERE o.tenant_id = t.tenant_id AND upper(o.span) >= %(end)s)
ORDER BY tenant_id"""


class Entry(NamedTuple):
    """An item, with the row ids of its record (None: only in a draft) and its resource."""

    record_id: int | None
    row_id: int
    item: Item


class Period(NamedTuple):
    """The time of an issued order; the first one of a tenant stands for all before it, too."""

    start: datetime
    end: datetime
    first: bool

    def holds(self, instant: datetime) -> bool:
        return instant < self.end and (self.first or instant >= self.start)


def cuts(
    conn: Connection, tenant_ids: Sequence[str], since: datetime | None
) -> dict[str, list[datetime]]:
    """Tenant -> ends of its issued orders after `since` (None: of all), ascending."""
    found: dict[str, list[datetime]] = {}
    for found_row in conn.exec_driver_sql(_CUTS, (list(tenant_ids), since, since)):
        found.setdefault(found_row.tenant_id, []).append(found_row.cut)
    return found


def last(conn: Connection, tenant_id: str) -> Row[Any] | None:
    """The newest order of a tenant: what the next one follows."""
    sql = f"{_HEADER} WHERE tenant_id = %s ORDER BY upper(span) DESC LIMIT 1"
    return conn.exec_driver_sql(sql, (tenant_id,)).one_or_none()


def billed_until(conn: Connection, tenant_id: str | None) -> datetime | None:
    """The end of the newest order of a tenant, or (None) of all; None if there is none."""
    sql = "SELECT max(upper(span)) FROM sales_orders WHERE %(t)s::text IS NULL OR tenant_id = %(t)s"
    found: datetime | None = conn.exec_driver_sql(sql, {"t": tenant_id}).scalar_one()
    return found


def get(conn: Connection, scope: Scope, order_id: int) -> Row[Any] | None:
    return next(iter(page(conn, scope, limit=1, id=order_id)), None)


def touched(
    conn: Connection, tenant_id: str, spans: Sequence[tuple[datetime, datetime]]
) -> list[int]:
    """Ids of the orders of a tenant that have a part in any of `spans`."""
    parameters = tenant_id, [start for start, _ in spans], [end for _, end in spans]
    return list(conn.exec_driver_sql(_TOUCHED, parameters).scalars())


def page(conn: Connection, scope: Scope, *, limit: int, **filters: Any) -> Sequence[Row[Any]]:
    """Up to `limit` orders by id, without their lines.

    Filters: after (an id), tenant_id, at (orders that contain the instant), start
    and end (orders that intersect [start, end)).
    """
    given = {"limit": limit, "scope": scope.tenant_id, **filters}
    sql = f"{_HEADER} {where(_FILTERS, given)} ORDER BY id LIMIT %(limit)s"
    return conn.exec_driver_sql(sql, given).all()


def tenants_to_bill(conn: Connection, end: datetime) -> list[str]:
    """Tenants with usage before `end` whose orders do not reach it yet."""
    return list(conn.exec_driver_sql(_TENANTS, {"end": end}).scalars())


def outstanding(conn: Connection, tenant_id: str, end: datetime) -> list[Entry]:
    """What an order up to `end` takes from the ledger: to be billed, and to be taken back.

    Current records that start before `end` and that no order has billed; and billed
    ones that are superseded. One statement, so that both are of one instant.
    """
    parameters = {"tenant_id": tenant_id, "end": end}
    return _entries(conn.exec_driver_sql(_OUTSTANDING, parameters))


def billed_among(conn: Connection, tenant_id: str, record_ids: Sequence[int]) -> list[Entry]:
    """Those of `record_ids` that an order of the tenant billed and none took back."""
    parameters = {"tenant_id": tenant_id, "ids": list(record_ids)}
    return _entries(conn.exec_driver_sql(_BILLED_AMONG, parameters))


def priced_among(conn: Connection, record_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Those of `record_ids` that an order billed with a price: record_id, tenant_id, order_id."""
    return conn.exec_driver_sql(_PRICED_AMONG, (list(record_ids),)).all()


def periods(conn: Connection, tenant_id: str, since: datetime, before: datetime) -> list[Period]:
    """The periods of a tenant's orders that end after `since` and up to `before`, ascending."""
    found = [Period(*row) for row in conn.exec_driver_sql(_PERIODS, (tenant_id, before))]
    return [period for period in found if period.end > since]


def standing(conn: Connection, tenant_id: str, period: Period, before: datetime) -> list[Entry]:
    """What the orders of a tenant up to `before` bill of the usage in `period`."""
    parameters = {"tenant_id": tenant_id, "before": before, **period._asdict()}
    return _entries(conn.exec_driver_sql(_STANDING, parameters))


def entries(conn: Connection, order_id: int) -> list[Entry]:
    """What an issued order is made of, names as they were then."""
    return _entries(conn.exec_driver_sql(_ITEMS, (order_id,)))


def insert(conn: Connection, order: Order, entries: Sequence[Entry]) -> tuple[int, datetime]:
    """Issue an order with its lines; its id and the time of issue.

    IntegrityError if it overlaps another of the tenant, or bills a record twice.
    """
    issued = conn.exec_driver_sql(
        _INSERT,
        (
            order.tenant_id,
            order.start,
            order.end,
            order.currency,
            order.total,
            order.payable,
            order.digest,
            order.previous_digest,
        ),
    ).one()
    order_id = str(issued.id)
    names = {entry.row_id: entry.item.subject.name for entry in entries}
    copy(
        conn,
        "sales_order_resources",
        "order_id, resource_id, name",
        (row(order_id, str(row_id), cell(name)) for row_id, name in names.items()),
    )
    copy(
        conn,
        "sales_order_lines",
        "order_id, record_id, sign, reason",
        (row(order_id, str(e.record_id), str(e.item.sign), e.item.reason or NULL) for e in entries),
    )
    return issued.id, issued.created_at


def _entries(rows: Iterable[Row[Any]]) -> list[Entry]:
    return [
        Entry(
            r.record_id,
            r.row_id,
            Item(
                subject=Subject(r.region, r.resource_type, r.resource_id, r.name),
                record=records.of(r),
                unit=r.unit,
                per=r.per,
                sign=r.sign,
                reason=r.reason,
            ),
        )
        for r in rows
    ]
