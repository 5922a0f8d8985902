"""``/v1/spool``."""

from ratings.policies.personas import ADMIN, rule

GET = "ratings:spool:get"

RULES = (rule(GET, ADMIN, "See how much waits for the database.", ("GET", "/v1/spool")),)
