"""Tenants: who is known, and in which currency each is billed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

# Of what was billed a tenant keeps the currency, whatever the default becomes.
_CURRENCIES = """
SELECT tenant_id, currency FROM tenants WHERE currency <> %(default)s
UNION SELECT tenant_id, currency FROM sales_orders WHERE currency <> %(default)s"""

_SHOWN = """
SELECT k.tenant_id, coalesce(t.currency, o.currency, %(default)s) AS currency,
       t.currency IS NULL AS "default", o.currency IS NOT NULL AS fixed
FROM known k LEFT JOIN tenants t USING (tenant_id)
LEFT JOIN LATERAL (SELECT currency FROM sales_orders s WHERE s.tenant_id = k.tenant_id
                   LIMIT 1) AS o ON true"""

# Step by step along the indexes: the ledger has many rows and few tenants.
_PAGE = f"""
WITH RECURSIVE known (tenant_id, n) AS (
    SELECT %(after)s::text COLLATE "C", 0
    UNION ALL
    SELECT (SELECT min(next.tenant_id) FROM (
                (SELECT tenant_id FROM tenants t WHERE t.tenant_id > k.tenant_id
                 ORDER BY 1 LIMIT 1)
                UNION ALL
                (SELECT tenant_id FROM resources r WHERE r.tenant_id > k.tenant_id
                 ORDER BY 1 LIMIT 1)
                UNION ALL
                (SELECT tenant_id FROM records r WHERE r.tenant_id > k.tenant_id
                 ORDER BY 1 LIMIT 1)) AS next), k.n + 1
    FROM known k WHERE k.tenant_id IS NOT NULL AND k.n < %(limit)s
)
{_SHOWN} WHERE k.n > 0 AND k.tenant_id IS NOT NULL ORDER BY k.tenant_id"""

_ONE = f"""
WITH known AS (
    SELECT %(tenant_id)s::text COLLATE "C" AS tenant_id
    WHERE EXISTS (SELECT FROM tenants WHERE tenant_id = %(tenant_id)s)
       OR EXISTS (SELECT FROM resources WHERE tenant_id = %(tenant_id)s)
       OR EXISTS (SELECT FROM records WHERE tenant_id = %(tenant_id)s)
)
{_SHOWN}"""

_SET = """
INSERT INTO tenants AS t (tenant_id, currency) VALUES (%s, %s)
ON CONFLICT (tenant_id) DO UPDATE SET currency = excluded.currency
    WHERE t.currency <> excluded.currency"""


def currencies(conn: Connection, default: str) -> dict[str, str]:
    """Tenant -> its currency, of those that are billed in another than `default`."""
    rows = conn.exec_driver_sql(_CURRENCIES, {"default": default})
    return {row.tenant_id: row.currency for row in rows}


def page(conn: Connection, default: str, *, limit: int, after: str | None) -> Sequence[Row[Any]]:
    """Up to `limit` tenants by id, of those who used anything or have a currency of their own.

    A row has tenant_id; currency, in which the tenant is billed; default: whether nobody
    has set it; fixed: whether there are orders, so that nobody can any more.
    """
    parameters = {"default": default, "limit": limit, "after": after or ""}
    return conn.exec_driver_sql(_PAGE, parameters).all()


def get(conn: Connection, default: str, tenant_id: str) -> Row[Any] | None:
    """The row of one tenant, as of `page`; None if nobody knows it."""
    parameters = {"default": default, "tenant_id": tenant_id}
    return conn.exec_driver_sql(_ONE, parameters).one_or_none()


def billed_in(conn: Connection, tenant_id: str) -> str | None:
    """The currency of a tenant's orders; None if it has none."""
    sql = "SELECT currency FROM sales_orders WHERE tenant_id = %s LIMIT 1"
    found: str | None = conn.exec_driver_sql(sql, (tenant_id,)).scalar_one_or_none()
    return found


def set_currency(conn: Connection, tenant_id: str, currency: str) -> None:
    """Bill a tenant in `currency`. IntegrityError if it has orders in another."""
    conn.exec_driver_sql(_SET, (tenant_id, currency))
