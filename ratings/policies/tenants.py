"""``/v1/tenants``."""

from ratings.policies.personas import ADMIN, rule

LIST = "ratings:tenants:list"
GET = "ratings:tenants:get"
UPDATE = "ratings:tenants:update"

RULES = (
    rule(LIST, ADMIN, "List tenants with their currencies.", ("GET", "/v1/tenants")),
    rule(GET, ADMIN, "Read one tenant.", ("GET", "/v1/tenants/{id}")),
    rule(UPDATE, ADMIN, "Bill a tenant in another currency.", ("PUT", "/v1/tenants/{id}")),
)
