"""Usage: how much of what a tenant used, priced or not; and what that comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ratings.client.connection import Connection
from ratings.client.wire import Instant


@dataclass(frozen=True, slots=True)
class Usage:
    """How much was used: `quantity` in hours of the unit, over `seconds` altogether."""

    resource_id: str
    resource_name: str | None
    resource_type: str
    region: str
    tenant_id: str
    component: str
    unit: str | None
    quantity: Decimal
    seconds: Decimal
    priced: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """An amount, with those of the keys that were asked for; the others are None."""

    tenant_id: str | None
    region: str | None
    resource_type: str | None
    component: str | None
    resource_id: str | None
    day: str | None
    month: str | None
    currency: str | None
    amount: Decimal
    records: int
    unpriced: int


@dataclass(frozen=True, slots=True)
class Usages:
    """``/v1/usage``."""

    _connection: Connection

    def list(
        self,
        tenant_id: str | None = None,
        *,
        start: Instant | None = None,
        end: Instant | None = None,
        page_size: int | None = None,
    ) -> Iterator[Usage]:
        """Quantities of a tenant in [start, end); since ever and up to now, by default.

        Without `tenant_id` it is the project of the token, if the API knows tokens.
        """
        query = {"tenant_id": tenant_id, "start": start, "end": end}
        return self._connection.each("/usage", "usage", Usage, query, page_size)


@dataclass(frozen=True, slots=True)
class Summaries:
    """``/v1/summary``."""

    _connection: Connection

    def list(
        self,
        *,
        groupby: Sequence[str] = (),
        start: Instant | None = None,
        end: Instant | None = None,
        tenant_id: str | None = None,
        region: str | None = None,
        resource_type: str | None = None,
        component: str | None = None,
        resource_id: str | None = None,
        page_size: int | None = None,
    ) -> Iterator[Summary]:
        """Amounts of the ledger in [start, end), grouped.

        groupby: any of tenant_id, region, resource_type, component, resource_id, day, month.
        """
        query = {
            "groupby": tuple(groupby) or None,
            "start": start,
            "end": end,
            "tenant_id": tenant_id,
            "region": region,
            "resource_type": resource_type,
            "component": component,
            "resource_id": resource_id,
        }
        return self._connection.each("/summary", "summary", Summary, query, page_size)
