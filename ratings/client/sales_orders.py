"""Sales orders: what a tenant is billed; and drafts: what it would be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ratings.client.connection import Connection, File, member
from ratings.client.explanations import ExplainedLine
from ratings.client.lines import Line
from ratings.client.wire import Instant


@dataclass(frozen=True, slots=True)
class SalesOrder:
    """An order; in lists it comes without lines. A draft has no id, digest or time of issue."""

    id: int | None
    tenant_id: str
    start: datetime
    end: datetime
    status: str
    currency: str
    total: Decimal
    payable: Decimal
    lines: tuple[Line, ...]
    corrections: tuple[Line, ...]
    unpriced: tuple[Line, ...]
    digest: str | None
    previous_digest: str | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class SalesOrders:
    """``/v1/sales_orders``."""

    _connection: Connection

    def list(
        self,
        *,
        tenant_id: str | None = None,
        date: Instant | None = None,
        start: Instant | None = None,
        end: Instant | None = None,
        page_size: int | None = None,
    ) -> Iterator[SalesOrder]:
        """Orders without lines: those that contain `date`, or have a part in [start, end)."""
        query = {"tenant_id": tenant_id, "date": date, "start": start, "end": end}
        return self._connection.each("/sales_orders", "sales_orders", SalesOrder, query, page_size)

    def get(self, order_id: int) -> SalesOrder:
        """An order as it was issued. NotFound, ServerFailed (digest_mismatch)."""
        return self._connection.get(member("/sales_orders", order_id), SalesOrder)

    def create(self, tenant_id: str, end: Instant | None = None) -> SalesOrder:
        """Issue the order of a tenant up to `end`, by default up to today, 00:00 UTC. For good.

        BadRequest (end_in_future, end_not_after_start, no_usage), Conflict (order_overlap).
        """
        body = {"tenant_id": tenant_id, "end": end}
        return self._connection.post("/sales_orders", SalesOrder, body)

    def at(self, tenant_id: str, date: Instant) -> SalesOrder | None:
        """The order whose time contains `date`, with its lines; None if there is none."""
        for order in self.range(tenant_id, date=date):
            return order
        return None

    def range(
        self,
        tenant_id: str,
        *,
        date: Instant | None = None,
        start: Instant | None = None,
        end: Instant | None = None,
    ) -> Iterator[SalesOrder]:
        """As `list`, of one tenant, with lines: each order is asked for when it is its turn."""
        for order in self.list(tenant_id=tenant_id, date=date, start=start, end=end):
            assert order.id is not None  # only drafts have none
            yield self.get(order.id)

    def export(self, order_id: int, format: str) -> File:
        """An order in the format of an exporter. BadRequest (format_unknown), Conflict."""
        return self._connection.file(member("/sales_orders", order_id), {"format": format})

    def explain(self, order_id: int, line: int) -> ExplainedLine:
        """Where a line comes from, by its number. NotFound."""
        path = f"{member('/sales_orders', order_id)}/lines/{line}"
        return self._connection.get(path, ExplainedLine)


@dataclass(frozen=True, slots=True)
class SalesDrafts:
    """``/v1/sales_drafts``."""

    _connection: Connection

    def get(self, tenant_id: str | None = None, end: Instant | None = None) -> SalesOrder:
        """What an order up to `end`, by default now, would say. BadRequest as for an order.

        Without `tenant_id` it is that of the project of the token, if the API knows tokens.
        """
        query = {"tenant_id": tenant_id, "end": end}
        return self._connection.get("/sales_drafts", SalesOrder, query)

    def export(self, tenant_id: str | None, format: str, end: Instant | None = None) -> File:
        """The same in the format of an exporter."""
        query = {"tenant_id": tenant_id, "end": end, "format": format}
        return self._connection.file("/sales_drafts", query)
