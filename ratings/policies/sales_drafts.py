"""``/v1/sales_drafts``."""

from ratings.policies.personas import READER, rule

GET = "ratings:sales_drafts:get"

RULES = (rule(GET, READER, "See the next sales order as it stands.", ("GET", "/v1/sales_drafts")),)
