"""``/v1/forecast``."""

from __future__ import annotations

from wsme.types import Base, wsattr

from ratings.api.values import Instant, Number, Text


class ForecastQuery(Base):  # type: ignore[misc]  # WSME has no types
    tenant_id = wsattr(Text(), default=None)
    start = wsattr(Instant(), default=None)
    end = wsattr(Instant(), default=None)


class Forecast(Base):  # type: ignore[misc]
    """What was spent from `start` up to `at`, and will have been at `end`."""

    tenant_id = Text()
    currency = Text()
    start = Instant()
    at = Instant()
    end = Instant()
    spent = Number()
    forecast = Number()
