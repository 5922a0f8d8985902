"""``/v1/collect``."""

from ratings.policies.personas import ADMIN, rule

LIST = "ratings:collect:list"
REQUEST = "ratings:collect:request"

RULES = (
    rule(LIST, ADMIN, "See how far each tenant was collected.", ("GET", "/v1/collect")),
    rule(REQUEST, ADMIN, "Have tenants collected next.", ("POST", "/v1/collect")),
)
