"""What attributes of budgets, alerts and forecasts mean; the rest stands in `glossary`."""

from __future__ import annotations

_SHARED = {
    "period": "How long a budget is for: hour, day, week or month, of UTC.",
    "amount": "What is meant to be spent in a period.",
    "currency": "Code of ISO 4217: that of the tenant.",
    "description": "What it is for.",
}
_PERIOD = {"start_at": "When the period began.", "end_at": "When the period ends."}
_BUDGET = {"id": "Number of the budget.", **_SHARED}

BUDGETS = {
    **{
        f"{datatype}.{name}": told
        for datatype, words in {
            "NewBudget": _SHARED,
            "Budget": _BUDGET,
            "BudgetStanding": {**_BUDGET, **_PERIOD},
            "BudgetAlert": {"id": "Number of the alert.", **_SHARED, **_PERIOD},
        }.items()
        for name, told in words.items()
    },
    "BudgetAlert.kind": "actual: it was spent; forecast: it will be.",
    "thresholds": "Of the amount, in percent, actual or forecast: told when they are crossed.",
    "percent": "The threshold, of the amount.",
    "budget_id": "Number of the budget.",
    "crossed_at": "When it was seen.",
    "spent": "What was spent so far.",
    "forecast": "What will have been spent at the end; of alerts null where nobody asked.",
    "Forecast.at": "Up to when it was spent: now.",
    "ForecastQuery.start": "From when on; by default the start of the order period.",
    "ForecastQuery.end": "Up to when; by default the end of the month.",
}
