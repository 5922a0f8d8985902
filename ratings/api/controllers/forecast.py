"""``/v1/forecast``: what a tenant will have spent."""

from __future__ import annotations

from typing import Any

from ratings import forecasting
from ratings.api import ranges
from ratings.api.authorisation import one_tenant
from ratings.api.endpoint import Contract, endpoint
from ratings.api.resource import Resource
from ratings.api.types import forecast as types
from ratings.db.reading import Scope
from ratings.policies import forecast as policy


class Forecast(Resource):
    @endpoint(
        Contract(rule=policy.GET, scoped=True, query=types.ForecastQuery, answer=types.Forecast)
    )
    def get_all(self, scope: Scope, query: types.ForecastQuery) -> dict[str, Any]:
        """From the start of the order period up to the end of the month, if not told otherwise.

        InvalidInput (range_invalid, end_not_ahead).
        """
        ranges.check(query.start, query.end)
        services = self.services
        tenant_id = one_tenant(scope, query.tenant_id)
        found = forecasting.forecast(
            services.engine,
            services.rater,
            scope,
            tenant_id,
            query.start,
            query.end,
            services.clock(),
        )
        return {
            "tenant_id": tenant_id,
            "currency": found.currency,
            "start": found.start,
            "at": found.at,
            "end": found.end,
            "spent": found.spent,
            "forecast": found.forecast,
        }
