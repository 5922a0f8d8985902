"""``/v1/sales_orders``."""

from ratings.policies.personas import ADMIN, READER, rule

LIST = "ratings:sales_orders:list"
GET = "ratings:sales_orders:get"
EXPLAIN = "ratings:sales_orders:explain"
CREATE = "ratings:sales_orders:create"

RULES = (
    rule(LIST, READER, "List issued sales orders.", ("GET", "/v1/sales_orders")),
    rule(GET, READER, "Read or export a sales order.", ("GET", "/v1/sales_orders/{id}")),
    rule(
        EXPLAIN,
        READER,
        "Have a line of a sales order explained.",
        ("GET", "/v1/sales_orders/{id}/lines/{id}"),
    ),
    rule(CREATE, ADMIN, "Issue a sales order.", ("POST", "/v1/sales_orders")),
)
