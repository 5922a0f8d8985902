"""``/v1/forecast``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.values import Instant, Number, Text


class ForecastQuery(JsonObject):
    tenant_id = wsattr(Text(), default=None)
    start = wsattr(Instant(), default=None)
    end = wsattr(Instant(), default=None)


class Forecast(JsonObject):
    """What was spent from `start` up to `at`, and will have been at `end`."""

    tenant_id = Text()
    currency = Text()
    start = Instant()
    at = Instant()
    end = Instant()
    spent = Number()
    forecast = Number()
