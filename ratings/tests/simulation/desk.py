"""The desk at which orders are issued, each one checked against what the rules make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from ratings import orders
from ratings.core.errors import InvalidInput, OrderOverlap
from ratings.core.orders import Issued, Order
from ratings.db import sales_orders
from ratings.db.reading import EVERYTHING
from ratings.tests.ledgers import rows
from ratings.tests.simulation import rules
from ratings.tests.simulation.cloud import Cloud
from ratings.tests.simulation.office import Book
from ratings.tests.simulation.site import Process, Site
from ratings.tests.simulation.words import Said


class Difference(NamedTuple):
    """Something that is not as it should be."""

    what: str
    where: str
    expected: str
    got: str


class Desk:
    """Orders as they are issued."""

    def __init__(self, site: Site, cloud: Cloud, book: Book, differences: list[Difference]) -> None:
        self.site, self.cloud, self.book = site, cloud, book
        self.differences = differences
        self.issued: dict[int, Issued] = {}
        self.says = {said.message_id: said for m in cloud.messages for said in m.says}

    def arrived(self) -> list[Said]:
        """What is in the journal."""
        known = rows(self.site.admin, "SELECT message_id FROM events WHERE state = 'rated'")
        return [self.says[message_id] for (message_id,) in known if message_id in self.says]

    def cuts(self) -> dict[str, list[datetime]]:
        found: dict[str, list[datetime]] = {}
        for tenant, end in rows(
            self.site.admin, "SELECT tenant_id, upper(span) FROM sales_orders ORDER BY 2"
        ):
            found.setdefault(tenant, []).append(end)
        return found

    def draft(self, process: Process, tenant: str, end: datetime) -> Order | None:
        try:
            return orders.draft(
                process.engine, process.rater, EVERYTHING, tenant, end, self.site.clock()
            )
        except InvalidInput:
            return None

    def issue(self, process: Process, tenant: str, end: datetime) -> Issued | InvalidInput:
        """The order; or why there is none. Raises DBAPIError."""
        try:
            return orders.close(process.engine, process.rater, tenant, end, self.site.clock())
        except (InvalidInput, OrderOverlap) as refusal:
            return refusal

    def check(
        self,
        tenant: str,
        end: datetime,
        issued: Issued | InvalidInput | None,
        draft: Order | None,
    ) -> None:
        """Whether an order is what its draft said, and what the rules make of it."""
        if issued is None:
            issued = self._found(tenant, end)
        if issued is None:
            return
        if isinstance(issued, (InvalidInput, OrderOverlap)):
            if draft is not None and isinstance(issued, InvalidInput):
                self._differ("draft", tenant, "an order as drafted", issued.code)
            return
        self.issued[issued.id] = issued
        if draft is not None and replace(issued.order, digest=None) != draft:
            self._differ("draft", tenant, str(draft), str(issued.order))
        expected = self._owed(tenant, end) - self._billed_before(tenant, issued.id)
        if Fraction(issued.order.total) != expected:
            where = f"order of {tenant} up to {end.isoformat()}"
            self._differ("order total", where, str(float(expected)), str(issued.order.total))

    def close_all(self, process: Process, end: datetime) -> None:
        """The orders that bill all that is left."""
        for tenant in [*self.cloud.tenants, "the-admins-project"]:
            draft = self.draft(process, tenant, end)
            self.check(tenant, end, self.issue(process, tenant, end), draft)

    def _found(self, tenant: str, end: datetime) -> Issued | None:
        """The order that was issued though nobody heard of it."""
        with self.site.admin.connect() as conn:
            last = sales_orders.last(conn, tenant)
        if last is None or last.end != end or last.id in self.issued:
            return None
        return orders.proven(self.site.admin, EVERYTHING, last.id)

    def _owed(self, tenant: str, end: datetime) -> Fraction:
        """What everything costs that the tenant has used before `end`."""
        timelines = rules.timelines(self.arrived())
        concerned: Sequence[Said] = [
            said
            for messages in timelines.values()
            if any(tenant in (said.owner, said.asker) for said in messages)
            for said in messages
        ]
        found = rules.ledger(concerned, list(self.book.fares.values()), self.cuts())
        theirs = (row for row in found if row.tenant == tenant and row.start < end)
        return sum((row.amount for row in theirs if row.amount is not None), Fraction(0))

    def _billed_before(self, tenant: str, order_id: int) -> Fraction:
        sql = "SELECT tenant_id, id, total FROM sales_orders"
        return sum(
            (
                Fraction(total)
                for owner, number, total in rows(self.site.admin, sql)
                if owner == tenant and number < order_id
            ),
            Fraction(0),
        )

    def _differ(self, *told: str) -> None:
        self.differences.append(Difference(*told))
