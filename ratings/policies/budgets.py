"""``/v1/budgets`` and ``/v1/budget_alerts``."""

from ratings.policies.personas import MANAGER, READER, rule

LIST = "ratings:budgets:list"
GET = "ratings:budgets:get"
CREATE = "ratings:budgets:create"
DELETE = "ratings:budgets:delete"
ALERTS = "ratings:budget_alerts:list"

RULES = (
    rule(LIST, READER, "List budgets.", ("GET", "/v1/budgets")),
    rule(GET, READER, "See how a budget stands.", ("GET", "/v1/budgets/{id}")),
    rule(CREATE, MANAGER, "Add a budget.", ("POST", "/v1/budgets")),
    rule(DELETE, MANAGER, "Watch a budget no longer.", ("DELETE", "/v1/budgets/{id}")),
    rule(ALERTS, READER, "List thresholds that were crossed.", ("GET", "/v1/budget_alerts")),
)
