"""``/v1/samples``."""

from ratings.policies.personas import INGESTION, rule

CREATE = "ratings:samples:create"

RULES = (rule(CREATE, INGESTION, "Deliver metering samples.", ("POST", "/v1/samples")),)
