"""Sales orders: what the ledger must not cross."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

_CUTS = """
SELECT tenant_id, upper(span) AS cut FROM sales_orders
WHERE tenant_id = ANY(%s) AND (%s::timestamptz IS NULL OR upper(span) > %s) ORDER BY upper(span)"""


def cuts(
    conn: Connection, tenant_ids: Sequence[str], since: datetime | None
) -> dict[str, list[datetime]]:
    """Tenant -> ends of its issued orders after `since` (None: of all), ascending."""
    found: dict[str, list[datetime]] = {}
    for row in conn.exec_driver_sql(_CUTS, (list(tenant_ids), since, since)):
        found.setdefault(row.tenant_id, []).append(row.cut)
    return found
