"""``/v1/records``."""

from ratings.policies.personas import READER, rule

LIST = "ratings:records:list"
GET = "ratings:records:get"
EXPLAIN = "ratings:records:explain"

RULES = (
    rule(LIST, READER, "List records of the ledger.", ("GET", "/v1/records")),
    rule(GET, READER, "Read what a resource has cost, span by span.", ("GET", "/v1/records/{id}")),
    rule(EXPLAIN, READER, "Have a record explained.", ("GET", "/v1/records/{id}/explain")),
)
