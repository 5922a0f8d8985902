"""``/v1/events``."""

from ratings.policies.personas import ADMIN, INGESTION, rule

CREATE = "ratings:events:create"
RECONCILE = "ratings:events:reconcile"
LIST = "ratings:events:list"

RULES = (
    rule(CREATE, INGESTION, "Deliver events.", ("POST", "/v1/events")),
    rule(
        RECONCILE,
        ADMIN,
        "Deliver events of a type that begins with ratings.reconciliation., which says that an "
        "operator approved them. Asked beside ratings:events:create.",
        ("POST", "/v1/events"),
    ),
    rule(LIST, ADMIN, "Read the journal.", ("GET", "/v1/events")),
)
