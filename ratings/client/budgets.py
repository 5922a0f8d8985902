"""Budgets: what a tenant means to spend, and alerts that it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ratings.client.connection import Connection, member
from ratings.client.wire import Number


@dataclass(frozen=True, slots=True)
class Threshold:
    """A part of a budget: `percent` of it, by `kind` spent (actual) or foreseen (forecast)."""

    kind: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Budget:
    """What a tenant means to spend in each hour, day, week or month."""

    id: int
    tenant_id: str
    period: str
    amount: Decimal
    currency: str
    thresholds: tuple[Threshold, ...]
    description: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BudgetStanding(Budget):
    """A budget, and what was `spent` and is foreseen of the period that runs."""

    start_at: datetime
    end_at: datetime
    spent: Decimal
    forecast: Decimal


@dataclass(frozen=True, slots=True)
class BudgetAlert:
    """That a threshold was crossed, and what was known when it was seen.

    `forecast` is None where none was needed.
    """

    id: int
    budget_id: int
    tenant_id: str
    description: str | None
    period: str
    start_at: datetime
    end_at: datetime
    amount: Decimal
    currency: str
    kind: str
    percent: Decimal
    spent: Decimal
    forecast: Decimal | None
    crossed_at: datetime


@dataclass(frozen=True, slots=True)
class Budgets:
    """``/v1/budgets``."""

    _connection: Connection

    def list(
        self, *, tenant_id: str | None = None, page_size: int | None = None
    ) -> Iterator[Budget]:
        """Budgets by id."""
        query = {"tenant_id": tenant_id}
        return self._connection.each("/budgets", "budgets", Budget, query, page_size)

    def get(self, budget_id: int) -> BudgetStanding:
        """One budget, and how it stands. NotFound, Conflict (currency_mixed)."""
        return self._connection.get(member("/budgets", budget_id), BudgetStanding)

    def create(
        self,
        period: str,
        amount: Number,
        thresholds: Iterable[Threshold],
        *,
        tenant_id: str | None = None,
        currency: str | None = None,
        description: str | None = None,
    ) -> Budget:
        """A new budget for each hour, day, week or month.

        Without `tenant_id` it is that of the project of the token, if the API knows tokens.
        BadRequest (budget_invalid), Conflict (budgets_exhausted).
        """
        body = {
            "tenant_id": tenant_id,
            "period": period,
            "amount": amount,
            "currency": currency,
            "thresholds": [{"kind": each.kind, "percent": each.percent} for each in thresholds],
            "description": description,
        }
        return self._connection.post("/budgets", Budget, body)

    def delete(self, budget_id: int) -> None:
        """Watch a budget no longer; its alerts stay. NotFound."""
        self._connection.delete(member("/budgets", budget_id))


@dataclass(frozen=True, slots=True)
class BudgetAlerts:
    """``/v1/budget_alerts``."""

    _connection: Connection

    def list(
        self,
        *,
        tenant_id: str | None = None,
        budget_id: int | None = None,
        page_size: int | None = None,
    ) -> Iterator[BudgetAlert]:
        """Alerts by id, those of deleted budgets too."""
        query = {"tenant_id": tenant_id, "budget_id": budget_id}
        return self._connection.each(
            "/budget_alerts", "budget_alerts", BudgetAlert, query, page_size
        )
