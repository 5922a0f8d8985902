"""Checkpoints: what was believed of a resource that is sampled at the end of each of its days.

They follow from the journal as the row of the resource does, and are written with it, under its
lock. What is derived anew for a late sample begins at one, and not at the first sample ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from ratings.core.model import State
from ratings.db.arrays import array, columns
from ratings.db.resources import believed, believed_of

_STATE = """c.open, c.tenant_id, c.facts, c.name, c.status, c.updated_at, c.last_precedence,
    c.last_message_id, c.created_at, c.deleted_at"""

_BEFORE = f"""
SELECT k.resource_id, {_STATE}
FROM unnest(%s::bigint[], %s::timestamptz[]) AS k (resource_id, before)
CROSS JOIN LATERAL (
    SELECT * FROM checkpoints WHERE resource_id = k.resource_id AND updated_at < k.before
    ORDER BY updated_at DESC LIMIT 1) AS c"""

_OF = f"""
SELECT c.resource_id, {_STATE} FROM checkpoints c
WHERE c.resource_id = ANY(%s::bigint[]) ORDER BY c.resource_id, c.updated_at"""

_FORGET = """
DELETE FROM checkpoints c USING unnest(%s::bigint[], %s::timestamptz[]) AS k (resource_id, since)
WHERE c.resource_id = k.resource_id AND c.updated_at >= coalesce(k.since, '-infinity')"""

_APPEND = """
INSERT INTO checkpoints
    (resource_id, tenant_id, name, status, open, facts, created_at, updated_at, deleted_at,
     last_precedence, last_message_id)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::boolean[], %s::jsonb[],
                     %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::smallint[],
                     %s::text[])"""


def before(conn: Connection, instants: Mapping[int, datetime]) -> dict[int, State]:
    """The last one of each resource (row id) before its instant, where there is one."""
    asked = array(instants), array(instants.values())
    rows = conn.exec_driver_sql(_BEFORE, asked)
    return {row_id: believed_of(*state) for row_id, *state in rows}


def of(conn: Connection, row_ids: Sequence[int]) -> dict[int, list[State]]:
    """All of each resource (row id), in the order of time."""
    found: dict[int, list[State]] = {row_id: [] for row_id in row_ids}
    for row_id, *state in conn.exec_driver_sql(_OF, (array(row_ids),)):
        found[row_id].append(believed_of(*state))
    return found


def forget(conn: Connection, since: Mapping[int, datetime | None]) -> None:
    """Those of each resource (row id) from its instant on, or all of them."""
    conn.exec_driver_sql(_FORGET, (array(since), array(since.values())))


def append(conn: Connection, states: Sequence[tuple[int, State]]) -> None:
    """One more for each resource (row id) and state, of which there is at least one."""
    conn.exec_driver_sql(_APPEND, columns([(row_id, *believed(s)) for row_id, s in states]))
