"""``/v1/parked_events``."""

from ratings.policies.personas import ADMIN, rule

LIST = "ratings:parked_events:list"
REQUEUE = "ratings:parked_events:requeue"

RULES = (
    rule(LIST, ADMIN, "Read what could not be understood.", ("GET", "/v1/parked_events")),
    rule(
        REQUEUE,
        ADMIN,
        "Have parked events tried again.",
        ("POST", "/v1/parked_events/requeue"),
    ),
)
