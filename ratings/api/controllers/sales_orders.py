"""``/v1/sales_orders`` and ``/v1/sales_drafts``: the bill, issued for good or as it stands now."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from ratings import orders
from ratings.api import ranges
from ratings.api.authorisation import one_tenant
from ratings.api.endpoint import Contract, endpoint
from ratings.api.idempotency import Asked
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import sales_orders as types
from ratings.api.values import Whole
from ratings.core.errors import NotFound
from ratings.db import sales_orders
from ratings.db.reading import Scope, reading
from ratings.exporters import File, drafted
from ratings.exporters.document import document
from ratings.policies import sales_drafts as draft_policy
from ratings.policies import sales_orders as policy


class SalesOrders(Resource):
    @endpoint(
        Contract(
            rule=policy.LIST,
            scoped=True,
            query=types.SalesOrdersQuery,
            answer=types.SalesOrder,
            plural="sales_orders",
        )
    )
    def get_all(self, scope: Scope, query: types.SalesOrdersQuery) -> Page:
        """Orders by id, without lines: those of a tenant, at an instant, or in a range."""
        ranges.check(query.start, query.end)
        with reading(self.services.engine, scope) as conn:
            rows = sales_orders.page(
                conn,
                scope,
                limit=query.limit + 1,
                after=query.marker,
                tenant_id=query.tenant_id,
                at=query.date,
                start=query.start,
                end=query.end,
            )
        found = page(rows, query.limit, lambda row: row.id)
        return Page([{**row._mapping, "status": "issued"} for row in found.rows], found.marker)

    @endpoint(
        Contract(
            rule=policy.GET,
            scoped=True,
            query=types.SalesOrderQuery,
            answer=types.SalesOrder,
            lasting=True,
        )
    )
    def get_one(
        self, scope: Scope, order_id: str, query: types.SalesOrderQuery
    ) -> dict[str, Any] | File:
        """An order as it was issued, whatever has happened since; as a file if a format is named.

        NotFound, DigestMismatch, InvalidInput (format_unknown), NotExportable.
        """
        issued = orders.proven(self.services.engine, scope, _id(order_id))
        if query.format is None:
            return document(issued)
        return self.services.exports.file(query.format, issued)

    @endpoint(
        Contract(
            rule=policy.CREATE,
            body=types.NewSalesOrder,
            answer=types.SalesOrder,
            status=201,
            once=True,
        )
    )
    def post(self, wanted: types.NewSalesOrder, asked: Asked) -> dict[str, Any]:
        """Issue the order of a tenant up to `end`, by default up to today.

        InvalidInput (end_in_future, end_not_after_start, no_usage), OrderOverlap,
        Conflict (currency_mixed, derivation_failed).
        """
        services = self.services
        now = services.clock()
        end = wanted.end or datetime.combine(now, time(), now.tzinfo)
        once = asked.telling(document)
        issued = orders.close(
            services.engine, services.rater, wanted.tenant_id, end, now, once=once
        )
        return document(issued)


class SalesDrafts(Resource):
    @endpoint(
        Contract(
            rule=draft_policy.GET, scoped=True, query=types.SalesDraftQuery, answer=types.SalesOrder
        )
    )
    def get_all(self, scope: Scope, query: types.SalesDraftQuery) -> dict[str, Any] | File:
        """What an order up to `end`, by default now, would say.

        InvalidInput and Conflict as for orders, NotExportable.
        """
        services = self.services
        now = services.clock()
        end = query.end or now
        tenant_id = one_tenant(scope, query.tenant_id)
        draft = orders.draft(services.engine, services.rater, scope, tenant_id, end, now)
        issued = drafted(draft, now)
        if query.format is None:
            return document(issued)
        return services.exports.file(query.format, issued)


def _id(order_id: str) -> int:
    try:
        return Whole(1).validate(order_id)
    except ValueError:
        raise NotFound(f"there is no sales order {order_id}") from None
