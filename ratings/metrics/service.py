"""Everything that one process of the API tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from ratings.metrics.build import BuildCollector
from ratings.metrics.exposing import Shown
from ratings.metrics.pool import PoolMetrics
from ratings.metrics.rating import RatingMetrics
from ratings.metrics.requests import RequestMetrics
from ratings.metrics.spool import DrainMetrics, SpoolCollector
from ratings.metrics.survey import SurveyCollector
from ratings.spool import Spool
from ratings.surveying import survey


class ServiceMetrics:
    """Made once by each process, after the fork."""

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], datetime],
        spool: Spool | None = None,
    ) -> None:
        registry = CollectorRegistry()
        self.rating = RatingMetrics(registry)
        self.requests = RequestMetrics(registry)
        self.draining = DrainMetrics(registry, clock)
        PoolMetrics(registry, engine)
        asked: list[Collector] = [BuildCollector()]
        if spool is not None:
            asked.append(SpoolCollector(spool, clock))
        asked.append(SurveyCollector(partial(survey, engine), clock))
        self.shown = Shown(registry, asked)
