"""What an event did to a resource, in the words that Koala's clients know."""

from __future__ import annotations

_WORDS = {
    "exists": "Audit billing.",
    "resize": "Resource has been resized.",
    "delete": "Resource has been deleted",
    "power_off": "Resource has been power off.",
    "power_on": "Resource has been power on.",
    "sample": "Metering.",
}


def of_record(action: str | None) -> str:
    """Why a record ends: the action of the event at its end; None is no event at all."""
    if action is None:
        return (
            "A price or the owner changed, a month or a window ended, or a sales order was issued."
        )
    return _WORDS.get(action) or f"Resource: {action.replace('_', ' ')}."


def of_resource(action: str | None, resource_type: str) -> str:
    """What was last heard of a resource."""
    if action == "create":
        return f"Start billing {resource_type}"
    return "" if action is None else of_record(action)
