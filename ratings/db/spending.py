"""What a tenant used that has a price: records, one by one or summed up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from ratings.core.forecasting import NOBODY, Recent
from ratings.core.model import Record
from ratings.core.orders import Item, Subject
from ratings.db import records

_PRICED = """r.tenant_id = %(tenant_id)s AND r.currency = %(currency)s
  AND r.superseded_at IS NULL AND r.amount IS NOT NULL"""

_ITEMS = f"""
SELECT s.region, s.resource_type, s.resource_id, s.name, c.name AS component, c.unit,
       lower(r.span) AS start, upper(r.span) AS end, r.tenant_id, r.quantity, r.metadata,
       r.currency, r.unit_price, r.price_id, r.amount, p.per
FROM records r JOIN resources s ON s.id = r.resource_id JOIN components c ON c.id = r.component_id
JOIN prices p ON p.id = r.price_id
WHERE {_PRICED} AND lower(r.span) < %(now)s"""

_PLACE = "width_bucket({}, %(bounds)s::timestamptz[])"
_FIRST = _PLACE.format("lower(r.span)")
_LAST = _PLACE.format("upper(r.span) - interval '1 microsecond'")
_APART = f"({_FIRST} <> {_LAST} OR r.price_id = ANY(%(apart)s::bigint[]))"

_ONE_BY_ONE = f"{_ITEMS} AND upper(r.span) > %(since)s AND {_APART}"

_TOGETHER = f"""
SELECT c.name AS component, c.unit, t.price_id, p.per, p.unit_price, t.place, t.amount
FROM (SELECT r.component_id, r.price_id, {_FIRST} AS place, sum(r.amount) AS amount
      FROM records r
      WHERE {_PRICED} AND lower(r.span) >= %(since)s AND lower(r.span) < %(now)s AND NOT {_APART}
      GROUP BY 1, 2, 3) AS t
JOIN components c ON c.id = t.component_id JOIN prices p ON p.id = t.price_id"""

_RECENT = f"""
SELECT c.name AS component, c.unit, r.price_id, p.per,
       sum(CASE WHEN p.per = 'unit' THEN r.quantity
                ELSE r.quantity * extract(epoch FROM upper(part) - lower(part)) END) AS quantity,
       sum(CASE WHEN p.per = 'unit' OR part = r.span THEN r.amount
                ELSE share_of(r.amount, r.span, part) END) AS amount
FROM records r JOIN resources s ON s.id = r.resource_id JOIN components c ON c.id = r.component_id
JOIN prices p ON p.id = r.price_id,
LATERAL (SELECT r.span * tstzrange(%(since)s, %(now)s) AS part) AS clipped
WHERE {_PRICED} AND lower(r.span) < %(now)s AND upper(r.span) > %(since)s
  AND (p.per <> 'unit' OR lower(r.span) >= %(since)s)
  AND (s.resource_type = ANY(%(sampled)s::text[])
       OR coalesce(s.deleted_at, %(now)s) - s.created_at < %(lasting)s::interval)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 3"""

_BEGINNING = "SELECT min(lower(span)) FROM records WHERE tenant_id = %s AND superseded_at IS NULL"


class Whose(NamedTuple):
    """A tenant, the currency of its bills, and the instant up to which is looked."""

    tenant_id: str
    currency: str
    now: datetime


def items(
    conn: Connection, whose: Whose, bounds: Sequence[datetime], apart: Sequence[int]
) -> list[Item]:
    """What was used from the first of `bounds` on, which ascend up to now.

    Records that cross one of them come one by one, and so do those with a price whose id
    is in `apart`. The others of a price come together, as one that fills the time between
    two bounds.
    """
    parameters = {
        **whose._asdict(),
        "since": bounds[0],
        "bounds": list(bounds),
        "apart": list(apart),
    }
    found = _items(conn.exec_driver_sql(_ONE_BY_ONE, parameters))
    for row in conn.exec_driver_sql(_TOGETHER, parameters):
        record = Record(
            component=row.component,
            start=bounds[row.place - 1],
            end=bounds[row.place],
            tenant_id=whose.tenant_id,
            quantity=Decimal(),
            metadata=(),
            currency=whose.currency,
            unit_price=row.unit_price,
            price_id=row.price_id,
            amount=row.amount,
        )
        found.append(Item(NOBODY, record, row.unit, row.per))
    return found


def recent(
    conn: Connection, whose: Whose, since: datetime, sampled: Iterable[str], lasting: timedelta
) -> list[Recent]:
    """What was used in [since, now) by types that are `sampled` and by what lived for less
    than `lasting`."""
    parameters = {
        **whose._asdict(),
        "since": since,
        "sampled": list(sampled),
        "lasting": lasting,
    }
    return [
        Recent(
            row.component,
            row.unit,
            row.price_id,
            Fraction(row.quantity) * (1 if row.per == "unit" else 10**6),
            Fraction(row.amount),
        )
        for row in conn.exec_driver_sql(_RECENT, parameters)
    ]


def beginning(conn: Connection, tenant_id: str) -> datetime | None:
    """When a tenant is first known to have used anything."""
    found: datetime | None = conn.exec_driver_sql(_BEGINNING, (tenant_id,)).scalar_one()
    return found


def _items(rows: Iterable[Row[Any]]) -> list[Item]:
    return [
        Item(
            subject=Subject(r.region, r.resource_type, r.resource_id, r.name),
            record=records.of(r),
            unit=r.unit,
            per=r.per,
        )
        for r in rows
    ]
