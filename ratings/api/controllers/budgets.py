"""``/v1/budgets`` and ``/v1/budget_alerts``: what a tenant means to spend, and that it does."""

from __future__ import annotations

from typing import Any

from ratings import budgeting
from ratings.api.authorisation import one_tenant
from ratings.api.endpoint import Contract, endpoint
from ratings.api.idempotency import Asked
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import budgets as types
from ratings.api.values import Whole
from ratings.core.budgets import Alert, Budget, Threshold
from ratings.core.errors import Forbidden, NotFound
from ratings.db import budgets
from ratings.db.reading import Scope, reading
from ratings.policies import budgets as policy


class Budgets(Resource):
    @endpoint(
        Contract(
            rule=policy.LIST,
            scoped=True,
            query=types.BudgetsQuery,
            answer=types.Budget,
            plural="budgets",
        )
    )
    def get_all(self, scope: Scope, query: types.BudgetsQuery) -> Page:
        """Budgets by id."""
        with reading(self.services.engine, scope) as conn:
            rows = budgets.page(
                conn, scope, limit=query.limit + 1, after=query.marker, tenant_id=query.tenant_id
            )
        found = page(rows, query.limit, lambda budget: budget.id)
        return Page([_shown(budget) for budget in found.rows], found.marker)

    @endpoint(Contract(rule=policy.GET, scoped=True, answer=types.BudgetStanding))
    def get_one(self, scope: Scope, budget_id: str) -> dict[str, Any]:
        """One budget, and how it stands in the period that runs.

        NotFound, Conflict (currency_mixed).
        """
        services = self.services
        found = budgeting.standing(
            services.engine, services.rater, scope, _id(budget_id), services.clock()
        )
        return {
            **_shown(found.budget),
            "start_at": found.span.start,
            "end_at": found.span.end,
            "spent": found.spent,
            "forecast": found.forecast,
        }

    @endpoint(
        Contract(
            rule=policy.CREATE,
            scoped=True,
            body=types.NewBudget,
            answer=types.Budget,
            status=201,
            once=True,
        )
    )
    def post(self, scope: Scope, draft: types.NewBudget, asked: Asked) -> dict[str, Any]:
        """A new budget. InvalidBudget, Forbidden, Conflict (budgets_exhausted)."""
        services = self.services
        tenant_id = one_tenant(scope, draft.tenant_id)
        if not scope.has(tenant_id):
            raise Forbidden("A budget of another project is none of yours.")
        budget = Budget(
            id=0,
            tenant_id=tenant_id,
            period=draft.period,
            amount=draft.amount,
            currency=draft.currency or "",
            thresholds=tuple(Threshold(**threshold) for threshold in draft.thresholds),
            created_at=services.clock(),
            description=draft.description,
        )
        once = asked.telling(_shown)
        return _shown(budgeting.add(services.engine, services.settings, budget, once=once))

    @endpoint(Contract(rule=policy.DELETE, scoped=True, status=204, once=True))
    def delete(self, scope: Scope, budget_id: str, asked: Asked) -> None:
        """Watch a budget no longer; its alerts stay. NotFound."""
        engine, once = self.services.engine, asked.telling(lambda removed: removed)
        budgeting.remove(engine, scope, _id(budget_id), self.services.clock(), once=once)


class BudgetAlerts(Resource):
    @endpoint(
        Contract(
            rule=policy.ALERTS,
            scoped=True,
            query=types.AlertsQuery,
            answer=types.BudgetAlert,
            plural="budget_alerts",
        )
    )
    def get_all(self, scope: Scope, query: types.AlertsQuery) -> Page:
        """Alerts by id, those of deleted budgets too."""
        with reading(self.services.engine, scope) as conn:
            rows = budgets.alerts(
                conn,
                scope,
                limit=query.limit + 1,
                after=query.marker,
                tenant_id=query.tenant_id,
                budget_id=query.budget_id,
            )
        found = page(rows, query.limit, lambda alert: alert.id)
        return Page([_told(alert) for alert in found.rows], found.marker)


def _shown(budget: Budget) -> dict[str, Any]:
    return {
        "id": budget.id,
        "tenant_id": budget.tenant_id,
        "period": budget.period,
        "amount": budget.amount,
        "currency": budget.currency,
        "thresholds": [threshold._asdict() for threshold in budget.thresholds],
        "description": budget.description,
        "created_at": budget.created_at,
    }


def _told(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "budget_id": alert.budget.id,
        "tenant_id": alert.budget.tenant_id,
        "description": alert.budget.description,
        "period": alert.budget.period,
        "start_at": alert.span.start,
        "end_at": alert.span.end,
        "amount": alert.budget.amount,
        "currency": alert.budget.currency,
        "kind": alert.threshold.kind,
        "percent": alert.threshold.percent,
        "spent": alert.spent,
        "forecast": alert.forecast,
        "crossed_at": alert.crossed_at,
    }


def _id(budget_id: str) -> int:
    try:
        return Whole(1).validate(budget_id)
    except ValueError:
        raise NotFound(f"there is no budget {budget_id}") from None
