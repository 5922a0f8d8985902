"""Terms, and what remains of credits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from ratings.core.terms import Term
from ratings.db.filtering import where
from ratings.db.reading import Scope

_TERM = """t.id, t.kind, t.value, t.reason, t.tenant_id, c.name AS component, t.currency,
    lower(t.validity) AS start, upper(t.validity) AS end"""
_JOIN = "terms t LEFT JOIN components c ON c.id = t.component_id"
_REMAINING = """t.value + coalesce((SELECT sum(a.amount) FROM sales_order_adjustments a
    WHERE a.kind = 'credit' AND a.source = t.id AND t.kind = 'credit'), 0) AS remaining"""

_STANDING = f"""
SELECT {_TERM} FROM {_JOIN}
WHERE t.tenant_id IN ('', %s) AND t.kind <> 'credit' ORDER BY t.id"""

# Its order may wait for another of the same tenant, so it reads what that one left.
_CREDITS = f"""
SELECT {_TERM}, {_REMAINING} FROM {_JOIN}
WHERE t.tenant_id = %s AND t.kind = 'credit' ORDER BY t.id"""

_PAGE = f"""
SELECT {_TERM}, {_REMAINING} FROM {_JOIN}"""

_FILTERS = {
    "scope": "t.tenant_id IN ('', %(scope)s)",
    "after": "t.id > %(after)s",
    "id": "t.id = %(id)s",
    "kind": "t.kind = %(kind)s",
    "tenant_id": "t.tenant_id = %(tenant_id)s",
    "at": "t.validity @> %(at)s::timestamptz",
}

_INSERT = """
INSERT INTO terms (tenant_id, kind, value, component_id, currency, validity, reason)
VALUES (%s, %s, %s, (SELECT id FROM components WHERE name = %s), %s, tstzrange(%s, %s), %s)
RETURNING id"""


class Standing(NamedTuple):
    """A term, and what remains of its value: less than that of a credit that orders used."""

    term: Term
    remaining: Decimal


def standing(conn: Connection, tenant_id: str) -> list[Term]:
    """Everything that was ever agreed with a tenant, or with all, but credits; by id."""
    return [_of(row) for row in conn.exec_driver_sql(_STANDING, (tenant_id,))]


def credits_of(conn: Connection, tenant_id: str) -> list[Standing]:
    """Every credit of a tenant, used up or not, by id."""
    rows = conn.exec_driver_sql(_CREDITS, (tenant_id,))
    return [Standing(_of(row), row.remaining) for row in rows]


def page(conn: Connection, scope: Scope, *, limit: int, **filters: Any) -> Sequence[Standing]:
    """Up to `limit` terms by id: in the scope of a tenant, its own and those for everybody.

    Filters: after (an id), kind, tenant_id, at.
    """
    given = {"limit": limit, "scope": scope.tenant_id, **filters}
    sql = f"{_PAGE} {where(_FILTERS, given)} ORDER BY t.id LIMIT %(limit)s"
    return [Standing(_of(row), row.remaining) for row in conn.exec_driver_sql(sql, given)]


def get(conn: Connection, scope: Scope, term_id: int) -> Standing | None:
    return next(iter(page(conn, scope, limit=1, id=term_id)), None)


def insert(conn: Connection, term: Term) -> int:
    """A new term; returns its id. IntegrityError if it reaches into a billed period."""
    values = (
        term.tenant_id or "",
        term.kind,
        term.value,
        term.component,
        term.currency,
        term.start,
        term.end,
        term.reason,
    )
    return int(conn.exec_driver_sql(_INSERT, values).scalar_one())


def close(conn: Connection, term_id: int, at: datetime | None) -> None:
    """Let a term hold until `at`. IntegrityError if that changes a billed period."""
    sql = "UPDATE terms SET validity = tstzrange(lower(validity), %s) WHERE id = %s"
    conn.exec_driver_sql(sql, (at, term_id))


def delete(conn: Connection, term_id: int) -> None:
    """Remove a term that has not been in force. IntegrityError if an order has known it."""
    conn.exec_driver_sql("DELETE FROM terms WHERE id = %s", (term_id,))


def _of(row: Row[Any]) -> Term:
    return Term(
        id=row.id,
        kind=row.kind,
        value=row.value,
        reason=row.reason,
        tenant_id=row.tenant_id or None,
        component=row.component,
        currency=row.currency,
        start=row.start,
        end=row.end,
    )
