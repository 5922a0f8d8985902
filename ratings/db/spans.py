"""The life of one resource as one series of spans, its components summed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from ratings.db.reading import Scope

# Components may change at different instants (one of them got a new price), so the spans are
# those between any two neighbouring bounds; share_of divides amounts without a remainder.
# The casts matter: the GiST index compares bigint with bigint only, and psycopg sends small
# numbers as smallint.
_PAGE = """
WITH bounds AS (
    SELECT DISTINCT b.at
    FROM records r, LATERAL (VALUES (lower(r.span)), (upper(r.span))) AS b (at)
    WHERE r.resource_id = %(id)s::bigint AND r.superseded_at IS NULL
      AND (%(tenant)s::text IS NULL OR r.tenant_id = %(tenant)s)
), pieces AS (
    SELECT at AS start_at, lead(at) OVER (ORDER BY at) AS end_at FROM bounds
), paged AS (
    SELECT start_at, end_at FROM pieces p
    WHERE end_at IS NOT NULL AND (%(after)s::timestamptz IS NULL OR start_at > %(after)s)
      AND EXISTS (SELECT FROM records r
                  WHERE r.resource_id = %(id)s::bigint AND r.superseded_at IS NULL
                    AND (%(tenant)s::text IS NULL OR r.tenant_id = %(tenant)s)
                    AND r.span && tstzrange(p.start_at, p.end_at))
    ORDER BY start_at LIMIT %(limit)s
)
SELECT p.start_at, p.end_at, r.currency,
       max(r.unit_price) AS unit_price,
       sum(r.quantity * r.unit_price) AS rate,
       coalesce(sum(share_of(r.amount, r.span, tstzrange(p.start_at, p.end_at))), 0)
           AS consumption,
       (SELECT e.action FROM events e
        WHERE e.resource_id = %(id)s::bigint AND e.event_time = p.end_at
        ORDER BY e.id LIMIT 1) AS action
FROM paged p
JOIN records r ON r.resource_id = %(id)s::bigint AND r.superseded_at IS NULL
    AND (%(tenant)s::text IS NULL OR r.tenant_id = %(tenant)s)
    AND r.span && tstzrange(p.start_at, p.end_at)
-- A resource has one owner at an instant, hence one currency; sums of two would mean nothing.
GROUP BY p.start_at, p.end_at, r.currency
ORDER BY p.start_at, r.currency"""


def page(
    conn: Connection, scope: Scope, resource_id: int, *, after: datetime | None, limit: int
) -> Sequence[Row[Any]]:
    """Up to `limit` spans of a resource (row id) that start after `after`: what is in `scope`.

    A row has start_at, end_at, currency, unit_price (the highest of a component), rate (the
    sum of quantity * unit_price), consumption, and action: what the event at its
    end was, None if there was none.
    """
    parameters = {
        "id": resource_id,
        "tenant": scope.tenant_id,
        "after": after,
        "limit": limit,
    }
    return conn.exec_driver_sql(_PAGE, parameters).all()
