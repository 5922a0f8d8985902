"""``/v1/forecast``."""

from ratings.policies.personas import READER, rule

GET = "ratings:forecast:get"

RULES = (rule(GET, READER, "Foresee what a tenant will have spent.", ("GET", "/v1/forecast")),)
