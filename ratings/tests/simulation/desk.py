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
from ratings.tests.simulation import agreements, rules
from ratings.tests.simulation.agreements import Numbered, Period
from ratings.tests.simulation.cloud import Cloud
from ratings.tests.simulation.office import Book
from ratings.tests.simulation.rules import Charge
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
        where = f"order of {tenant} up to {end.isoformat()}"
        expected = self._expected(tenant, issued)
        if Fraction(issued.order.total) != expected:
            self._differ("order total", where, str(float(expected)), str(issued.order.total))
        currency = self.book.tariff.currency(tenant)
        told = currency, round(expected, 0 if currency == "JPY" else 2)
        if (issued.order.currency, Fraction(issued.order.payable)) != told:
            got = f"{issued.order.currency} {issued.order.payable}"
            self._differ("payable", where, f"{told[0]} {float(told[1])}", got)

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

    def due(self, tenant: str, until: int | None = None) -> Fraction:
        """What the times of orders come to, up to the order of an id; without credits."""
        periods = self._periods(tenant, until)
        charges = self._charges(tenant)
        terms = [one for one in self._terms(tenant) if one.term.kind != "credit"]
        total, since = Fraction(0), None
        for period in periods:
            # What was used before the first order is of its time.
            mine = [
                charge
                for charge in charges
                if (since is None or charge[0].start >= since) and charge[0].start < period.end
            ]
            total += agreements.due(period, mine, terms)
            since = period.end
        if until is None:
            left = (row for row, _ in charges if since is None or row.start >= since)
            total += sum((row.amount or Fraction(0) for row in left), Fraction(0))
        return total

    def billed(self, tenant: str, before: int | None = None) -> Fraction:
        """What orders with smaller ids come to; without credits."""
        sql = "SELECT tenant_id, id, total FROM sales_orders"
        totals = (
            Fraction(total)
            for owner, number, total in rows(self.site.admin, sql)
            if owner == tenant and (before is None or number < before)
        )
        return sum(totals, sum(self._used(tenant, before).values(), Fraction(0)))

    def _expected(self, tenant: str, issued: Issued) -> Fraction:
        """The total: what is due now and was not billed before, less what credits pay."""
        total = self.due(tenant, issued.id) - self.billed(tenant, issued.id)
        used = self._used(tenant, issued.id)
        credits = [
            (one, one.term.value - used.get(one.number, Fraction(0)))
            for one in self._terms(tenant)
            if one.term.kind == "credit"
        ]
        return total - agreements.paid(self._periods(tenant, issued.id)[-1], total, credits)

    def _charges(self, tenant: str) -> list[Charge]:
        """All that the tenant has used, as the rules have it."""
        timelines = rules.timelines(self.arrived())
        concerned: Sequence[Said] = [
            said
            for messages in timelines.values()
            if any(tenant in (said.owner, said.asker) for said in messages)
            for said in messages
        ]
        found = rules.ledger(concerned, self.book.tariff, self.cuts())
        return [charge for charge in found if charge[0].tenant == tenant]

    def _terms(self, tenant: str) -> list[Numbered]:
        numbers = dict(rows(self.site.admin, "SELECT reason, id FROM terms"))
        return [
            Numbered(numbers[name], term)
            for name, term in self.book.terms.items()
            if term.tenant in (None, tenant)
        ]

    def _periods(self, tenant: str, until: int | None) -> list[Period]:
        sql = "SELECT tenant_id, id, lower(span), upper(span) FROM sales_orders ORDER BY id"
        return [
            Period(start, end, self.book.tariff.currency(tenant))
            for owner, number, start, end in rows(self.site.admin, sql)
            if owner == tenant and (until is None or number <= until)
        ]

    def _used(self, tenant: str, before: int | None) -> dict[int, Fraction]:
        """What orders with smaller ids have used of each credit."""
        sql = (
            "SELECT o.tenant_id, o.id, a.source, -a.amount FROM sales_order_adjustments a"
            " JOIN sales_orders o ON o.id = a.order_id WHERE a.kind = 'credit'"
        )
        found: dict[int, Fraction] = {}
        for owner, number, credit, amount in rows(self.site.admin, sql):
            if owner == tenant and (before is None or number < before):
                found[credit] = found.get(credit, Fraction(0)) + Fraction(amount)
        return found

    def _differ(self, *told: str) -> None:
        self.differences.append(Difference(*told))
