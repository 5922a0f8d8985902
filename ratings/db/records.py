"""The ledger: priced records, written once, superseded at most once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from ratings.core.model import Record
from ratings.db.arrays import array
from ratings.db.copying import NULL, cell, copy, instant_text, json_cell, row
from ratings.db.filtering import where
from ratings.db.reading import Scope

_COLUMNS = (
    "resource_id, component_id, span, tenant_id, quantity, metadata, currency, unit_price,"
    " price_id, amount"
)

_CURRENT = """
SELECT r.id, r.resource_id, c.name AS component, lower(r.span) AS start, upper(r.span) AS end,
       r.tenant_id, r.quantity, r.metadata, r.currency, r.unit_price, r.price_id, r.amount
FROM unnest(%s::bigint[], %s::timestamptz[]) AS k (resource_id, since)
CROSS JOIN LATERAL (
    SELECT * FROM records
    WHERE resource_id = k.resource_id AND superseded_at IS NULL
      AND (k.since IS NULL OR lower(span) >= k.since)
    -- Keeps it a look-up per resource: without statistics the planner would scan the whole ledger.
    OFFSET 0) AS r
JOIN components c ON c.id = r.component_id"""

_SUPERSEDE = """
UPDATE records SET superseded_at = clock_timestamp() WHERE id = ANY(%s)"""

_PAGE = """
SELECT r.id, s.resource_id, s.resource_type, s.region, r.tenant_id, c.name AS component,
       r.quantity, r.unit_price, r.price_id, r.amount, r.currency,
       lower(r.span) AS start, upper(r.span) AS end, r.metadata, r.recorded_at, r.superseded_at
FROM records r
JOIN resources s ON s.id = r.resource_id
JOIN components c ON c.id = r.component_id"""

_FILTERS = {
    "scope": "r.tenant_id = %(scope)s",
    "tenant_id": "r.tenant_id = %(tenant_id)s",
    "resource_id": "r.resource_id IN"
    " (SELECT id FROM resources WHERE resource_id = %(resource_id)s)",
    "component": "r.component_id = (SELECT id FROM components WHERE name = %(component)s)",
    "start": "upper(r.span) > %(start)s",
    "end": "lower(r.span) < %(end)s",
    "superseded": "(r.superseded_at IS NOT NULL) = %(superseded)s",
}

_UNPRICED = """
SELECT c.name AS component, u.metadata, count(*) AS records
FROM components c, LATERAL (
    SELECT metadata FROM records r
    WHERE r.component_id = c.id AND r.unit_price IS NULL AND r.superseded_at IS NULL
    LIMIT 1000) AS u
GROUP BY c.name, u.metadata ORDER BY c.name, u.metadata"""

# Order, and what follows the record `after` in it. A tenant or a resource has few enough
# records (or an index) to go by time; all of them together go by id.
_BY_TIME = (
    "lower(r.span), r.id",
    "(lower(r.span), r.id) > (SELECT lower(span), id FROM records WHERE id = %(after)s"
    " AND (%(scope)s::text IS NULL OR tenant_id = %(scope)s))",
)
_BY_ID = "r.id", "r.id > %(after)s"


def page(conn: Connection, scope: Scope, *, limit: int, **filters: Any) -> Sequence[Row[Any]]:
    """Up to `limit` rows of the ledger: of a tenant or a resource by start, of all by id.

    Filters: after (a record id), tenant_id, resource_id (of the cloud),
    component, start and end (what intersects [start, end)), superseded.
    """
    given = {"limit": limit, "scope": scope.tenant_id, **filters}
    by_time = any(given.get(name) is not None for name in ("scope", "tenant_id", "resource_id"))
    order, after = _BY_TIME if by_time else _BY_ID
    conditions = where({**_FILTERS, "after": after}, given)
    sql = f"{_PAGE} {conditions} ORDER BY {order} LIMIT %(limit)s"
    return conn.exec_driver_sql(sql, given).all()


def unpriced(conn: Connection) -> Sequence[Row[Any]]:
    """Which usage lacks a price: component, metadata, and how many current records.

    At most a thousand records per component are looked at, so that it stays cheap
    when there are no prices at all.
    """
    return conn.exec_driver_sql(_UNPRICED).all()


def current(conn: Connection, since: Mapping[int, datetime | None]) -> dict[int, dict[int, Record]]:
    """Current records per resource (row id) that start at or after its instant.

    None is the beginning of time. Shape: resource id -> record id -> record.
    """
    found: dict[int, dict[int, Record]] = {resource_id: {} for resource_id in since}
    for r in conn.exec_driver_sql(_CURRENT, (array(since), array(since.values()))):
        found[r.resource_id][r.id] = of(r)
    return found


def of(row: Row[Any]) -> Record:
    """The record of a row that has its columns, with the component by name."""
    return Record(
        component=row.component,
        start=row.start,
        end=row.end,
        tenant_id=row.tenant_id,
        quantity=row.quantity,
        metadata=tuple(sorted(row.metadata.items())),
        currency=row.currency,
        unit_price=row.unit_price,
        price_id=row.price_id,
        amount=row.amount,
    )


def supersede(conn: Connection, record_ids: Sequence[int]) -> None:
    """Mark records as no longer true; before the ones that take their place are written."""
    conn.exec_driver_sql(_SUPERSEDE, (list(record_ids),))


def append(
    conn: Connection, records: Iterable[tuple[int, Record]], component_ids: Mapping[str, int]
) -> None:
    """Write records of resources (row id). IntegrityError if one overlaps a current one."""
    rows = (_row(resource_id, record, component_ids) for resource_id, record in records)
    copy(conn, "records", _COLUMNS, rows)


def _row(resource_id: int, record: Record, component_ids: Mapping[str, int]) -> str:
    return row(
        str(resource_id),
        str(component_ids[record.component]),
        f"[{instant_text(record.start)},{instant_text(record.end)})",
        cell(record.tenant_id),
        str(record.quantity),
        json_cell(dict(record.metadata)) if record.metadata else "{}",
        record.currency,
        NULL if record.unit_price is None else str(record.unit_price),
        NULL if record.price_id is None else str(record.price_id),
        NULL if record.amount is None else str(record.amount),
    )
