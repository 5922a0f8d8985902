"""Discrepancies: where the journal shows that something was not told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ratings.client.connection import Connection
from ratings.client.wire import Instant


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that was not told: `amount` is at stake for the time from `start` to `end`.

    The event `message_id` at `at` shows it.
    """

    code: str
    resource_id: str
    resource_type: str
    region: str
    tenant_id: str | None
    at: datetime
    message_id: str | None
    start: datetime
    end: datetime
    amount: Decimal | None
    currency: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Discrepancies:
    """``/v1/discrepancies``."""

    _connection: Connection

    def list(
        self,
        *,
        tenant_id: str | None = None,
        region: str | None = None,
        resource_type: str | None = None,
        resource_id: str | None = None,
        code: str | None = None,
        since: Instant | None = None,
        page_size: int | None = None,
    ) -> Iterator[Discrepancy]:
        """What timelines show by now, resource by resource."""
        query = {
            "tenant_id": tenant_id,
            "region": region,
            "resource_type": resource_type,
            "resource_id": resource_id,
            "code": code,
            "since": since,
        }
        return self._connection.each(
            "/discrepancies", "discrepancies", Discrepancy, query, page_size
        )
