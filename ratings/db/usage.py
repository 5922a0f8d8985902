"""Usage: quantities of a tenant's records, clipped to a range."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

_USERS = """
SELECT id FROM (
    SELECT resource_id AS id FROM records
    WHERE tenant_id = %(tenant_id)s AND superseded_at IS NULL
      AND lower(span) < %(end)s
      AND (%(start)s::timestamptz IS NULL OR upper(span) > %(start)s)
    UNION
    SELECT id FROM resources
    WHERE tenant_id = %(tenant_id)s AND open AND updated_at < %(end)s) AS u
WHERE %(after)s::bigint IS NULL OR id > %(after)s
ORDER BY id LIMIT %(limit)s"""

_SUMS = """
SELECT r.resource_id AS id, c.name AS component, r.unit_price IS NOT NULL AS priced,
       sum(r.quantity * p.seconds) AS quantity_seconds, sum(p.seconds) AS seconds
FROM records r
JOIN components c ON c.id = r.component_id,
LATERAL (SELECT r.span * tstzrange(%(start)s, %(end)s) AS part) AS clipped,
LATERAL (SELECT extract(epoch FROM upper(part) - lower(part)) AS seconds) AS p
WHERE r.resource_id = ANY(%(ids)s::bigint[]) AND r.tenant_id = %(tenant_id)s
  AND r.superseded_at IS NULL AND r.span && tstzrange(%(start)s, %(end)s)
GROUP BY r.resource_id, c.name, r.unit_price IS NOT NULL"""


def users(
    conn: Connection,
    *,
    tenant_id: str,
    start: datetime | None,
    end: datetime,
    after: int | None,
    limit: int,
) -> list[int]:
    """Row ids of up to `limit` resources that `tenant_id` used, or still uses, in [start, end)."""
    parameters = {
        "tenant_id": tenant_id,
        "start": start,
        "end": end,
        "after": after,
        "limit": limit,
    }
    return list(conn.exec_driver_sql(_USERS, parameters).scalars())


def sums(
    conn: Connection,
    resource_ids: Sequence[int],
    *,
    tenant_id: str,
    start: datetime | None,
    end: datetime,
) -> Sequence[Row[Any]]:
    """Per resource (row id), component and whether it is priced: quantity_seconds and seconds."""
    parameters = {"ids": list(resource_ids), "tenant_id": tenant_id, "start": start, "end": end}
    return conn.exec_driver_sql(_SUMS, parameters).all()
