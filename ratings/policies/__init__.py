"""Who may do what: the rules of the API with their defaults, for oslo.policy.

One module per noun. Each operation of the API names the rule that it asks, so a
rule is found by its operation and the other way round; a test keeps both complete.
"""

from collections.abc import Iterator

from oslo_policy.policy import RuleDefault

from ratings.policies import (
    budgets,
    collect,
    discrepancies,
    events,
    forecast,
    parked_events,
    personas,
    prices,
    records,
    resources,
    sales_drafts,
    sales_orders,
    samples,
    spool,
    status,
    summary,
    tenants,
    terms,
    usage,
    versions,
)

_MODULES = (
    personas,
    budgets,
    collect,
    discrepancies,
    events,
    forecast,
    parked_events,
    prices,
    records,
    resources,
    sales_drafts,
    sales_orders,
    samples,
    spool,
    status,
    summary,
    tenants,
    terms,
    usage,
    versions,
)


def list_rules() -> Iterator[RuleDefault]:
    """Every rule, for the enforcer and for oslopolicy-sample-generator."""
    for module in _MODULES:
        yield from module.RULES
