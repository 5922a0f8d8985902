"""Keys of requests that must not be carried out twice, with the answers that they got."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from sqlalchemy import Connection

HOURS = 24
"""How long a key is known."""

_MOST = 100
"""Old keys that a new one takes away."""

_FIND = f"""
SELECT fingerprint, status, body FROM idempotency_keys
WHERE caller = %(caller)s AND key = %(key)s AND created_at > now() - interval '{HOURS} hours'"""

# Where a key is stored it may be there still, forgotten but not yet removed.
_INSERT = """
INSERT INTO idempotency_keys (caller, key, fingerprint, status, body)
VALUES (%(caller)s, %(key)s, %(fingerprint)s, %(status)s, %(body)s)
ON CONFLICT (caller, key) DO UPDATE
SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body,
    created_at = excluded.created_at"""

_FORGET = f"""
DELETE FROM idempotency_keys WHERE (caller, key) IN (
    SELECT caller, key FROM idempotency_keys
    WHERE created_at <= now() - interval '{HOURS} hours'
    ORDER BY created_at LIMIT {_MOST} FOR UPDATE SKIP LOCKED)"""


class Key(NamedTuple):
    """What tells a request apart: who asks, and the key that they gave it."""

    caller: str
    key: str


class Answer(NamedTuple):
    """What a request was answered, and the SHA-256 of what it was."""

    fingerprint: bytes
    status: int
    body: bytes


def lock(conn: Connection, key: Key) -> bool:
    """Take `key` until the transaction ends; false if another one has it now.

    The lock goes with the session, whatever becomes of the process: nothing is left over.
    """
    digest = hashlib.sha256("\0".join(key).encode()).digest()
    number = int.from_bytes(digest[:8], signed=True)
    sql = "SELECT pg_try_advisory_xact_lock(%s::bigint)"
    return bool(conn.exec_driver_sql(sql, (number,)).scalar_one())


def find(conn: Connection, key: Key) -> Answer | None:
    """What a request with `key` was answered within the last `HOURS`."""
    row = conn.exec_driver_sql(_FIND, key._asdict()).one_or_none()
    return None if row is None else Answer(bytes(row[0]), row[1], bytes(row[2]))


def insert(conn: Connection, key: Key, answer: Answer) -> None:
    """Keep an answer, and forget some that are old. The caller has the lock of `key`."""
    conn.exec_driver_sql(_FORGET)
    given: dict[str, Any] = {**key._asdict(), **answer._asdict()}
    conn.exec_driver_sql(_INSERT, given)
