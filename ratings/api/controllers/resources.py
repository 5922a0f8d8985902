"""``/v1/resources``: what is charged, for whom, and what it has come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from ratings.accruing import accrue
from ratings.api.descriptions import of_resource
from ratings.api.endpoint import Contract, endpoint
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import resources as types
from ratings.core.composing import exact_sum
from ratings.core.errors import Conflict, NotFound
from ratings.core.model import Record
from ratings.db import resources
from ratings.db.reading import Scope, reading
from ratings.policies import resources as policy


class Resources(Resource):
    @endpoint(
        Contract(
            rule=policy.LIST,
            scoped=True,
            query=types.ResourcesQuery,
            answer=types.Resource,
            plural="resources",
        )
    )
    def get_all(self, scope: Scope, query: types.ResourcesQuery) -> Page:
        """Resources, in the order in which they were first heard of."""
        with reading(self.services.engine, scope) as conn:
            rows = resources.page(
                conn,
                scope,
                limit=query.limit + 1,
                after=query.marker,
                tenant_id=query.tenant_id,
                region=query.region,
                resource_type=query.resource_type,
                status=query.status,
                deleted=query.deleted,
            )
            found = page(rows, query.limit, lambda row: row.id)
            return Page(self._shown(conn, scope, found.rows), found.marker)

    @endpoint(
        Contract(rule=policy.GET, scoped=True, query=types.WhichResource, answer=types.Resource)
    )
    def get_one(self, scope: Scope, resource_id: str, query: types.WhichResource) -> dict[str, Any]:
        """One resource. NotFound; Conflict (resource_ambiguous) if several have the id."""
        with reading(self.services.engine, scope) as conn:
            rows = resources.page(
                conn,
                scope,
                limit=2,
                resource_id=resource_id,
                region=query.region,
                resource_type=query.resource_type,
            )
            refuse_other_than_one(resource_id, rows)
            return self._shown(conn, scope, rows)[0]

    def _shown(
        self, conn: Connection, scope: Scope, rows: Sequence[Row[Any]]
    ) -> list[dict[str, Any]]:
        book = self.services.rater.book(conn, still=False)
        running = accrue(
            conn,
            self.services.settings.rules(book),
            scope,
            [resources.of(row) for row in rows],
            self.services.clock(),
        )
        return [
            {
                **row._mapping,
                "resource_name": row.name,
                "deleted": int(row.deleted),
                "description": of_resource(row.last_action, row.resource_type),
                **_money(row.sums, running.get(row.id, ()), book.currency(row.tenant_id or "")),
            }
            for row in rows
        ]


def _money(
    sums: Mapping[str, Decimal | int], running: Iterable[Record], currency: str
) -> dict[str, Any]:
    """What it has come to in `currency`, the owner's; what is in others is not added to that."""
    return {
        "currency": currency,
        "consumption": Decimal(sums.get(currency, 0)),
        "accrued": exact_sum(
            r.amount for r in running if r.amount is not None and r.currency == currency
        ),
        "other_currencies": [
            {"currency": other, "consumption": Decimal(amount)}
            for other, amount in sorted(sums.items())
            if other != currency
        ],
    }


def refuse_other_than_one(resource_id: str, rows: Sequence[Row[Any]]) -> None:
    """NotFound for none, Conflict (resource_ambiguous) for several rows of one id."""
    if not rows:
        raise NotFound(f"there is no resource {resource_id!r}")
    if len(rows) > 1:
        known = " and ".join(f"region={r.region}&resource_type={r.resource_type}" for r in rows)
        raise Conflict(
            f"several resources are called {resource_id!r}; ask for one of {known}",
            code="resource_ambiguous",
        )
