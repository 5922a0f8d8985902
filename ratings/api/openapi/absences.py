"""What answers may leave out, and where they say null: by type.

WSME has words for what is mandatory in a body, but none for this. Every answer that
the functional tests get is compared with it.
"""

from __future__ import annotations

_RECORD = "unit unit_price price_id amount superseded_at"

_LINE = (
    "resource_id resource_name resource_type region component unit quantity unit_price per amount"
    " source description"
)

NULL = {
    "Budget": "description",
    "BudgetAlert": "description forecast",
    "BudgetStanding": "description",
    "Collection": "requested_at gone_at last_attempt_at last_collected_at code detail",
    "Discrepancy": "tenant_id currency",
    "Event": "event_time resource_type resource_id tenant_id action content",
    "ExplainedAdjustment": "price term base agreed working order_id takes_back",
    "ExplainedLine": "adjustment",
    "ExplainedRecord": f"{_RECORD} price working before after billed_in taken_back_in",
    "Cause": "price_before price_after",
    "Line": _LINE,
    "OutboxStatus": "oldest_pending_at last_delivered_at waiting_seconds",
    "Price": "region tenant_id start_at end_at name description",
    "Record": _RECORD,
    "RegionStatus": "last_event_time last_received_at lag_seconds",
    "Related": "amount order_id",
    "Resource": "resource_name tenant_id status created_at updated_at deleted_at",
    "SalesOrder": "digest previous_digest",
    "Sighting": "id message_id received_at action content",
    "Span": "unit_price",
    "SpoolStatus": "oldest_at waiting_seconds draining_since",
    "Status": "schema",
    "Term": "tenant_id component currency start_at end_at remaining",
    "Unpriced": "unit",
    "Usage": "resource_name unit",
    "Working": "seconds per per_seconds",
}

MISSING = {
    "Cause": "event order_id price_before price_after",
    "Line": "reason",
    "Receipt": "spooled",
    "SalesOrder": "id lines corrections unpriced created_at",
    "Summary": "tenant_id region resource_type component resource_id day month",
}


def may_be_null(datatype: str, name: str) -> bool:
    return name in NULL.get(datatype, "").split()


def may_be_missing(datatype: str, name: str) -> bool:
    return name in MISSING.get(datatype, "").split()
