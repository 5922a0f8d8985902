"""The outbox: which orders are owed to which drivers, and what became of them.

Alerts have a table of their own with the same columns (`ratings.db.budgets`); what is
claimed of either is delivered, and failed, here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

_APPEND = "INSERT INTO outbox (order_id, driver) SELECT %s, unnest(%s::text[])"

_OWE = """
INSERT INTO outbox (order_id, driver)
SELECT id, driver FROM sales_orders, unnest(%s::text[]) AS d (driver)
WHERE upper(span) > %s ORDER BY id
ON CONFLICT (order_id, driver) DO NOTHING"""

# Of a tenant, a driver gets the orders in the order of their issue: one that corrects another
# comes after it.
_CLAIM = """
WITH due AS (
    SELECT o.id, s.tenant_id FROM outbox o JOIN sales_orders s ON s.id = o.order_id
    WHERE o.state = 'pending' AND o.driver = ANY(%(drivers)s::text[])
      AND o.next_attempt_at <= %(now)s AND coalesce(o.leased_until <= %(now)s, true)
      AND NOT EXISTS (SELECT FROM outbox e JOIN sales_orders p ON p.id = e.order_id
                      WHERE e.state = 'pending' AND e.driver = o.driver
                        AND p.tenant_id = s.tenant_id AND p.id < s.id)
    ORDER BY o.next_attempt_at, o.id LIMIT 1 FOR UPDATE OF o SKIP LOCKED)
UPDATE outbox o SET attempts = o.attempts + 1, leased_until = %(leased_until)s
FROM due WHERE o.id = due.id
RETURNING o.id, o.order_id, o.driver, o.attempts, due.tenant_id"""

_RENEW = """
UPDATE {table} SET leased_until = %(leased_until)s
WHERE id = %(id)s AND state = 'pending' AND attempts = %(attempts)s"""

_DELIVERED = """
UPDATE {table} SET state = 'delivered', reference = %(reference)s, delivered_at = %(now)s,
                  code = NULL, detail = NULL, leased_until = NULL
WHERE id = %(id)s AND state = 'pending'"""

_FAILED = """
UPDATE {table} SET code = %(code)s, detail = %(detail)s, next_attempt_at = %(next_attempt_at)s,
                  leased_until = CASE WHEN %(answered)s THEN NULL ELSE leased_until END
WHERE id = %(id)s AND state = 'pending' AND attempts = %(attempts)s"""

_HASTEN = """
UPDATE outbox SET next_attempt_at = %s
WHERE state = 'pending' AND driver = ANY(%s::text[]) AND next_attempt_at > %s"""

_COUNTS = """
SELECT driver, count(*) FILTER (WHERE state = 'pending') AS pending,
       count(*) FILTER (WHERE state = 'delivered') AS delivered,
       min(created_at) FILTER (WHERE state = 'pending') AS oldest_pending_at,
       max(delivered_at) AS last_delivered_at
FROM outbox GROUP BY driver ORDER BY driver"""

_ERRORS = """
SELECT driver, code, count(*) AS orders FROM outbox
WHERE state = 'pending' AND code IS NOT NULL GROUP BY driver, code ORDER BY driver, code"""


class Queue(NamedTuple):
    """A table of what is owed, and what it is called."""

    table: str
    noun: str


ORDERS = Queue("outbox", "order")


class Claim(NamedTuple):
    """A row of a queue that is the caller's until the lease runs out.

    about:    the id of the order, or of what else is owed.
    attempts: of this row, the one that begins now included.
    """

    id: int
    about: int
    driver: str
    attempts: int
    tenant_id: str
    queue: Queue = ORDERS


def append(conn: Connection, order_id: int, drivers: Sequence[str]) -> None:
    """Owe an order to each of `drivers`; in the transaction that issues it."""
    if drivers:
        conn.exec_driver_sql(_APPEND, (order_id, list(drivers)))


def owe(conn: Connection, drivers: Sequence[str], since: datetime) -> int:
    """Owe to each of `drivers` what it was never owed of the orders that end after `since`.

    How many that are.
    """
    return conn.exec_driver_sql(_OWE, (list(drivers), since)).rowcount


def claim(
    conn: Connection, drivers: Sequence[str], now: datetime, leased_until: datetime
) -> Claim | None:
    """Take the order that is due first for any of `drivers`, if there is one.

    Nobody else gets it before `leased_until`, and nobody a later order of its tenant
    for the same driver before it was delivered.
    """
    parameters = {"drivers": list(drivers), "now": now, "leased_until": leased_until}
    row = conn.exec_driver_sql(_CLAIM, parameters).one_or_none()
    return None if row is None else Claim(*row)


def renew(conn: Connection, claimed: Claim, leased_until: datetime) -> bool:
    """Let the lease last longer; false if somebody else has taken the row meanwhile."""
    parameters = {
        "id": claimed.id,
        "attempts": claimed.attempts,
        "leased_until": leased_until,
    }
    return conn.exec_driver_sql(_of(claimed, _RENEW), parameters).rowcount == 1


def delivered(conn: Connection, claimed: Claim, reference: str, now: datetime) -> bool:
    """It has arrived; false if somebody else has said so already."""
    parameters = {"id": claimed.id, "reference": reference, "now": now}
    return conn.exec_driver_sql(_of(claimed, _DELIVERED), parameters).rowcount == 1


def failed(
    conn: Connection,
    claimed: Claim,
    code: str,
    detail: str,
    next_attempt_at: datetime,
    *,
    answered: bool,
) -> bool:
    """The attempt failed; false if somebody else is at it by now.

    answered: whether the other side has said so. If not, it may still be working on
    what it was sent, and the lease keeps others away.
    """
    parameters = {
        "id": claimed.id,
        "attempts": claimed.attempts,
        "code": code,
        "detail": detail,
        "next_attempt_at": next_attempt_at,
        "answered": answered,
    }
    return conn.exec_driver_sql(_of(claimed, _FAILED), parameters).rowcount == 1


def hasten(conn: Connection, drivers: Sequence[str], now: datetime) -> int:
    """Let no order wait for its next attempt; how many did. Leases hold."""
    return conn.exec_driver_sql(_HASTEN, (now, list(drivers), now)).rowcount


def counts(conn: Connection) -> Sequence[Row[Any]]:
    """Per driver: pending, delivered, oldest_pending_at, last_delivered_at."""
    return conn.exec_driver_sql(_COUNTS).all()


def errors(conn: Connection) -> Sequence[Row[Any]]:
    """Per driver and code of the last error: how many orders wait for it to be mended."""
    return conn.exec_driver_sql(_ERRORS).all()


def _of(claimed: Claim, sql: str) -> str:
    return sql.format(table=claimed.queue.table)
