"""``/v1/records``: the ledger, row by row, and in Koala's form."""

from __future__ import annotations

from typing import Any

from ratings.api import ranges
from ratings.api.answers import stamp
from ratings.api.controllers.resources import refuse_other_than_one
from ratings.api.descriptions import of_record
from ratings.api.endpoint import Contract, endpoint
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import records as types
from ratings.core.errors import NotFound
from ratings.db import records, resources, spans
from ratings.db.reading import Scope, reading
from ratings.policies import records as policy


class Records(Resource):
    @endpoint(
        Contract(
            rule=policy.LIST,
            scoped=True,
            query=types.RecordsQuery,
            answer=types.Record,
            plural="records",
        )
    )
    def get_all(self, scope: Scope, query: types.RecordsQuery) -> Page:
        """Rows of the ledger that intersect [start, end): the current ones, or the superseded."""
        ranges.check(query.start, query.end)
        with reading(self.services.engine, scope) as conn:
            rows = records.page(
                conn,
                scope,
                limit=query.limit + 1,
                after=query.marker,
                tenant_id=query.tenant_id,
                resource_id=query.resource_id,
                component=query.component,
                start=query.start,
                end=query.end,
                superseded=query.superseded,
            )
        units = self.services.settings.definitions.units()
        found = page(rows, query.limit, lambda row: row.id)
        shown: list[dict[str, Any]] = [
            {**row._mapping, "unit": units.get(row.component)} for row in found.rows
        ]
        return Page(shown, found.marker)

    @endpoint(
        Contract(
            rule=policy.GET,
            scoped=True,
            query=types.SpansQuery,
            answer=types.Span,
            plural="records",
        )
    )
    def get_one(self, scope: Scope, resource_id: str, query: types.SpansQuery) -> Page:
        """Koala's form: a row per span, components summed.

        NotFound when there is none; Conflict (resource_ambiguous) if several
        resources have the id.
        """
        with reading(self.services.engine, scope) as conn:
            which = resources.called(
                conn,
                scope,
                resource_id,
                region=query.region,
                resource_type=query.resource_type,
            )
            refuse_other_than_one(resource_id, which)
            rows = spans.page(conn, scope, which[0].id, after=query.marker, limit=query.limit + 1)
        if not rows and query.marker is None:
            raise NotFound(f"the resource {resource_id!r} has no records yet")
        found = page(rows, query.limit, lambda row: stamp(row.start_at))
        price = "unit_price" if self._has_one_price(which[0].resource_type) else "rate"
        shown = [
            {
                "resource_id": resource_id,
                "start_at": row.start_at,
                "end_at": row.end_at,
                "unit_price": row._mapping[price],
                "consumption": row.consumption,
                "currency": row.currency,
                "description": of_record(row.action),
            }
            for row in found.rows
        ]
        return Page(shown, found.marker)

    def _has_one_price(self, resource_type: str) -> bool:
        """Koala tells the price of a GiB of a volume, but of an instance what an hour costs."""
        known = self.services.settings.definitions.types.get(resource_type)
        components = known.components if known else ()
        return sum(not component.when_priced for component in components) == 1
