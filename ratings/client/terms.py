"""Terms: discounts, minimum charges and credits, for one tenant or for all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ratings.client.connection import Connection, member
from ratings.client.wire import Instant, Number


@dataclass(frozen=True, slots=True)
class Term:
    """A term; `remaining` is what orders have left of a credit, None of the other kinds."""

    id: int
    tenant_id: str | None
    kind: str
    value: Decimal
    component: str | None
    currency: str | None
    start_at: datetime | None
    end_at: datetime | None
    reason: str
    remaining: Decimal | None


@dataclass(frozen=True, slots=True)
class Terms:
    """``/v1/terms``."""

    _connection: Connection

    def list(
        self,
        *,
        tenant_id: str | None = None,
        kind: str | None = None,
        at: Instant | None = None,
        page_size: int | None = None,
    ) -> Iterator[Term]:
        """Terms by id; `at` asks for those in force at an instant."""
        query = {"tenant_id": tenant_id, "kind": kind, "at": at}
        return self._connection.each("/terms", "terms", Term, query, page_size)

    def get(self, term_id: int) -> Term:
        """One term. NotFound."""
        return self._connection.get(member("/terms", term_id), Term)

    def create(
        self,
        kind: str,
        value: Number,
        reason: str,
        *,
        tenant_id: str | None = None,
        component: str | None = None,
        currency: str | None = None,
        start_at: Instant | None = None,
        end_at: Instant | None = None,
    ) -> Term:
        """A new term: discount_percent, discount_amount, minimum or credit.

        Without `tenant_id` it is agreed with everybody, without `start_at` from now on.
        BadRequest (term_invalid), Conflict (period_billed).
        """
        body = {
            "kind": kind,
            "value": value,
            "reason": reason,
            "tenant_id": tenant_id,
            "component": component,
            "currency": currency,
            "start_at": start_at,
            "end_at": end_at,
        }
        return self._connection.post("/terms", Term, body)

    def set(self, term_id: int, end_at: Instant) -> Term:
        """Move the end. NotFound, BadRequest (term_invalid), Conflict (period_billed)."""
        return self._connection.put(member("/terms", term_id), Term, {"end_at": end_at})

    def delete(self, term_id: int) -> None:
        """End a term now; one that has not been in force yet is removed. NotFound."""
        self._connection.delete(member("/terms", term_id))
