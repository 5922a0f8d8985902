"""``/v1/terms``."""

from ratings.policies.personas import ADMIN, READER, rule

LIST = "ratings:terms:list"
GET = "ratings:terms:get"
CREATE = "ratings:terms:create"
UPDATE = "ratings:terms:update"
DELETE = "ratings:terms:delete"

RULES = (
    rule(
        LIST,
        READER,
        "List terms: those agreed with everybody, and with the project of the token.",
        ("GET", "/v1/terms"),
    ),
    rule(GET, READER, "Read one of these terms.", ("GET", "/v1/terms/{id}")),
    rule(CREATE, ADMIN, "Add a term.", ("POST", "/v1/terms")),
    rule(UPDATE, ADMIN, "Let a term end.", ("PUT", "/v1/terms/{id}")),
    rule(DELETE, ADMIN, "End a term now, or withdraw it.", ("DELETE", "/v1/terms/{id}")),
)
