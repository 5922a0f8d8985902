"""What is believed of the resources that an inventory is about."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ratings.db.arrays import columns
from ratings.db.resources import Resource, ResourceKey, of

_STATE = """r.id, r.region, r.resource_type, r.resource_id, r.open, r.tenant_id, r.facts,
    r.name, r.status, r.updated_at, r.last_precedence, r.last_message_id, r.created_at,
    r.deleted_at"""

_KNOWN = f"""
SELECT {_STATE}
FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (region, resource_type, resource_id)
JOIN resources r USING (region, resource_type, resource_id)"""

_LIVING = f"""
SELECT {_STATE} FROM resources r
WHERE r.id > %(after)s AND r.open AND r.region = ANY(%(regions)s)
  AND r.resource_type = ANY(%(types)s)
ORDER BY r.id LIMIT %(limit)s"""


def known(conn: Connection, keys: Sequence[ResourceKey]) -> dict[ResourceKey, Resource]:
    """Those of `keys` that were ever heard of."""
    return {found.key: found for found in map(of, conn.exec_driver_sql(_KNOWN, columns(keys)))}


def living(
    conn: Connection, regions: Sequence[str], types: Sequence[str], *, after: int, limit: int
) -> list[Resource]:
    """Up to `limit` open resources of some regions and types, past a row id."""
    parameters = {"regions": list(regions), "types": list(types), "after": after, "limit": limit}
    return [of(row) for row in conn.exec_driver_sql(_LIVING, parameters)]
