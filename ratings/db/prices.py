"""Prices, and the lock that keeps them still while they are used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from ratings.core.model import Price, Tier
from ratings.db.engine import to_json
from ratings.db.filtering import where
from ratings.db.reading import Scope

# Any number that nothing else in this database uses as an advisory lock.
_LOCK = 0x72617465

_LOAD = """
SELECT p.id, c.name AS component, p.unit_price, p.currency, p.region, p.tenant_id, p.match, p.per,
       lower(p.validity) AS start, upper(p.validity) AS end, p.name, p.description,
       p.free, p.tiers
FROM prices p JOIN components c ON c.id = p.component_id"""

_FILTERS = {
    "scope": "p.tenant_id IN ('', %(scope)s)",
    "after": "p.id > %(after)s",
    "id": "p.id = %(id)s",
    "component": "c.name = %(component)s",
    "region": "p.region = %(region)s",
    "tenant_id": "p.tenant_id = %(tenant_id)s",
    "at": "p.validity @> %(at)s::timestamptz",
}

_INSERT = """
INSERT INTO prices (component_id, region, tenant_id, match, per, currency, unit_price, validity,
                    name, description, free, tiers)
VALUES (%(component_id)s, %(region)s, %(tenant_id)s, %(match)s, %(per)s, %(currency)s,
        %(unit_price)s, tstzrange(%(start)s, %(end)s), %(name)s, %(description)s, %(free)s,
        %(tiers)s)
RETURNING id"""

_CLOSE = """
UPDATE prices SET validity = tstzrange(lower(validity), %(at)s) WHERE id = %(id)s"""


def hold_still(conn: Connection) -> int:
    """Keep prices from changing until the transaction ends; returns their revision.

    Whoever rates holds them, so that no record is derived from prices that a
    change just about to commit does not know of.
    """
    conn.exec_driver_sql("SELECT pg_advisory_xact_lock_shared(%s)", (_LOCK,))
    return revision(conn)


def open_for_change(conn: Connection) -> None:
    """Wait for all who hold prices still, and keep others from it until the end."""
    conn.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


def revision(conn: Connection) -> int:
    sql = "SELECT revision FROM revisions WHERE name = 'prices'"
    return int(conn.exec_driver_sql(sql).scalar_one())


def get(conn: Connection, scope: Scope, price_id: int) -> Price | None:
    return next(iter(page(conn, scope, limit=1, id=price_id)), None)


def page(conn: Connection, scope: Scope, *, limit: int, **filters: Any) -> Sequence[Price]:
    """Up to `limit` prices by id: in the scope of a tenant, its own and those for everybody.

    Filters: after (an id), component, region, tenant_id, at.
    """
    given = {"limit": limit, "scope": scope.tenant_id, **filters}
    sql = f"{_LOAD} {where(_FILTERS, given)} ORDER BY p.id LIMIT %(limit)s"
    return [price_of(row) for row in conn.exec_driver_sql(sql, given)]


def count(conn: Connection) -> int:
    return int(conn.exec_driver_sql("SELECT count(*) FROM prices").scalar_one())


def load(conn: Connection) -> Iterable[Price]:
    """Every price."""
    return [price_of(row) for row in rows(conn)]


def rows(conn: Connection) -> Sequence[Row[Any]]:
    """Every price as it is stored, for `price_of`."""
    return conn.exec_driver_sql(_LOAD).all()


def insert(conn: Connection, price: Price, component_id: int) -> int:
    """A new price; returns its id. IntegrityError if one of the same kind holds at some instant."""
    parameters = {
        "component_id": component_id,
        "region": price.region or "",
        "tenant_id": price.tenant_id or "",
        "match": to_json(dict(price.match)),
        "per": price.per,
        "currency": price.currency,
        "unit_price": price.unit_price,
        "start": price.start,
        "end": price.end,
        "name": price.name,
        "description": price.description,
        "free": price.free,
        "tiers": to_json(price.tiers),
    }
    return int(conn.exec_driver_sql(_INSERT, parameters).scalar_one())


def close(conn: Connection, price_id: int, at: datetime) -> None:
    """Let a price hold until `at`, which is within its validity."""
    conn.exec_driver_sql(_CLOSE, {"id": price_id, "at": at})


def describe(conn: Connection, price_id: int, name: str | None, description: str | None) -> None:
    sql = "UPDATE prices SET name = %s, description = %s WHERE id = %s"
    conn.exec_driver_sql(sql, (name, description, price_id))


def delete(conn: Connection, price_id: int) -> None:
    """Remove a price that nothing was ever priced with."""
    conn.exec_driver_sql("DELETE FROM prices WHERE id = %s", (price_id,))


def used(conn: Connection, price_id: int) -> bool:
    """Whether any record, superseded ones included, was priced with it."""
    sql = "SELECT EXISTS (SELECT FROM records WHERE price_id = %s)"
    return bool(conn.exec_driver_sql(sql, (price_id,)).scalar_one())


def price_of(row: Row[Any]) -> Price:
    return Price(
        id=row.id,
        component=row.component,
        unit_price=row.unit_price,
        currency=row.currency,
        region=row.region or None,
        tenant_id=row.tenant_id or None,
        match=tuple(sorted(row.match.items())),
        per=row.per,
        start=row.start,
        end=row.end,
        name=row.name,
        description=row.description,
        free=row.free,
        tiers=tuple(Tier(Decimal(above), Decimal(price)) for above, price in row.tiers),
    )
