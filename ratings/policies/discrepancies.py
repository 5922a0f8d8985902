"""``/v1/discrepancies``."""

from ratings.policies.personas import ADMIN, rule

LIST = "ratings:discrepancies:list"

RULES = (rule(LIST, ADMIN, "Show where the journal lacks messages.", ("GET", "/v1/discrepancies")),)
