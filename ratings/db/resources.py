"""Resources: who they are, and what is believed about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from ratings.core.model import State
from ratings.db.engine import to_json

ResourceKey = tuple[str, str, str]
"""(region, resource_type, resource_id)"""


@dataclass(frozen=True, slots=True)
class Resource:
    id: int
    key: ResourceKey
    state: State

    @property
    def region(self) -> str:
        return self.key[0]


_STATE = """r.id, r.region, r.resource_type, r.resource_id, r.open, r.tenant_id, r.facts,
    r.name, r.status, r.updated_at, r.last_precedence, r.last_message_id, r.created_at,
    r.deleted_at"""

_INSERT = """
INSERT INTO resources (region, resource_type, resource_id)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING"""

_LOCK = f"""
SELECT {_STATE}
FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (region, resource_type, resource_id)
JOIN resources r USING (region, resource_type, resource_id)
ORDER BY r.id FOR NO KEY UPDATE OF r"""

_LOCK_BY_ID = f"""
SELECT {_STATE} FROM resources r WHERE r.id = ANY(%s) ORDER BY r.id FOR NO KEY UPDATE OF r"""

_UPDATE = """
UPDATE resources r SET
    tenant_id = n.tenant_id, name = n.name, status = n.status, open = n.open, facts = n.facts,
    created_at = n.created_at, updated_at = n.updated_at, deleted_at = n.deleted_at,
    last_precedence = n.last_precedence, last_message_id = n.last_message_id
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::boolean[], %s::jsonb[],
            %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::smallint[], %s::text[])
    AS n (id, tenant_id, name, status, open, facts, created_at, updated_at, deleted_at,
          last_precedence, last_message_id)
WHERE r.id = n.id"""

_AFFECTED = f"""
SELECT {_STATE} FROM resources r
WHERE r.id > %(after)s AND r.resource_type = ANY(%(types)s)
  AND (%(region)s::text IS NULL OR r.region = %(region)s)
  AND r.created_at < coalesce(%(end)s::timestamptz, 'infinity')
  AND (r.updated_at > coalesce(%(start)s::timestamptz, '-infinity')
       OR r.open AND coalesce(%(start)s::timestamptz, '-infinity') < now())
ORDER BY r.id LIMIT %(limit)s FOR NO KEY UPDATE OF r"""


def ensure(conn: Connection, keys: Iterable[ResourceKey]) -> None:
    """Rows for `keys`, where there are none. In key order, before any row is locked."""
    columns = _columns(sorted(keys), 3)
    conn.exec_driver_sql(_INSERT, columns)


def lock(conn: Connection, keys: Sequence[ResourceKey]) -> dict[ResourceKey, Resource]:
    """The resources of `keys`, locked in id order until the transaction ends."""
    rows = conn.exec_driver_sql(_LOCK, _columns(keys, 3))
    return {resource.key: resource for resource in map(_resource, rows)}


def lock_affected(
    conn: Connection,
    types: Sequence[str],
    *,
    region: str | None,
    start: datetime | None,
    end: datetime | None,
    after: int,
    limit: int,
) -> list[Resource]:
    """Up to `limit` resources past id `after` that lived in [start, end), locked in id order."""
    parameters = {
        "types": list(types),
        "region": region,
        "start": start,
        "end": end,
        "after": after,
        "limit": limit,
    }
    return [_resource(row) for row in conn.exec_driver_sql(_AFFECTED, parameters)]


def update(conn: Connection, states: Sequence[tuple[int, State]]) -> None:
    """What is believed from now on, per resource id. A known resource has a last event."""
    conn.exec_driver_sql(_UPDATE, _columns([_believed(*pair) for pair in states], 11))


def state_of(row: Row[Any]) -> State:
    """What is believed, from a row that has the columns of it."""
    if row.updated_at is None:
        return State()
    facts = {name: _fact(value) for name, value in row.facts.items()}
    if row.name is not None:
        facts["name"] = row.name
    if row.open and row.status is not None:
        facts["status"] = row.status
    return State(
        last=(row.updated_at, row.last_precedence, row.last_message_id),
        open=row.open,
        tenant_id=row.tenant_id,
        facts=facts,
        created_at=row.created_at,
        deleted_at=row.deleted_at,
    )


def _resource(row: Row[Any]) -> Resource:
    return Resource(row.id, (row.region, row.resource_type, row.resource_id), state_of(row))


def _believed(resource_id: int, state: State) -> tuple[Any, ...]:
    facts = dict(state.facts)
    name, status = facts.pop("name", None), facts.pop("status", None)
    assert state.last is not None
    return (
        resource_id,
        state.tenant_id,
        name,
        "delete" if state.deleted_at is not None else status,
        state.open,
        to_json(facts),
        state.created_at,
        state.last[0],
        state.deleted_at,
        state.last[1],
        state.last[2],
    )


def _fact(value: Any) -> Decimal | str:
    return value if isinstance(value, str) else Decimal(value)


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> tuple[list[Any], ...]:
    return tuple([row[column] for row in rows] for column in range(width))
