"""Prices: what a component costs, since when, and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ratings.client.connection import Connection, member
from ratings.client.wire import Instant, Number


@dataclass(frozen=True, slots=True)
class Tier:
    """What each unit above a number of units costs."""

    above: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """A price; `resource_type` is the component that it prices."""

    id: int
    resource_type: str
    unit_price: Decimal
    region: str | None
    tenant_id: str | None
    match: Mapping[str, str]
    per: str
    currency: str
    start_at: datetime | None
    end_at: datetime | None
    name: str | None
    description: str | None
    free: Decimal
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Prices:
    """``/v1/prices``."""

    _connection: Connection

    def list(
        self,
        *,
        resource_type: str | None = None,
        region: str | None = None,
        tenant_id: str | None = None,
        at: Instant | None = None,
        page_size: int | None = None,
    ) -> Iterator[Price]:
        """Prices by id; `at` asks for those that hold at an instant."""
        query = {"resource_type": resource_type, "region": region, "tenant_id": tenant_id, "at": at}
        return self._connection.each("/prices", "prices", Price, query, page_size)

    def get(self, price_id: int) -> Price:
        """One price. NotFound."""
        return self._connection.get(member("/prices", price_id), Price)

    def create(
        self,
        resource_type: str,
        unit_price: Number,
        *,
        region: str | None = None,
        tenant_id: str | None = None,
        match: Mapping[str, str] | None = None,
        per: str | None = None,
        currency: str | None = None,
        start_at: Instant | None = None,
        end_at: Instant | None = None,
        name: str | None = None,
        description: str | None = None,
        free: Number | None = None,
        tiers: Iterable[Tier] | None = None,
        retroactive: bool = False,
    ) -> Price:
        """A new price; usage in its time is rated anew before this returns.

        BadRequest (price_invalid), Conflict (price_overlap, period_billed).
        """
        body = {
            "resource_type": resource_type,
            "unit_price": unit_price,
            "region": region,
            "tenant_id": tenant_id,
            "match": match,
            "per": per,
            "currency": currency,
            "start_at": start_at,
            "end_at": end_at,
            "name": name,
            "description": description,
            "free": free,
            "tiers": _written(tiers),
            "retroactive": retroactive,
        }
        return self._connection.post("/prices", Price, body)

    def set(
        self,
        price_id: int,
        *,
        unit_price: Number | None = None,
        per: str | None = None,
        start_at: Instant | None = None,
        name: str | None = None,
        description: str | None = None,
        free: Number | None = None,
        tiers: Iterable[Tier] | None = None,
        retroactive: bool = False,
    ) -> Price:
        """Let another price take over at `start_at`, or now; what is not given stays.

        The answer is the price that holds then, with an id of its own.
        NotFound, BadRequest (price_invalid), Conflict (period_billed).
        """
        body = {
            "unit_price": unit_price,
            "per": per,
            "start_at": start_at,
            "name": name,
            "description": description,
            "free": free,
            "tiers": _written(tiers),
            "retroactive": retroactive,
        }
        return self._connection.put(member("/prices", price_id), Price, body)

    def delete(self, price_id: int, *, retroactive: bool = False) -> None:
        """End a price now; one with which nothing was priced is removed. NotFound, Conflict."""
        self._connection.delete(member("/prices", price_id), {"retroactive": retroactive})


def _written(tiers: Iterable[Tier] | None) -> Any:
    if tiers is None:
        return None
    return [{"above": tier.above, "unit_price": tier.unit_price} for tier in tiers]
