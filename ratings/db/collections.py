"""Collections: how far each tenant was pulled from each source, and who is at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row

from ratings.db.filtering import where

# Only what is not there yet: a conflict would use up a number of the identity each time.
_ENROL = """
INSERT INTO collections
    (source, region, tenant_id, collected_from, collected_until, next_attempt_at)
SELECT %(source)s, %(region)s, tenant_id, %(begin)s, %(begin)s, %(now)s
FROM unnest(%(tenants)s::text[]) AS listed (tenant_id)
WHERE NOT EXISTS (SELECT FROM collections c WHERE c.source = %(source)s
                  AND c.region = %(region)s AND c.tenant_id = listed.tenant_id)
ORDER BY tenant_id ON CONFLICT DO NOTHING"""

_LISTED = """
UPDATE collections SET gone_at = CASE WHEN tenant_id = ANY(%(tenants)s::text[])
                                 THEN NULL ELSE %(now)s END
WHERE source = %(source)s AND region = %(region)s
  AND (gone_at IS NULL) <> (tenant_id = ANY(%(tenants)s::text[]))"""

_DUE = """
FROM collections WHERE source = %(source)s AND region = %(region)s
  AND collected_until < least(%(horizon)s, coalesce(gone_at, 'infinity'))
  AND next_attempt_at <= %(now)s"""

# In turns: who waited longest comes first, so that nobody waits for another one's backlog.
_CANDIDATES = f"""
SELECT id {_DUE}
ORDER BY (requested_at IS NULL), last_attempt_at NULLS FIRST, id LIMIT %(limit)s"""

_CLAIMED = f"SELECT id, tenant_id, collected_from, collected_until, attempts {_DUE} AND id = %(id)s"

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('collections/' || %s::text, 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('collections/' || %s::text, 0))"

# A puller whose host has vanished holds its lock until the server notices.
_WATCH = """
SELECT set_config('tcp_keepalives_idle', '30', false),
       set_config('tcp_keepalives_interval', '10', false),
       set_config('tcp_keepalives_count', '3', false)"""

_COLLECTED = """
UPDATE collections
SET collected_until = %(end)s, last_collected_at = %(now)s, last_attempt_at = %(now)s,
    samples = samples + %(samples)s, attempts = 0, code = NULL, detail = NULL
WHERE id = %(id)s AND collected_until = %(until)s"""

_FAILED = """
UPDATE collections
SET attempts = attempts + 1, code = %(code)s, detail = %(detail)s, last_attempt_at = %(now)s,
    next_attempt_at = %(next_attempt_at)s, samples = samples + %(samples)s
WHERE id = %(id)s"""

_SATISFY = """
UPDATE collections SET requested_at = NULL
WHERE source = %(source)s AND region = %(region)s AND requested_at IS NOT NULL
  AND collected_until >= least(%(horizon)s, coalesce(gone_at, 'infinity'))"""

_REQUEST = """
UPDATE collections
SET requested_at = %(now)s, next_attempt_at = least(next_attempt_at, %(now)s),
    collected_from = least(collected_from, %(since)s),
    collected_until = least(collected_until, %(since)s)
"""

_FILTERS = {
    "source": "source = %(source)s",
    "region": "region = %(region)s",
    "tenants": "tenant_id = ANY(%(tenants)s::text[])",
    "tenant_id": "tenant_id = %(tenant_id)s",
    "failing": "(attempts > 0) = %(failing)s",
    "after": "id > %(after)s",
}

_PAGE = """
SELECT id, source, region, tenant_id, collected_from, collected_until, requested_at, gone_at,
       next_attempt_at, last_attempt_at, last_collected_at, samples, attempts, code, detail
FROM collections"""

CANDIDATES = 100
"""Rows that are tried for a lock before somebody else is taken to be at all of them."""


class Claim(NamedTuple):
    """A row that is the caller's alone."""

    id: int
    tenant_id: str
    collected_from: datetime
    collected_until: datetime
    attempts: int


def enrol(
    conn: Connection,
    source: tuple[str, str],
    tenant_ids: Sequence[str],
    begin: datetime,
    now: datetime,
) -> None:
    """These are the tenants by now: new ones begin at `begin`, those missing are gone at `now`.

    source: its name and its region.
    """
    parameters = {**_of(source), "tenants": list(tenant_ids), "begin": begin, "now": now}
    conn.exec_driver_sql(_ENROL, parameters)
    conn.exec_driver_sql(_LISTED, parameters)


@contextmanager
def claimed(
    engine: Engine, source: tuple[str, str], horizon: datetime, now: datetime
) -> Iterator[tuple[Connection, Claim] | None]:
    """The row whose turn it is, of those that are not collected up to `horizon`; None: there
    is none, or others are at all of them.

    It is nobody else's meanwhile. The lock is the session's: it ends with the process.
    The connection commits each statement by itself.
    """
    parameters = {**_of(source), "horizon": horizon, "now": now, "limit": CANDIDATES}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql(_WATCH)
        for row_id in conn.exec_driver_sql(_CANDIDATES, parameters).scalars().all():
            if not conn.exec_driver_sql(_LOCK, (row_id,)).scalar():
                continue
            try:
                # Whoever held the lock may have collected it since.
                row = conn.exec_driver_sql(_CLAIMED, {**parameters, "id": row_id}).one_or_none()
                if row is not None:
                    yield conn, Claim(*row)
                    return
            finally:
                _release(conn, row_id)
        yield None


def _release(conn: Connection, row_id: int) -> None:
    if conn.invalidated:  # and the lock has gone with it
        return
    try:
        conn.exec_driver_sql(_UNLOCK, (row_id,))
    except BaseException:
        conn.invalidate()  # else the pool would keep the lock
        raise


def collected(conn: Connection, claim: Claim, end: datetime, samples: int, now: datetime) -> bool:
    """Everything up to `end` was taken in; false if the row was set back meanwhile.

    samples: how many were not there before.
    """
    parameters = {
        "id": claim.id,
        "until": claim.collected_until,
        "end": end,
        "samples": samples,
        "now": now,
    }
    return conn.exec_driver_sql(_COLLECTED, parameters).rowcount == 1


def failed(
    conn: Connection,
    claim: Claim,
    error: tuple[str, str],
    next_attempt_at: datetime,
    samples: int,
    now: datetime,
) -> None:
    """The window was not collected whole, though some samples were taken in.

    error: its code, and what it says.
    """
    code, detail = error
    parameters = {
        "id": claim.id,
        "code": code,
        "detail": detail,
        "next_attempt_at": next_attempt_at,
        "samples": samples,
        "now": now,
    }
    conn.exec_driver_sql(_FAILED, parameters)


def satisfy(conn: Connection, source: tuple[str, str], horizon: datetime) -> None:
    """Who was asked for and is collected up to `horizon` is no longer asked for."""
    conn.exec_driver_sql(_SATISFY, {**_of(source), "horizon": horizon})


def request(
    conn: Connection,
    now: datetime,
    *,
    source: str | None = None,
    region: str | None = None,
    tenant_ids: Sequence[str] | None = None,
    since: datetime | None = None,
) -> list[str]:
    """Collect these next, whatever they were waiting for; the tenant of each row found.

    since: what happened from then on is collected again.
    """
    given = {"source": source, "region": region, "tenants": tenant_ids and list(tenant_ids)}
    sql = f"{_REQUEST} {where(_FILTERS, given)} RETURNING tenant_id"
    rows = conn.exec_driver_sql(sql, {**given, "since": since, "now": now})
    return list(rows.scalars())


def page(
    conn: Connection,
    *,
    limit: int,
    after: int | None = None,
    source: str | None = None,
    region: str | None = None,
    tenant_id: str | None = None,
    failing: bool | None = None,
) -> Sequence[Row[Any]]:
    """Up to `limit` rows by id. failing: whether the last attempt failed."""
    given = {
        "after": after,
        "source": source,
        "region": region,
        "tenant_id": tenant_id,
        "failing": failing,
    }
    sql = f"{_PAGE} {where(_FILTERS, given)} ORDER BY id LIMIT %(limit)s"
    return conn.exec_driver_sql(sql, {**given, "limit": limit}).all()


def _of(source: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("source", "region"), source, strict=True))
