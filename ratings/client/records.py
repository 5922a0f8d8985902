"""Records: the rows of the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ratings.client.connection import Connection, member
from ratings.client.explanations import ExplainedRecord
from ratings.client.wire import Instant


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the ledger. Without a price, unit_price, price_id and amount are None."""

    id: int
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


@dataclass(frozen=True, slots=True)
class Span:
    """What a resource cost between two instants, all components together."""

    resource_id: str
    start_at: datetime
    end_at: datetime
    unit_price: Decimal | None
    consumption: Decimal | None
    currency: str | None
    description: str | None


@dataclass(frozen=True, slots=True)
class Records:
    """``/v1/records``."""

    _connection: Connection

    def list(
        self,
        *,
        tenant_id: str | None = None,
        resource_id: str | None = None,
        component: str | None = None,
        start: Instant | None = None,
        end: Instant | None = None,
        superseded: bool = False,
        page_size: int | None = None,
    ) -> Iterator[Record]:
        """Records that have a part in [start, end): those that hold, or the superseded."""
        query = {
            "tenant_id": tenant_id,
            "resource_id": resource_id,
            "component": component,
            "start": start,
            "end": end,
            "superseded": superseded,
        }
        return self._connection.each("/records", "records", Record, query, page_size)

    def spans(
        self,
        resource_id: str,
        *,
        region: str | None = None,
        resource_type: str | None = None,
        page_size: int | None = None,
    ) -> Iterator[Span]:
        """The life of one resource. NotFound if nothing of it is in the ledger, Conflict."""
        query = {"region": region, "resource_type": resource_type}
        path = member("/records", resource_id)
        return self._connection.each(path, "records", Span, query, page_size)

    def explain(self, record_id: int) -> ExplainedRecord:
        """One record, superseded or not, with everything that it follows from. NotFound."""
        return self._connection.get(f"{member('/records', record_id)}/explain", ExplainedRecord)
