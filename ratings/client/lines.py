"""Lines of sales orders and drafts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """What one component of a resource costs in a time, or an adjustment, as `kind` says.

    Corrections have a reason, too. `source` is the price, of some adjustments the term.
    """

    line: int
    kind: str
    resource_id: str | None
    resource_name: str | None
    resource_type: str | None
    region: str | None
    component: str | None
    unit: str | None
    quantity: Decimal | None
    unit_price: Decimal | None
    per: str | None
    start: datetime
    end: datetime
    amount: Decimal | None
    source: int | None
    description: str | None
    reason: str | None
