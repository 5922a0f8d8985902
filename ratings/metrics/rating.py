"""Batches on their way through the rater."""

from __future__ import annotations

import time
from collections import Counter as Count
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram

from ratings.batch import Arrival, Result

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000)

Rate = Callable[[Sequence[Arrival]], list[Result]]


class RatingMetrics:
    """What a process that rates counts; `observed` gives the function that does it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "ratings_batch_seconds",
            "Seconds from a batch to its commit.",
            buckets=SECONDS,
            registry=registry,
        )
        self._sizes = Histogram(
            "ratings_batch_arrivals",
            "Events and samples in a batch.",
            buckets=SIZES,
            registry=registry,
        )
        self._failures = Counter(
            "ratings_batch_failures", "Batches that could not be committed.", registry=registry
        )
        self._results = Counter(
            "ratings_arrivals",
            "Events and samples by what became of them in this service since it was started.",
            ["result"],
            registry=registry,
        )

    def observed(self, rate: Rate) -> Rate:
        """`rate`, which is observed."""

        def timed(arrivals: Sequence[Arrival]) -> list[Result]:
            begun = time.perf_counter()
            try:
                results = rate(arrivals)
            except Exception:
                self._failures.inc()
                raise
            self._seconds.observe(time.perf_counter() - begun)
            self._sizes.observe(len(arrivals))
            for state, number in Count(result.state for result in results).items():
                self._results.labels(state).inc(number)
            return results

        return timed
