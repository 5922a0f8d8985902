"""Forecasts: what a tenant will have spent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ratings.client.connection import Connection
from ratings.client.wire import Instant


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was `spent` from `start` to `at`, which is now; and will have been at `end`."""

    tenant_id: str
    currency: str
    start: datetime
    at: datetime
    end: datetime
    spent: Decimal
    forecast: Decimal


@dataclass(frozen=True, slots=True)
class Forecasts:
    """``/v1/forecast``."""

    _connection: Connection

    def get(
        self,
        tenant_id: str | None = None,
        *,
        start: Instant | None = None,
        end: Instant | None = None,
    ) -> Forecast:
        """From the start of the order period up to the end of the month, by default.

        Without `tenant_id` it is the project of the token, if the API knows tokens.
        BadRequest (end_not_ahead, range_invalid).
        """
        query = {"tenant_id": tenant_id, "start": start, "end": end}
        return self._connection.get("/forecast", Forecast, query)
