"""``/v1/sales_orders`` and ``/v1/sales_drafts``: the bill, issued for good or as it stands now."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from ratings import orders
from ratings.api import ranges
from ratings.api.endpoint import Contract, endpoint
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import sales_orders as types
from ratings.api.values import Whole
from ratings.core.errors import NotFound
from ratings.core.orders import Line, Order
from ratings.db import sales_orders
from ratings.orders import Issued


class SalesOrders(Resource):
    @endpoint(
        Contract(query=types.SalesOrdersQuery, answer=types.SalesOrder, plural="sales_orders")
    )
    def get_all(self, query: types.SalesOrdersQuery) -> Page:
        """Orders by id, without lines: those of a tenant, at an instant, or in a range."""
        ranges.check(query.start, query.end)
        with self.services.engine.connect() as conn:
            rows = sales_orders.page(
                conn,
                limit=query.limit + 1,
                after=query.marker,
                tenant_id=query.tenant_id,
                at=query.date,
                start=query.start,
                end=query.end,
            )
        found = page(rows, query.limit, lambda row: row.id)
        return Page([{**row._mapping, "status": "issued"} for row in found.rows], found.marker)

    @endpoint(Contract(answer=types.SalesOrder))
    def get_one(self, order_id: str) -> dict[str, Any]:
        """An order as it was issued, whatever has happened since. NotFound, DigestMismatch."""
        return _issued(orders.proven(self.services.engine, _id(order_id)))

    @endpoint(Contract(body=types.NewSalesOrder, answer=types.SalesOrder, status=201))
    def post(self, wanted: types.NewSalesOrder) -> dict[str, Any]:
        """Issue the order of a tenant up to `end`, by default up to today.

        InvalidInput (end_in_future, end_not_after_start, no_usage), OrderOverlap.
        """
        services = self.services
        now = services.clock()
        end = wanted.end or datetime.combine(now, time(), now.tzinfo)
        return _issued(orders.close(services.engine, services.rater, wanted.tenant_id, end, now))


class SalesDrafts(Resource):
    @endpoint(Contract(query=types.SalesDraftQuery, answer=types.SalesOrder))
    def get_all(self, query: types.SalesDraftQuery) -> dict[str, Any]:
        """What an order up to `end`, by default now, would say. InvalidInput as for orders."""
        services = self.services
        now = services.clock()
        end = query.end or now
        draft = orders.draft(services.engine, services.rater, query.tenant_id, end, now)
        return {**_shown(draft), "status": "draft"}


def _id(order_id: str) -> int:
    try:
        return Whole(1).validate(order_id)
    except ValueError:
        raise NotFound(f"there is no sales order {order_id}") from None


def _issued(issued: Issued) -> dict[str, Any]:
    return {
        **_shown(issued.order),
        "id": issued.id,
        "status": "issued",
        "created_at": issued.created_at,
    }


def _shown(order: Order) -> dict[str, Any]:
    return {
        "tenant_id": order.tenant_id,
        "start": order.start,
        "end": order.end,
        "currency": order.currency,
        "total": order.total,
        "payable": order.payable,
        "lines": [_line(line) for line in order.lines],
        "corrections": [{**_line(line), "reason": line.reason} for line in order.corrections],
        "unpriced": [_line(line) for line in order.unpriced],
        "digest": order.digest,
        "previous_digest": order.previous_digest,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "resource_id": line.subject.resource_id,
        "resource_name": line.subject.name,
        "resource_type": line.subject.resource_type,
        "region": line.subject.region,
        "component": line.component,
        "unit": line.unit,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "start": line.start,
        "end": line.end,
        "amount": line.amount,
    }
