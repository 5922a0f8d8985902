"""Parked events: kept as they came, with the reason, until they are understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from ratings.db.arrays import array, columns
from ratings.db.filtering import where

_PARK = """
INSERT INTO parked_events (message_id, region, code, detail, body)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) ORDER BY 1
ON CONFLICT (message_id) DO UPDATE
SET code = excluded.code, detail = excluded.detail, attempts = parked_events.attempts + 1
RETURNING region, attempts = 1 AS new"""

_FORGET = "DELETE FROM parked_events WHERE message_id = ANY(%s::text[]) RETURNING region"

_TAKE = """
SELECT id, message_id, region, code, body FROM parked_events
WHERE id > %(after)s AND id <= %(newest)s
  AND (%(code)s::text IS NULL OR code = %(code)s)
  AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))
ORDER BY id LIMIT %(limit)s"""

_PAGE = """
SELECT id, message_id, region, code, detail, received_at, attempts, body FROM parked_events"""

# Of the index on both columns alone: bodies are large, and after a wrong definition they are many.
_BY_CODE = """
SELECT code, count(*) AS events, min(received_at) AS oldest_at
FROM parked_events GROUP BY code ORDER BY code"""

_FILTERS = {"after": "id > %(after)s", "code": "code = %(code)s"}


class Parked(NamedTuple):
    """A row to be parked; `body` is what was sent, as text."""

    message_id: str
    region: str
    code: str
    detail: str
    body: str


class Waiting(NamedTuple):
    """A parked event on its way to another try."""

    id: int
    message_id: str
    region: str
    code: str
    body: str


def park(conn: Connection, rows: Sequence[Parked]) -> list[str]:
    """Keep `rows`, each message id once; returns the region of each not parked before."""
    return [row.region for row in conn.exec_driver_sql(_PARK, columns(rows)) if row.new]


def forget(conn: Connection, message_ids: Sequence[str]) -> Sequence[str]:
    """Let go of parked events that the journal now holds; returns the region of each."""
    return conn.exec_driver_sql(_FORGET, (array(message_ids),)).scalars().all()


def take(
    conn: Connection,
    *,
    after: int,
    newest: int,
    limit: int,
    code: str | None = None,
    ids: Sequence[int] | None = None,
) -> list[Waiting]:
    """Up to `limit` parked events past id `after` and up to id `newest`, by code or by ids."""
    parameters = {"after": after, "newest": newest, "code": code, "ids": ids, "limit": limit}
    return [Waiting(*row) for row in conn.exec_driver_sql(_TAKE, parameters)]


def newest(conn: Connection) -> int:
    """The id of the one that was parked last; 0 for none."""
    return int(conn.exec_driver_sql("SELECT coalesce(max(id), 0) FROM parked_events").scalar_one())


def page(conn: Connection, *, limit: int, **filters: Any) -> Sequence[Row[Any]]:
    """Up to `limit` parked events, as they came in. Filters: after (a row id), code."""
    given = {"limit": limit, **filters}
    sql = f"{_PAGE} {where(_FILTERS, given)} ORDER BY id LIMIT %(limit)s"
    return conn.exec_driver_sql(sql, given).all()


def by_code(conn: Connection) -> Sequence[Row[Any]]:
    """Per reason: code, events, and since when the oldest of them waits (oldest_at)."""
    return conn.exec_driver_sql(_BY_CODE).all()
