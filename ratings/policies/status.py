"""``/v1/status``."""

from ratings.policies.personas import ADMIN, rule

GET = "ratings:status:get"

RULES = (rule(GET, ADMIN, "See whether everything is accounted for.", ("GET", "/v1/status")),)
