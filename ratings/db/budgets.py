"""Budgets, the alerts that they raised, and whom these are owed to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from ratings.core.budgets import Alert, Budget, Span, Threshold
from ratings.core.writing import plain
from ratings.db.engine import to_json
from ratings.db.filtering import where
from ratings.db.outbox import Claim, Queue
from ratings.db.reading import Scope

ALERTS = Queue("budget_deliveries", "alert")

_BUDGET = """b.id, b.tenant_id, b.period, b.amount, b.currency, b.thresholds, b.description,
    b.created_at"""

_PAGE = f"SELECT {_BUDGET} FROM budgets b"

_FILTERS = {
    "limit": "b.deleted_at IS NULL",
    "after": "b.id > %(after)s",
    "id": "b.id = %(id)s",
    "scope": "b.tenant_id = %(scope)s",
    "tenant_id": "b.tenant_id = %(tenant_id)s",
}

_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('budgets/' || %s::text, 0))"

_INSERT = """
INSERT INTO budgets (tenant_id, period, amount, currency, thresholds, description, created_at)
VALUES (%s, %s, %s, %s, %s::jsonb, %s, %s) RETURNING id"""

_DELETE = "UPDATE budgets SET deleted_at = %s WHERE id = %s AND deleted_at IS NULL"

_TENANTS = "SELECT DISTINCT tenant_id FROM budgets WHERE deleted_at IS NULL ORDER BY tenant_id"

_ALERT = f"""
SELECT a.id AS alert_id, a.kind, a.percent, lower(a.span) AS start_at, upper(a.span) AS end_at,
       a.spent, a.forecast, a.crossed_at, {_BUDGET}
FROM budget_alerts a JOIN budgets b ON b.id = a.budget_id"""

_ALERT_FILTERS = {
    "after": "a.id > %(after)s",
    "id": "a.id = %(id)s",
    "scope": "b.tenant_id = %(scope)s",
    "tenant_id": "b.tenant_id = %(tenant_id)s",
    "budget_id": "a.budget_id = %(budget_id)s",
}

_RAISED = """
SELECT budget_id, kind, percent, lower(span) AS start FROM budget_alerts
WHERE budget_id = ANY(%s::bigint[]) AND lower(span) >= %s"""

# Whoever is second finds the row of the first, and owes nothing.
_RAISE = """
WITH raised AS (
    INSERT INTO budget_alerts (budget_id, kind, percent, span, amount, spent, forecast, crossed_at)
    VALUES (%(budget_id)s, %(kind)s, %(percent)s, tstzrange(%(start)s, %(end)s), %(amount)s,
            %(spent)s, %(forecast)s, %(crossed_at)s)
    ON CONFLICT DO NOTHING RETURNING id, crossed_at
), owed AS (
    INSERT INTO budget_deliveries (alert_id, driver, next_attempt_at)
    SELECT id, unnest(%(drivers)s::text[]), crossed_at FROM raised)
SELECT id FROM raised"""

_CLAIM = """
WITH due AS (
    SELECT d.id, b.tenant_id
    FROM budget_deliveries d JOIN budget_alerts a ON a.id = d.alert_id
    JOIN budgets b ON b.id = a.budget_id
    WHERE d.state = 'pending' AND d.driver = ANY(%(drivers)s::text[])
      AND d.next_attempt_at <= %(now)s AND coalesce(d.leased_until <= %(now)s, true)
    ORDER BY d.next_attempt_at, d.id LIMIT 1 FOR UPDATE OF d SKIP LOCKED)
UPDATE budget_deliveries d SET attempts = d.attempts + 1, leased_until = %(leased_until)s
FROM due WHERE d.id = due.id
RETURNING d.id, d.alert_id, d.driver, d.attempts, due.tenant_id"""

_PENDING = """
SELECT count(*) FROM budget_deliveries WHERE state = 'pending' AND driver = ANY(%s::text[])"""


def page(conn: Connection, scope: Scope, *, limit: int, **filters: Any) -> list[Budget]:
    """Up to `limit` budgets by id, without deleted ones. Filters: after (an id), tenant_id."""
    given = {"limit": limit, "scope": scope.tenant_id, **filters}
    sql = f"{_PAGE} {where(_FILTERS, given)} ORDER BY b.id LIMIT %(limit)s"
    return [_of(row) for row in conn.exec_driver_sql(sql, given)]


def get(conn: Connection, scope: Scope, budget_id: int) -> Budget | None:
    return next(iter(page(conn, scope, limit=1, id=budget_id)), None)


def insert(conn: Connection, budget: Budget) -> int:
    """A new budget; its id is given here."""
    thresholds = [
        {"kind": threshold.kind, "percent": plain(threshold.percent)}
        for threshold in budget.thresholds
    ]
    values = (
        budget.tenant_id,
        budget.period,
        budget.amount,
        budget.currency,
        to_json(thresholds),
        budget.description,
        budget.created_at,
    )
    return int(conn.exec_driver_sql(_INSERT, values).scalar_one())


def be_alone(conn: Connection, tenant_id: str) -> None:
    """Until the transaction ends, nobody else who asks for it adds budgets of the tenant."""
    conn.exec_driver_sql(_ALONE, (tenant_id,))


def delete(conn: Connection, budget_id: int, now: datetime) -> bool:
    """Watch a budget no longer; false if there is none."""
    return conn.exec_driver_sql(_DELETE, (now, budget_id)).rowcount == 1


def tenants(conn: Connection) -> list[str]:
    """Who has budgets."""
    return list(conn.exec_driver_sql(_TENANTS).scalars())


def alerts(conn: Connection, scope: Scope, *, limit: int, **filters: Any) -> list[Alert]:
    """Up to `limit` alerts by id. Filters: after (an id), id, tenant_id, budget_id."""
    given = {"limit": limit, "scope": scope.tenant_id, **filters}
    sql = f"{_ALERT} {where(_ALERT_FILTERS, given)} ORDER BY a.id LIMIT %(limit)s"
    return [_alert(row) for row in conn.exec_driver_sql(sql, given)]


def raised(
    conn: Connection, budget_ids: Sequence[int], since: datetime
) -> set[tuple[int, Threshold, datetime]]:
    """(budget, threshold, start of the period) of the alerts of periods from `since` on."""
    return {
        (row.budget_id, Threshold(row.kind, row.percent), row.start)
        for row in conn.exec_driver_sql(_RAISED, (list(budget_ids), since))
    }


def raise_alert(conn: Connection, alert: Alert, drivers: Sequence[str]) -> int | None:
    """Write an alert down and owe it to `drivers`; its id. None if there is one already."""
    parameters = {
        "budget_id": alert.budget.id,
        "kind": alert.threshold.kind,
        "percent": alert.threshold.percent,
        "start": alert.span.start,
        "end": alert.span.end,
        "amount": alert.budget.amount,
        "spent": alert.spent,
        "forecast": alert.forecast,
        "crossed_at": alert.crossed_at,
        "drivers": list(drivers),
    }
    found: int | None = conn.exec_driver_sql(_RAISE, parameters).scalar_one_or_none()
    return found


def claim(
    conn: Connection, drivers: Sequence[str], now: datetime, leased_until: datetime
) -> Claim | None:
    """Take the alert that is due first for any of `drivers`, as `outbox.claim` does."""
    parameters = {"drivers": list(drivers), "now": now, "leased_until": leased_until}
    row = conn.exec_driver_sql(_CLAIM, parameters).one_or_none()
    if row is None:
        return None
    return Claim(row.id, row.alert_id, row.driver, row.attempts, row.tenant_id, ALERTS)


def pending(conn: Connection, drivers: Sequence[str]) -> int:
    """How many alerts have not arrived yet where they should."""
    return int(conn.exec_driver_sql(_PENDING, (list(drivers),)).scalar_one())


def _of(row: Row[Any]) -> Budget:
    return Budget(
        id=row.id,
        tenant_id=row.tenant_id,
        period=row.period,
        amount=row.amount,
        currency=row.currency,
        thresholds=tuple(
            Threshold(each["kind"], Decimal(each["percent"])) for each in row.thresholds
        ),
        created_at=row.created_at,
        description=row.description,
    )


def _alert(row: Row[Any]) -> Alert:
    return Alert(
        id=row.alert_id,
        budget=_of(row),
        threshold=Threshold(row.kind, row.percent),
        span=Span(row.start_at, row.end_at),
        spent=row.spent,
        forecast=row.forecast,
        crossed_at=row.crossed_at,
    )
