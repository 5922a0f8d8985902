"""What the explanation of a record is made of: its row, the events beside it, and its orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from ratings.core.model import ACTIONS
from ratings.db.reading import Scope

_RECORDS = """
SELECT r.id, r.resource_id AS row_id, s.resource_id, s.resource_type, s.region, r.tenant_id,
       r.component_id, c.name AS component, c.unit, r.quantity, r.unit_price, r.price_id, r.amount,
       r.currency, lower(r.span) AS start, upper(r.span) AS end, r.metadata, r.recorded_at,
       r.superseded_at, b.order_id AS billed_in, b.reason, t.order_id AS taken_back_in,
       EXISTS (SELECT FROM events WHERE resource_id = r.resource_id AND action = 'sample')
       AS sampled
FROM records r
JOIN resources s ON s.id = r.resource_id
JOIN components c ON c.id = r.component_id
LEFT JOIN sales_order_lines b ON b.record_id = r.id AND b.sign = 1
LEFT JOIN sales_order_lines t ON t.record_id = r.id AND t.sign = -1
WHERE r.id = ANY(%(ids)s) AND (%(scope)s::text IS NULL OR r.tenant_id = %(scope)s)
ORDER BY lower(r.span), r.id"""

# Whom an event names as owner: who asked for it counts where that starts the resource.
_NAMED = """coalesce(n.tenant_id, CASE WHEN n.action = ANY(%(opening)s::text[])
                                      THEN n.content ->> 'requester' END)"""

# Of a superseded record only what had been received then is evidence. The requester of an event
# may be anybody, and is not part of what is charged.
_NEIGHBOURS = f"""
SELECT r.id AS record_id, e.side, e.id, e.message_id, e.event_type, e.event_time, e.received_at,
       e.action, (e.content - 'requester')::text AS content,
       CASE WHEN e.tenant_id IS NOT NULL THEN ARRAY[e.tenant_id] ELSE (
           SELECT array_agg(o.named) FROM (
               SELECT {_NAMED} AS named FROM events n
               WHERE n.resource_id = e.resource_id AND n.state = 'rated'
                 AND n.event_time <= e.event_time AND {_NAMED} IS NOT NULL
               ORDER BY n.event_time DESC FETCH FIRST 1 ROW WITH TIES) AS o) END AS owners
FROM records r CROSS JOIN LATERAL (
    (SELECT 'before' AS side, * FROM events
     WHERE resource_id = r.resource_id AND state = 'rated' AND event_time <= lower(r.span)
       AND (r.superseded_at IS NULL OR received_at <= r.recorded_at)
     ORDER BY event_time DESC FETCH FIRST 1 ROW WITH TIES)
    UNION ALL
    (SELECT 'after' AS side, * FROM events
     WHERE resource_id = r.resource_id AND state = 'rated' AND event_time >= upper(r.span)
       AND (r.superseded_at IS NULL OR received_at <= r.recorded_at)
     ORDER BY event_time FETCH FIRST 1 ROW WITH TIES)) AS e
WHERE r.id = ANY(%(ids)s)"""

_ADJACENT = """
SELECT r.id AS record_id, n.price_id, upper(n.span) = lower(r.span) AS precedes
FROM records r JOIN records n
    ON n.resource_id = r.resource_id AND n.component_id = r.component_id AND n.span -|- r.span
WHERE r.id = ANY(%s) AND n.tenant_id = r.tenant_id
  AND r.superseded_at IS NULL AND n.superseded_at IS NULL"""

_ENDING = """
SELECT upper(span) AS at, id FROM sales_orders WHERE tenant_id = %s AND upper(span) = ANY(%s)"""

_RELATED = """r.id, lower(r.span) AS start, upper(r.span) AS end, r.quantity, r.amount,
    b.order_id"""

_IN_ORDER = f"""
SELECT {_RELATED} FROM sales_order_lines l JOIN records r ON r.id = l.record_id
LEFT JOIN sales_order_lines b ON b.record_id = r.id AND b.sign = 1
WHERE l.order_id = %s AND l.sign = %s AND r.resource_id = %s AND r.component_id = %s
ORDER BY lower(r.span)"""

_CURRENT = f"""
SELECT {_RELATED} FROM records r
LEFT JOIN sales_order_lines b ON b.record_id = r.id AND b.sign = 1
WHERE r.resource_id = %s AND r.component_id = %s AND r.tenant_id = %s AND r.superseded_at IS NULL
  AND r.span && tstzrange(%s, %s) ORDER BY lower(r.span)"""


def records(conn: Connection, scope: Scope, record_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Rows of the ledger by id, those in `scope`, in the order of time, superseded ones too.

    With the order that billed each, the reason it gave, and the order that took it back.
    """
    parameters = {"ids": list(record_ids), "scope": scope.tenant_id}
    return conn.exec_driver_sql(_RECORDS, parameters).all()


def neighbours(conn: Connection, record_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """The events beside each record (record_id): at its start or the last before (side: before),
    at its end or the first after (after). Several where several are of one instant. `owners` are
    whom the event names, or else whom the last ones up to it named; null if nobody was.
    """
    opening = [name for name, action in ACTIONS.items() if action.opens]
    parameters = {"ids": list(record_ids), "opening": opening}
    return conn.exec_driver_sql(_NEIGHBOURS, parameters).all()


def adjacent(conn: Connection, record_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """For each current record (record_id) the ones that it meets: price_id, and which precedes."""
    return conn.exec_driver_sql(_ADJACENT, (list(record_ids),)).all()


def ending(conn: Connection, tenant_id: str, instants: Sequence[datetime]) -> dict[datetime, int]:
    """Instant -> the order of a tenant that ends at it."""
    found = conn.exec_driver_sql(_ENDING, (tenant_id, list(instants)))
    return {row.at: row.id for row in found}


def in_order(
    conn: Connection, order_id: int, sign: int, row_id: int, component_id: int
) -> Sequence[Row[Any]]:
    """Records of a resource and component that an order bills (1) or takes back (-1).

    With the order_id of the one that billed each.
    """
    return conn.exec_driver_sql(_IN_ORDER, (order_id, sign, row_id, component_id)).all()


def current(conn: Connection, of: Row[Any]) -> Sequence[Row[Any]]:
    """What is true now in the time of a record (a row of `records`), as of `in_order`."""
    values = of.row_id, of.component_id, of.tenant_id, of.start, of.end
    return conn.exec_driver_sql(_CURRENT, values).all()
