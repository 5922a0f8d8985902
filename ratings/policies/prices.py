"""``/v1/prices``."""

from ratings.policies.personas import ADMIN, READER, rule

LIST = "ratings:prices:list"
GET = "ratings:prices:get"
CREATE = "ratings:prices:create"
UPDATE = "ratings:prices:update"
DELETE = "ratings:prices:delete"

RULES = (
    rule(
        LIST,
        READER,
        "List prices: those for everybody, and those for the project of the token.",
        ("GET", "/v1/prices"),
    ),
    rule(GET, READER, "Read one of these prices.", ("GET", "/v1/prices/{id}")),
    rule(CREATE, ADMIN, "Add a price.", ("POST", "/v1/prices")),
    rule(UPDATE, ADMIN, "Let another price take over.", ("PUT", "/v1/prices/{id}")),
    rule(DELETE, ADMIN, "End a price.", ("DELETE", "/v1/prices/{id}")),
)
