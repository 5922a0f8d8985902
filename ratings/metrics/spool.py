"""What waits on this host: of all processes that share the spool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ratings.spool import Spool
from ratings.surveying import age

WAITS = (1, 5, 15, 60, 300, 900, 3600, 6 * 3600, 24 * 3600)

Clock = Callable[[], datetime]


class DrainMetrics:
    """What a process counts that brings requests from the spool to the database."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self._clock = clock
        self._waits = Histogram(
            "ratings_spool_wait_seconds",
            "Seconds from a request to its commit, of those that went through the spool.",
            buckets=WAITS,
            registry=registry,
        )

    def drained(self, since: Sequence[datetime]) -> None:
        """Requests that came at these instants have been committed."""
        now = self._clock()
        for instant in since:
            self._waits.observe(max(0.0, (now - instant).total_seconds()))


class SpoolCollector(Collector):
    """Asks the files. Says nothing while they cannot be read."""

    def __init__(self, spool: Spool, clock: Clock) -> None:
        self._spool = spool
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        try:
            found = self._spool.measure()
        except OSError:
            return
        limit = self._spool.max_bytes
        oldest = age(found.oldest_at, self._clock()) or 0
        yield _gauge("entries", "Requests that wait for the database.", found.entries)
        yield _gauge("bytes", "Bytes that they take.", found.bytes)
        yield _gauge("max_bytes", "Bytes that they may take.", limit)
        yield _gauge("used_ratio", "bytes / max_bytes.", found.bytes / limit if limit else 0)
        yield _gauge("oldest_seconds", "How long the oldest waits; 0 for none.", oldest)
        yield _gauge("damaged_files", "Files of which parts cannot be read.", found.damaged)


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"ratings_spool_{name}", told, value=value)
