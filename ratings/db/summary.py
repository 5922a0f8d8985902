"""Amounts, grouped: each clipped to a range so that the parts add up to the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping

from ratings.db.filtering import where
from ratings.db.reading import Scope

KEYS: Mapping[str, str] = {
    "tenant_id": "r.tenant_id",
    "region": "s.region",
    "resource_type": "s.resource_type",
    "component": "c.name",
    "resource_id": "s.resource_id",
    "day": "to_char(lower(p.part), 'YYYY-MM-DD')",
    "month": "to_char(lower(p.part), 'YYYY-MM')",
}
"""What amounts can be grouped by. Days and months are those of UTC, as the session is."""

# A record has one part in each group. Most parts are whole records, which need no share_of.
_GROUPED = """
SELECT {keys}r.currency,
       coalesce(sum(CASE WHEN p.part = r.span THEN r.amount
                         ELSE share_of(r.amount, r.span, p.part) END), 0) AS amount,
       count(*) AS records, count(*) FILTER (WHERE r.amount IS NULL) AS unpriced
FROM records r
JOIN resources s ON s.id = r.resource_id
JOIN components c ON c.id = r.component_id,
LATERAL (SELECT r.span * tstzrange(%(start)s, %(end)s) AS part) AS clipped,
{parts}
{conditions}
GROUP BY {groups}r.currency"""

_WHOLE = "LATERAL (SELECT clipped.part) AS p"

_PARTS = """LATERAL (
    SELECT clipped.part * tstzrange(d, d + interval '1 {unit}') AS part
    FROM generate_series(date_trunc('{unit}', lower(clipped.part)),
                         upper(clipped.part) - interval '1 microsecond',
                         interval '1 {unit}') AS d) AS p"""

_FILTERS = {
    "limit": "r.superseded_at IS NULL",
    "scope": "r.tenant_id = %(scope)s",
    "start": "upper(r.span) > %(start)s",
    "end": "lower(r.span) < %(end)s",
    "tenant_id": "r.tenant_id = %(tenant_id)s",
    "region": "s.region = %(region)s",
    "resource_type": "s.resource_type = %(resource_type)s",
    "component": "c.name = %(component)s",
    "resource_id": "s.resource_id = %(resource_id)s",
}


def page(
    conn: Connection,
    scope: Scope,
    keys: Sequence[str],
    *,
    limit: int,
    after: Sequence[str] | None,
    **filters: Any,
) -> Sequence[RowMapping]:
    """Up to `limit` groups of current records, in the order of their keys and currency.

    `after` are the keys and the currency of the group before the first. Filters:
    start and end (both needed, None is unbounded), tenant_id, region,
    resource_type, component, resource_id. A row has the keys, currency, amount,
    records, and unpriced: how many of the records have no price.
    """
    given = {"limit": limit, "scope": scope.tenant_id, **filters}
    unit = "day" if "day" in keys else "month" if "month" in keys else None
    grouped = _GROUPED.format(
        keys="".join(f"{KEYS[key]} AS {key}, " for key in keys),
        groups="".join(f"{KEYS[key]}, " for key in keys),
        parts=_WHOLE if unit is None else _PARTS.format(unit=unit),
        conditions=where(_FILTERS, given),
    )
    return _paged(conn, grouped, [*keys, "currency"], after, given)


def _paged(
    conn: Connection,
    grouped: str,
    order: Sequence[str],
    after: Sequence[str] | None,
    parameters: dict[str, Any],
) -> Sequence[RowMapping]:
    beyond = ""
    if after is not None:
        names = [f"after_{number}" for number in range(len(order))]
        beyond = f"WHERE ({', '.join(order)}) > ({', '.join(f'%({name})s' for name in names)})"
        parameters = {**parameters, **dict(zip(names, after, strict=True))}
    sql = f"SELECT * FROM ({grouped}) AS g {beyond} ORDER BY {', '.join(order)} LIMIT %(limit)s"
    return conn.exec_driver_sql(sql, parameters).mappings().all()
