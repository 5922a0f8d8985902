"""Where an amount comes from: the arithmetic, and the events behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ratings.client.lines import Line
from ratings.client.prices import Price
from ratings.client.terms import Term


@dataclass(frozen=True, slots=True)
class Working:
    """An amount worked out: numerator / denominator is exact, `amount` is it rounded once."""

    quantity: Decimal
    unit_price: Decimal
    seconds: Decimal | None
    per: str | None
    per_seconds: Decimal | None
    numerator: str
    denominator: str
    decimal: str
    rounded: bool
    amount: Decimal
    sentence: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event; of one that is `foreign` only type and time are told."""

    id: int | None
    message_id: str | None
    event_type: str
    event_time: datetime
    received_at: datetime | None
    action: str | None
    content: Any
    foreign: bool | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a record begins or ends: an event, an order, a price or a month, as `kind` says."""

    kind: str
    event: Sighting | None
    order_id: int | None
    price_before: int | None
    price_after: int | None


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a record begins or ends, and why."""

    at: datetime
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """A record that another takes the place of, or that takes its place."""

    id: int
    start: datetime
    end: datetime
    quantity: Decimal
    amount: Decimal | None
    order_id: int | None


@dataclass(frozen=True, slots=True)
class ExplainedRecord:
    """A record with what it follows from; `sign` is -1 where the order takes it back."""

    id: int
    sign: int
    resource_id: str
    resource_type: str
    region: str
    tenant_id: str
    component: str
    unit: str | None
    quantity: Decimal
    unit_price: Decimal | None
    price_id: int | None
    amount: Decimal | None
    currency: str | None
    start: datetime
    end: datetime
    metadata: Mapping[str, str]
    recorded_at: datetime
    superseded_at: datetime | None
    price: Price | None
    working: Working | None
    begins: Bound
    ends: Bound
    before: Sighting | None
    after: Sighting | None
    billed_in: int | None
    taken_back_in: int | None
    replaces: tuple[Related, ...]
    replaced_by: tuple[Related, ...]


@dataclass(frozen=True, slots=True)
class LinePlace:
    """Where a line stands."""

    order_id: int
    line: int


@dataclass(frozen=True, slots=True)
class ExplainedAdjustment:
    """What a graduated price or a term has made of an order period."""

    step: int
    rule: str
    price: Price | None
    term: Term | None
    base: str | None
    agreed: str | None
    working: Working | None
    based_on: tuple[int, ...]
    order_id: int
    takes_back: LinePlace | None


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line of an order: its records if it is of usage, else the adjustment that it is."""

    order_id: int
    tenant_id: str
    currency: str
    line: Line
    sentence: str
    records: tuple[ExplainedRecord, ...]
    adjustment: ExplainedAdjustment | None
