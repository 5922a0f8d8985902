"""Tenants: who is billed in which currency."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ratings.client.connection import Connection, member


@dataclass(frozen=True, slots=True)
class Tenant:
    """`default` is whether nobody has set the currency, `fixed` whether nobody can any more."""

    tenant_id: str
    currency: str
    default: bool
    fixed: bool


@dataclass(frozen=True, slots=True)
class Tenants:
    """``/v1/tenants``."""

    _connection: Connection

    def list(self, *, page_size: int | None = None) -> Iterator[Tenant]:
        """Tenants by id: who used anything, or has a currency of its own."""
        return self._connection.each("/tenants", "tenants", Tenant, {}, page_size)

    def get(self, tenant_id: str) -> Tenant:
        """One tenant. NotFound."""
        return self._connection.get(member("/tenants", tenant_id), Tenant)

    def set(self, tenant_id: str, currency: str) -> Tenant:
        """Bill it in another currency; what it has used is rated anew before this returns.

        BadRequest (currency_invalid), Conflict (currency_fixed).
        """
        body = {"currency": currency}
        return self._connection.put(member("/tenants", tenant_id), Tenant, body)
