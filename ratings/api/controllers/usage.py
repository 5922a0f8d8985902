"""``/v1/usage``: how much of what a tenant used, whether it has a price or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from ratings.accruing import accrue
from ratings.api import ranges
from ratings.api.authorisation import one_tenant
from ratings.api.endpoint import Contract, endpoint
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import usage as types
from ratings.core.model import Record
from ratings.core.pricing import MICROSECOND, rounded
from ratings.db import resources, usage
from ratings.db.reading import Scope, reading
from ratings.policies import usage as policy

_HOUR = 3600

_Key = tuple[int, str, bool]
_Sums = dict[_Key, tuple[Fraction, Fraction]]
"""(resource row id, component, priced) -> (quantity * seconds, seconds), exact."""


class Usage(Resource):
    @endpoint(
        Contract(
            rule=policy.LIST,
            scoped=True,
            query=types.UsageQuery,
            answer=types.Usage,
            plural="usage",
        )
    )
    def get_all(self, scope: Scope, query: types.UsageQuery) -> Page:
        """Quantities in [start, end) per resource and component, in pages of resources.

        Since ever, up to now, by default. What open resources have used since they
        were last heard of is part of it.
        """
        now = self.services.clock()
        start, end = query.start, query.end or now
        ranges.check(start, end)
        tenant_id = one_tenant(scope, query.tenant_id)
        with reading(self.services.engine, scope) as conn:
            users = usage.users(
                conn,
                tenant_id=tenant_id,
                start=start,
                end=end,
                after=query.marker,
                limit=query.limit + 1,
            )
            found = page(users, query.limit, lambda row_id: row_id)
            rows = resources.by_ids(conn, found.rows)
            sums: _Sums = {
                (row.id, row.component, row.priced): (
                    Fraction(row.quantity_seconds),
                    Fraction(row.seconds),
                )
                for row in usage.sums(conn, found.rows, tenant_id=tenant_id, start=start, end=end)
            }
            open_ones = [r for r in map(resources.of, rows) if r.state.tenant_id == tenant_id]
            rules_of = self.services.rater.rules(conn, still=False)
            running = accrue(conn, rules_of, scope, open_ones, min(end, now))
        for row_id, tail in running.items():
            _add(sums, row_id, tail, start)
        return Page(self._shown(scope, rows, sums, tenant_id), found.marker)

    def _shown(
        self, scope: Scope, rows: Sequence[Any], sums: _Sums, tenant_id: str
    ) -> list[dict[str, Any]]:
        known = {row.id: row for row in rows}
        units = self.services.settings.definitions.units()
        return [
            {
                "resource_id": known[row_id].resource_id,
                "resource_name": known[row_id].name if scope.has(known[row_id].tenant_id) else None,
                "resource_type": known[row_id].resource_type,
                "region": known[row_id].region,
                "tenant_id": tenant_id,
                "component": component,
                "unit": units.get(component),
                "quantity": _decimal(quantity / _HOUR),
                "seconds": _decimal(seconds),
                "priced": priced,
            }
            for (row_id, component, priced), (quantity, seconds) in sorted(sums.items())
        ]


def _add(sums: _Sums, row_id: int, tail: Iterable[Record], start: datetime | None) -> None:
    """Add what has run since the last record, from `start` on."""
    for record in tail:
        begin = record.start if start is None else max(start, record.start)
        if begin < record.end:
            key = (row_id, record.component, record.unit_price is not None)
            seconds = Fraction((record.end - begin) // MICROSECOND, 10**6)
            before = sums.get(key, (Fraction(), Fraction()))
            sums[key] = before[0] + Fraction(record.quantity) * seconds, before[1] + seconds


def _decimal(exact: Fraction) -> Any:
    return rounded(exact.numerator, exact.denominator)
