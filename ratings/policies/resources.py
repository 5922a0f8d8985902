"""``/v1/resources``."""

from ratings.policies.personas import READER, rule

LIST = "ratings:resources:list"
GET = "ratings:resources:get"

RULES = (
    rule(LIST, READER, "List resources with what they have come to.", ("GET", "/v1/resources")),
    rule(GET, READER, "Read one resource.", ("GET", "/v1/resources/{id}")),
)
