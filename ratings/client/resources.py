"""Resources: what is charged, and what it has come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ratings.client.connection import Connection, member


@dataclass(frozen=True, slots=True)
class Sum:
    """What a resource has cost owners that it had before, in a currency of theirs."""

    currency: str
    consumption: Decimal


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource; `consumption` is what the ledger charges, `accrued` what has come up since."""

    resource_id: str
    resource_name: str | None
    resource_type: str
    region: str
    tenant_id: str | None
    status: str | None
    created_at: datetime | None
    updated_at: datetime | None
    deleted_at: datetime | None
    deleted: int
    description: str | None
    consumption: Decimal
    accrued: Decimal
    currency: str
    other_currencies: tuple[Sum, ...]


@dataclass(frozen=True, slots=True)
class Resources:
    """``/v1/resources``."""

    _connection: Connection

    def list(
        self,
        *,
        tenant_id: str | None = None,
        region: str | None = None,
        resource_type: str | None = None,
        status: str | None = None,
        deleted: bool | None = None,
        page_size: int | None = None,
    ) -> Iterator[Resource]:
        """Resources, in the order in which they were first heard of."""
        query = {
            "tenant_id": tenant_id,
            "region": region,
            "resource_type": resource_type,
            "status": status,
            "deleted": deleted,
        }
        return self._connection.each("/resources", "resources", Resource, query, page_size)

    def get(
        self, resource_id: str, *, region: str | None = None, resource_type: str | None = None
    ) -> Resource:
        """One resource. NotFound; Conflict (resource_ambiguous) if several have the id."""
        query = {"region": region, "resource_type": resource_type}
        return self._connection.get(member("/resources", resource_id), Resource, query)
