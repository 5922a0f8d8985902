"""``/v1/usage``."""

from ratings.policies.personas import READER, rule

LIST = "ratings:usage:list"

RULES = (rule(LIST, READER, "See how much was used.", ("GET", "/v1/usage")),)
