"""``/v1/tenants``: who is billed in which currency."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ratings import tenancy
from ratings.api.endpoint import Contract, endpoint
from ratings.api.idempotency import Asked
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import tenants as types
from ratings.api.values import LONGEST
from ratings.core.errors import InvalidInput
from ratings.db import tenants
from ratings.policies import tenants as policy


class Tenants(Resource):
    @endpoint(
        Contract(rule=policy.LIST, query=types.TenantsQuery, answer=types.Tenant, plural="tenants")
    )
    def get_all(self, query: types.TenantsQuery) -> Page:
        """Tenants by id: who used anything, or has a currency of its own."""
        services = self.services
        with services.engine.connect() as conn:
            default = services.settings.currency
            rows = tenants.page(conn, default, limit=query.limit + 1, after=query.marker)
        return page(rows, query.limit, lambda row: row.tenant_id)

    @endpoint(Contract(rule=policy.GET, answer=types.Tenant))
    def get_one(self, tenant_id: str) -> Row[Any]:
        """One tenant. NotFound."""
        with self.services.engine.connect() as conn:
            return tenancy.shown(conn, self.services.settings, tenant_id)

    @endpoint(Contract(rule=policy.UPDATE, body=types.Change, answer=types.Tenant, once=True))
    def put(self, tenant_id: str, change: types.Change, asked: Asked) -> Row[Any]:
        """Bill it in another currency; the ledger follows at once.

        InvalidInput (currency_invalid, tenant_id_invalid), Conflict (currency_fixed).
        """
        if len(tenant_id) > LONGEST:
            detail = f"the id of a tenant has {LONGEST} characters at most"
            raise InvalidInput(detail, code="tenant_id_invalid")
        services, once = self.services, asked.telling()
        return tenancy.set_currency(
            services.engine, services.settings, tenant_id, change.currency, once=once
        )
