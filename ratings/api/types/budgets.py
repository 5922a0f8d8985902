"""``/v1/budgets`` and ``/v1/budget_alerts``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import ById
from ratings.api.values import Instant, Number, Objects, Text, Whole

_ID = Whole(1)
_THRESHOLDS = Objects(kind=Text(), percent=Number())


class BudgetsQuery(ById):
    tenant_id = wsattr(Text(), default=None)


class NewBudget(JsonObject):
    """A budget of a tenant, in its currency."""

    tenant_id = wsattr(Text(), default=None)
    period = wsattr(Text(), mandatory=True)
    amount = wsattr(Number(), mandatory=True)
    currency = wsattr(Text(), default=None)
    thresholds = wsattr(_THRESHOLDS, mandatory=True)
    description = wsattr(Text(), default=None)


class Budget(JsonObject):
    """What a tenant means to spend in each period."""

    id = _ID
    tenant_id = Text()
    period = Text()
    amount = Number()
    currency = Text()
    thresholds = _THRESHOLDS
    description = Text()
    created_at = Instant()


class BudgetStanding(Budget):
    """A budget, and how it stands in the period that runs."""

    start_at = Instant()
    end_at = Instant()
    spent = Number()
    forecast = Number()


class AlertsQuery(ById):
    tenant_id = wsattr(Text(), default=None)
    budget_id = wsattr(_ID, default=None)


class BudgetAlert(JsonObject):
    """That a threshold was crossed, and what was known when it was seen."""

    id = _ID
    budget_id = _ID
    tenant_id = Text()
    description = Text()
    period = Text()
    start_at = Instant()
    end_at = Instant()
    amount = Number()
    currency = Text()
    kind = Text()
    percent = Number()
    spent = Number()
    forecast = Number()
    crossed_at = Instant()
