"""Resources: who they are, and what is believed about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from ratings.core.model import Fact, State
from ratings.db.arrays import array, columns
from ratings.db.copying import instant_text
from ratings.db.engine import to_json
from ratings.db.filtering import where
from ratings.db.reading import Scope

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


_MEMORY = ""
"""What a transformer remembers stands among the facts under a name that no fact can have."""

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
  -- Not created_at < end: what was deleted and created again has had a life before.
  AND r.created_at IS NOT NULL AND (%(end)s::timestamptz IS NULL OR EXISTS (
      SELECT FROM events e
      WHERE e.resource_id = r.id AND e.event_time < %(end)s::timestamptz + %(reach)s::interval))
  -- The ledger of what runs ends with its last event, or with the last order of its owner.
  AND (r.updated_at + %(reach)s::interval > coalesce(%(start)s::timestamptz, '-infinity')
       OR r.open AND EXISTS (
           SELECT FROM sales_orders o
           WHERE o.tenant_id = r.tenant_id AND o.span && tstzrange(%(start)s::timestamptz, NULL)))
ORDER BY r.id LIMIT %(limit)s FOR NO KEY UPDATE OF r"""

_TO_CLOSE = """
SELECT id, bool_or(crossing) AS crossing FROM (
    SELECT id, false AS crossing FROM resources
    WHERE tenant_id = %(tenant_id)s AND open AND updated_at < %(end)s::timestamptz
    UNION ALL
    SELECT resource_id, true FROM records, unnest(%(cuts)s::timestamptz[]) AS c (at)
    WHERE tenant_id = %(tenant_id)s AND superseded_at IS NULL
      AND lower(span) < c.at AND upper(span) > c.at) AS found
GROUP BY id ORDER BY id"""

_BY_IDS = f"SELECT {_STATE} FROM resources r WHERE r.id = ANY(%s::bigint[]) ORDER BY r.id"

_OF_TENANTS = f"""
SELECT {_STATE} FROM resources r
WHERE r.id > %(after)s AND (%(since)s::timestamptz IS NULL OR r.updated_at >= %(since)s) AND (
    %(tenants)s::text[] IS NULL OR r.tenant_id = ANY(%(tenants)s::text[])
    OR r.id IN (SELECT resource_id FROM records WHERE tenant_id = ANY(%(tenants)s::text[])))
ORDER BY r.id LIMIT %(limit)s"""

_PAGE = f"""
SELECT {_STATE}, r.deleted_at IS NOT NULL AS deleted, e.action AS last_action,
       (SELECT coalesce(jsonb_object_agg(currency, amount), '{{}}')
        FROM (SELECT currency, sum(amount) AS amount FROM records
              WHERE resource_id = r.id AND superseded_at IS NULL AND amount IS NOT NULL
                AND (%(scope)s::text IS NULL OR tenant_id = %(scope)s)
              GROUP BY currency) AS sums) AS sums
FROM resources r LEFT JOIN events e ON e.message_id = r.last_message_id"""

_FILTERS = {
    "after": "r.id > %(after)s",
    "owner": "r.tenant_id = %(owner)s",
    "user": "EXISTS (SELECT FROM records WHERE resource_id = r.id AND tenant_id = %(user)s)",
    "resource_id": "r.resource_id = %(resource_id)s",
    "tenant_id": "r.tenant_id = %(tenant_id)s",
    "region": "r.region = %(region)s",
    "resource_type": "r.resource_type = %(resource_type)s",
    "status": "r.status = %(status)s",
    "deleted": "(r.deleted_at IS NOT NULL) = %(deleted)s",
    # Rows that only a lone delete speaks of were never seen to live.
    "limit": "r.created_at IS NOT NULL",
}


def page(conn: Connection, scope: Scope, *, limit: int, **filters: Any) -> Sequence[Row[Any]]:
    """Up to `limit` resources ever charged or seen, in the order of their row ids.

    A tenant's are those that it owns. Filters: after (a row id), resource_id, tenant_id, region,
    resource_type, status, deleted. Beside the columns of what is believed (see `of`) a row
    has deleted, last_action and sums: of its current records in the scope, by currency.
    """
    return _page(conn, scope, {"limit": limit, "owner": scope.tenant_id, **filters})


def called(conn: Connection, scope: Scope, resource_id: str, **filters: Any) -> Sequence[Row[Any]]:
    """Two at most that have an id, rows as of `page`. A tenant's are those that it ever used."""
    given = {"limit": 2, "resource_id": resource_id, **filters}
    return _page(conn, scope, {"user": scope.tenant_id, **given})


def _page(conn: Connection, scope: Scope, given: dict[str, Any]) -> Sequence[Row[Any]]:
    sql = f"{_PAGE} {where(_FILTERS, given)} ORDER BY r.id LIMIT %(limit)s"
    return conn.exec_driver_sql(sql, {"scope": scope.tenant_id, **given}).all()


def by_ids(conn: Connection, row_ids: Sequence[int], *, locked: bool = False) -> Sequence[Row[Any]]:
    """Resources by row id, in its order: the columns of what is believed (see `of`)."""
    sql = _BY_IDS + " FOR NO KEY UPDATE OF r" if locked else _BY_IDS
    return conn.exec_driver_sql(sql, (array(row_ids),)).all()


def ensure(conn: Connection, keys: Iterable[ResourceKey]) -> None:
    """Rows for `keys`, where there are none. In key order, before any row is locked."""
    conn.exec_driver_sql(_INSERT, columns(sorted(keys)))


def lock(conn: Connection, keys: Sequence[ResourceKey]) -> dict[ResourceKey, Resource]:
    """The resources of `keys`, locked in id order until the transaction ends."""
    rows = conn.exec_driver_sql(_LOCK, columns(keys))
    return {resource.key: resource for resource in map(of, rows.all())}


def lock_affected(
    conn: Connection,
    types: Sequence[str],
    *,
    region: str | None,
    start: datetime | None,
    end: datetime | None,
    reach: timedelta,
    after: int,
    limit: int,
) -> list[Resource]:
    """Up to `limit` resources past id `after` with a ledger in [start, end), locked in id order.

    reach: how far from an event the time lies that it may be evidence of.
    """
    parameters = {
        "types": list(types),
        "region": region,
        "start": start,
        "end": end,
        "reach": reach,
        "after": after,
        "limit": limit,
    }
    return [of(row) for row in conn.exec_driver_sql(_AFFECTED, parameters)]


def to_close(conn: Connection, tenant_id: str, cuts: Sequence[datetime]) -> dict[int, bool]:
    """The resources that an order up to the last of `cuts` concerns, by row id, ascending.

    Those that run on, and those of which a record crosses a cut; the value says whether
    one does. No row is locked yet.
    """
    parameters = {"tenant_id": tenant_id, "end": cuts[-1], "cuts": list(cuts)}
    rows = conn.exec_driver_sql(_TO_CLOSE, parameters)
    return {row.id: row.crossing for row in rows}


def of_tenants(
    conn: Connection,
    tenants: Sequence[str] | None,
    *,
    since: datetime | None = None,
    after: int,
    limit: int,
    locked: bool = False,
) -> list[Resource]:
    """Up to `limit` resources past row id `after`: all, or what `tenants` own or ever used.

    Those heard of at or after `since`. Locked in id order, if they are to be written.
    """
    parameters = {"tenants": tenants, "since": since, "after": after, "limit": limit}
    sql = _OF_TENANTS + " FOR NO KEY UPDATE OF r" if locked else _OF_TENANTS
    return [of(row) for row in conn.exec_driver_sql(sql, parameters)]


def update(conn: Connection, states: Sequence[tuple[int, State]]) -> None:
    """What is believed from now on, per resource id. A known resource has a last event."""
    conn.exec_driver_sql(_UPDATE, columns([(row_id, *believed(state)) for row_id, state in states]))


def of(row: Sequence[Any]) -> Resource:
    """The resource of a row that begins with the columns of what is believed."""
    # By place, for a thousand rows are read per batch, and names cost twice as much.
    row_id, region, resource_type, resource_id, *rest = row
    return Resource(row_id, (region, resource_type, resource_id), believed_of(*rest[:10]))


def believed_of(
    is_open: bool,
    tenant_id: str | None,
    facts: Mapping[str, Any],
    name: str | None,
    status: str | None,
    updated_at: datetime | None,
    last_precedence: int,
    last_message_id: str,
    created_at: datetime | None,
    deleted_at: datetime | None,
) -> State:
    """What such columns of a row say."""
    if updated_at is None:
        return State()
    found, memory = _facts(facts), _facts(facts.get(_MEMORY, {}))
    if name is not None:
        found["name"] = name
    if is_open and status is not None:
        found["status"] = status
    return State(
        last=(updated_at, last_precedence, last_message_id),
        open=is_open,
        tenant_id=tenant_id,
        facts=found,
        created_at=created_at,
        deleted_at=deleted_at,
        memory=memory,
    )


def _facts(stored: Mapping[str, Any]) -> dict[str, Fact]:
    return {
        name: value if isinstance(value, str) else Decimal(value)
        for name, value in stored.items()
        if name != _MEMORY
    }


def believed(state: State) -> tuple[Any, ...]:
    """The columns of what is believed, in the order in which `_UPDATE` names them."""
    facts = dict(state.facts)
    name, status = facts.pop("name", None), facts.pop("status", None)
    assert state.last is not None
    stored = {**facts, _MEMORY: state.memory} if state.memory else facts
    return (
        state.tenant_id,
        name,
        "delete" if state.deleted_at is not None else status,
        state.open,
        to_json(stored),
        state.created_at and instant_text(state.created_at),
        instant_text(state.last[0]),
        state.deleted_at and instant_text(state.deleted_at),
        state.last[1],
        state.last[2],
    )
