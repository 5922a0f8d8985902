"""The ledger: priced records, written once, superseded at most once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from ratings.core.model import Record
from ratings.db.copying import NULL, cell, copy, json_cell, row

_COLUMNS = (
    "resource_id, component_id, span, tenant_id, quantity, metadata, currency, unit_price,"
    " price_id, amount"
)

_CURRENT = """
SELECT r.id, r.resource_id, c.name AS component, lower(r.span) AS start, upper(r.span) AS end,
       r.tenant_id, r.quantity, r.metadata, r.currency, r.unit_price, r.price_id, r.amount
FROM unnest(%s::bigint[], %s::timestamptz[]) AS k (resource_id, since)
JOIN records r ON r.resource_id = k.resource_id AND r.superseded_at IS NULL
    AND (k.since IS NULL OR lower(r.span) >= k.since)
JOIN components c ON c.id = r.component_id"""

_SUPERSEDE = """
UPDATE records SET superseded_at = clock_timestamp() WHERE id = ANY(%s)"""


def current(
    conn: Connection, since: Mapping[int, datetime | None]
) -> dict[int, dict[int, Record]]:
    """Current records per resource (row id) that start at or after its instant.

    None is the beginning of time. Shape: resource id -> record id -> record.
    """
    found: dict[int, dict[int, Record]] = {resource_id: {} for resource_id in since}
    for r in conn.exec_driver_sql(_CURRENT, (list(since), list(since.values()))):
        found[r.resource_id][r.id] = Record(
            component=r.component,
            start=r.start,
            end=r.end,
            tenant_id=r.tenant_id,
            quantity=r.quantity,
            metadata=tuple(sorted(r.metadata.items())),
            currency=r.currency,
            unit_price=r.unit_price,
            price_id=r.price_id,
            amount=r.amount,
        )
    return found


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
        f"[{record.start.isoformat()},{record.end.isoformat()})",
        cell(record.tenant_id),
        str(record.quantity),
        json_cell(dict(record.metadata)) if record.metadata else "{}",
        record.currency,
        NULL if record.unit_price is None else str(record.unit_price),
        NULL if record.price_id is None else str(record.price_id),
        NULL if record.amount is None else str(record.amount),
    )
