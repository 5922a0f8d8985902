"""What a check is and what it finds, and rows as a stream.

Codes are stable, and explained in ``doc/source/admin/audit.rst``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class Finding:
    """A law that is broken: which (a stable code), where, and a sentence for a person."""

    code: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class Check:
    """A query for the rows that break a law; its columns are `place` and `detail`.

    of_tenants: whether it can be asked of some tenants alone.
    """

    code: str
    sql: str
    of_tenants: bool = True


def of(alias: str) -> str:
    """The condition that `alias` belongs to one of the tenants asked for, if any were."""
    return f"(%(tenants)s::text[] IS NULL OR {alias}.tenant_id = ANY (%(tenants)s::text[]))"


FINITE = "isfinite(lower(span)) AND isfinite(upper(span))"
"""Bounds that Python can read."""

SOUND = f"""coalesce(
    NOT isempty(span) AND lower_inc(span) AND NOT upper_inc(span) AND {FINITE}, false)"""

_CHAIN = f"""
SELECT id, tenant_id, lower(span) AS start, upper(span) AS end, currency, total, payable, digest,
       previous_digest, created_at
FROM sales_orders o WHERE {of("o")} AND {FINITE} ORDER BY tenant_id, lower(span), id"""

_PRICED = f"""
SELECT id, price_id, lower(span) AS start, upper(span) AS end, quantity, unit_price, amount
FROM records r WHERE {of("r")} AND price_id IS NOT NULL AND {FINITE}"""


def run(
    conn: Connection, check: Check, tenants: Sequence[str] | None, grace: timedelta
) -> Iterator[Finding]:
    """What `check` finds. `grace`: how long a transaction may have been under way unseen."""
    for row in _streamed(conn, check.sql, {"tenants": tenants, "grace": grace}):
        yield Finding(check.code, row.place, row.detail)


def chain(conn: Connection, tenants: Sequence[str] | None) -> Iterator[Row[Any]]:
    """The orders of each tenant one after the other, by their spans."""
    return _streamed(conn, _CHAIN, {"tenants": tenants})


def priced(conn: Connection, tenants: Sequence[str] | None) -> Iterator[Row[Any]]:
    """Every priced record, superseded ones too: its amount, and what that follows from."""
    return _streamed(conn, _PRICED, {"tenants": tenants})


def count(conn: Connection, table: str, tenants: Sequence[str] | None) -> int:
    """How many rows of `table`, of some tenants or of all."""
    sql = f"SELECT count(*) FROM {table} AS t WHERE {of('t')}"
    return int(conn.exec_driver_sql(sql, {"tenants": tenants}).scalar_one())


def _streamed(conn: Connection, sql: str, parameters: Mapping[str, Any]) -> Iterator[Row[Any]]:
    """Rows through a cursor of the server: a thousand of them in memory at a time."""
    yield from conn.exec_driver_sql(
        sql, dict(parameters), execution_options={"stream_results": True, "yield_per": 1000}
    )
