"""Which timelines can show a discrepancy: a sieve, so that few have to be derived.

It lets through whatever `ratings.core.contradictions` may find something in, and more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ratings.core.model import ACTIONS
from ratings.db.resources import Resource, of

Facts = Mapping[str, Sequence[str]]
"""Fact whose change counts -> the resource types of which it does."""

_OPENS = [name for name, action in ACTIONS.items() if action.opens]
_CLOSES = [name for name, action in ACTIONS.items() if action.closes]

_STATUSES = json.dumps({n: a.status for n, a in ACTIONS.items() if a.status is not None})

# What an event says may be what it does, or whoever asked.
_OWNER = "coalesce(tenant_id, content ->> 'requester')"
_STATUS = """coalesce(%(statuses)s::jsonb ->> action, content ->> 'status',
           CASE WHEN action = ANY(%(opens)s) THEN 'active' END)"""

RECENT = 10
"""Events before an instant that tell what was believed then, of most resources."""

_TAKE = """
SELECT r.id, r.region, r.resource_type, r.resource_id, r.open, r.tenant_id, r.facts,
       r.name, r.status, r.updated_at, r.last_precedence, r.last_message_id, r.created_at,
       r.deleted_at
FROM resources r
WHERE r.id > %(after)s AND r.updated_at IS NOT NULL AND r.resource_type = ANY(%(types)s::text[])
  AND (%(region)s::text IS NULL OR r.region = %(region)s)
  AND (%(resource_id)s::text IS NULL OR r.resource_id = %(resource_id)s)
  AND (%(tenant_id)s::text IS NULL OR r.tenant_id = %(tenant_id)s
       OR r.id IN (SELECT resource_id FROM records WHERE tenant_id = %(tenant_id)s))
  AND (%(since)s::timestamptz IS NULL OR r.updated_at >= %(since)s
       OR (r.open AND r.updated_at < %(quiet)s))
ORDER BY r.id LIMIT %(limit)s"""

_COUNTS = """
SELECT k.id, c.number FROM unnest(%(ids)s::bigint[]) AS k (id), LATERAL (
    SELECT count(*) AS number FROM events e
    WHERE e.resource_id = k.id
      AND e.event_time >= coalesce(%(since)s::timestamptz, '-infinity')) AS c"""

# fresh: since the instant asked about; of what was before, the last events are looked at.
_SUSPECTS = """
SELECT k.id FROM unnest(%(ids)s::bigint[]) AS k (id)
JOIN resources r ON r.id = k.id,
LATERAL (
    SELECT count(*) FILTER (WHERE fresh) AS fresh, count(*) FILTER (WHERE NOT fresh) AS earlier,
           min(event_time) AS first, max(event_time) AS latest,
           min(event_time) FILTER (WHERE action = ANY(%(opens)s)) AS opened,
           count(*) FILTER (WHERE fresh AND action = ANY(%(opens)s)) AS openings,
           min(event_time) FILTER (WHERE closes) AS closed,
           min(event_time) FILTER (WHERE closes AND NOT audit) AS told,
           min(event_time) FILTER (WHERE closes AND audit) AS audited,
           max(event_time) FILTER (WHERE starts AND NOT closes) AS heard{columns}
    FROM (
        SELECT *, action = ANY(%(closes)s) AS closes, event_type = ANY(%(audits)s) AS audit{values}
        FROM (
            (SELECT *, false AS fresh FROM events
             WHERE resource_id = k.id AND state = 'rated'
               AND event_time < coalesce(%(since)s::timestamptz, '-infinity')
             ORDER BY event_time DESC FETCH FIRST %(recent)s ROWS WITH TIES)
            UNION ALL
            (SELECT *, true FROM events
             WHERE resource_id = k.id AND state = 'rated'
               AND event_time >= coalesce(%(since)s::timestamptz, '-infinity'))) AS both_sides
        OFFSET 0  -- Else each value would be worked out for each of its uses.
    ) AS e) AS t
WHERE t.fresh > 0 AND (
    (t.earlier = 0 AND t.opened IS DISTINCT FROM t.first)
    OR t.heard > t.closed
    OR t.audited < coalesce(t.told, 'infinity')
    -- A delete, or another life, further back.
    OR (t.earlier > 0 AND (t.openings > 0 OR (r.deleted_at IS NOT NULL AND t.closed IS NULL)))
    {conditions})"""

_COLUMN = """,
           min(said_{n}) AS low_{n}, max(said_{n}) AS high_{n},
           count(said_{n}) FILTER (WHERE NOT fresh) AS known_{n}"""

_CONDITION = """
    OR (t.high_{n} IS NOT NULL AND (t.low_{n} <> t.high_{n} OR (t.earlier > 0 AND t.known_{n} = 0))
        {of_types})"""

# Others of the type and region stand for all: those first by their id, which is as good as chance.
_AUDITED = """
SELECT max(e.event_time) FROM (
    SELECT id FROM resources
    WHERE region = %(region)s AND resource_type = %(resource_type)s AND open
    ORDER BY resource_id LIMIT %(sample)s) AS s,
LATERAL (
    SELECT event_time FROM events
    WHERE resource_id = s.id AND state = 'rated' AND action = 'exists'
      AND event_type = ANY(%(audits)s) AND event_time <= %(until)s
      AND event_time > %(until)s - %(window)s::interval
    ORDER BY event_time DESC LIMIT 1) AS e"""

_SAMPLE = 100


def take(
    conn: Connection,
    types: Sequence[str],
    *,
    after: int,
    limit: int,
    since: datetime | None,
    quiet: datetime,
    **filters: str | None,
) -> list[Resource]:
    """Up to `limit` resources of some types past row id `after` that are to be looked at.

    With `since` those heard of since then, or open and not heard of since `quiet`. Filters:
    tenant_id (owns or ever used it), region, resource_id.
    """
    given = {"tenant_id": None, "region": None, "resource_id": None, **filters}
    parameters = {
        **given,
        "types": list(types),
        "after": after,
        "limit": limit,
        "since": since,
        "quiet": quiet,
    }
    return [of(row) for row in conn.exec_driver_sql(_TAKE, parameters)]


def counts(conn: Connection, row_ids: Sequence[int], since: datetime | None) -> dict[int, int]:
    """How many events there are of each resource since an instant, or ever."""
    found = conn.exec_driver_sql(_COUNTS, {"ids": list(row_ids), "since": since})
    return {row.id: row.number for row in found}


def suspects(
    conn: Connection,
    row_ids: Sequence[int],
    facts: Facts,
    audits: Sequence[str],
    since: datetime | None,
) -> list[int]:
    """Those of some resources whose events since an instant may show a discrepancy."""
    values = {"owner": _OWNER}
    conditions = [_CONDITION.format(n="owner", of_types="")]
    parameters: dict[str, Any] = {
        "ids": list(row_ids),
        "since": since,
        "opens": _OPENS,
        "closes": _CLOSES,
        "audits": list(audits),
        "recent": RECENT,
        "statuses": _STATUSES,
    }
    for n, (fact, types) in enumerate(sorted(facts.items())):
        values[str(n)] = _STATUS if fact == "status" else f"content ->> %(fact_{n})s::text"
        of_types = f"AND r.resource_type = ANY(%(types_{n})s)"
        conditions.append(_CONDITION.format(n=n, of_types=of_types))
        parameters |= {f"fact_{n}": fact, f"types_{n}": list(types)}
    sql = _SUSPECTS.format(
        values="".join(f",\n               {value} AS said_{n}" for n, value in values.items()),
        columns="".join(_COLUMN.format(n=n) for n in values),
        conditions="".join(conditions),
    )
    return list(conn.exec_driver_sql(sql, parameters).scalars())


def audited_at(
    conn: Connection,
    region: str,
    resource_type: str,
    audits: Sequence[str],
    *,
    until: datetime,
    window: timedelta,
) -> datetime | None:
    """When resources of a type and region were audited last, in the `window` up to `until`."""
    parameters = {
        "region": region,
        "resource_type": resource_type,
        "audits": list(audits),
        "until": until,
        "window": window,
        "sample": _SAMPLE,
    }
    found: datetime | None = conn.exec_driver_sql(_AUDITED, parameters).scalar()
    return found
