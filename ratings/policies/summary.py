"""``/v1/summary``."""

from ratings.policies.personas import READER, rule

LIST = "ratings:summary:list"

RULES = (rule(LIST, READER, "See grouped amounts.", ("GET", "/v1/summary")),)
