"""What the database says of everything: the same that ``/v1/status`` shows.

It is asked when somebody scrapes, in a thread of its own and for a few seconds only: while the
database is down or hangs, a scrape still gets what processes have counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ratings.surveying import Survey, age

LOG = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds; a scrape is given up after ten, unless Prometheus is told otherwise."""

Rows = Iterable[tuple[Sequence[str], float]]


class Inquiry:
    """Asks in a thread of its own, one at a time, and waits for it only so long."""

    def __init__(self, ask: Callable[[], Survey], patience: float = PATIENCE) -> None:
        self._ask = ask
        self._patience = patience
        self._lock = threading.Lock()

    def made(self) -> Survey | None:
        """What was found; None if that failed, or takes too long, or an earlier one still does."""
        limit = time.monotonic() + self._patience
        if not self._lock.acquire(timeout=self._patience):
            return None
        found: list[Survey] = []
        thread = threading.Thread(target=self._run, args=(found,), daemon=True)
        thread.start()
        thread.join(limit - time.monotonic())
        return found[0] if found else None

    def _run(self, found: list[Survey]) -> None:
        try:
            found.append(self._ask())
        except Exception as error:
            LOG.warning("the database cannot be surveyed: %s", getattr(error, "orig", error))
        finally:
            # A lock may be let go by another thread than the one that took it.
            self._lock.release()


class SurveyCollector(Collector):
    """A survey as metrics; while there is none, ``ratings_database_up`` is 0 and alone."""

    def __init__(
        self,
        ask: Callable[[], Survey],
        clock: Callable[[], datetime],
        patience: float = PATIENCE,
    ) -> None:
        self._inquiry = Inquiry(ask, patience)
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        begun = time.perf_counter()
        found = self._inquiry.made()
        told = "Whether the database could be asked."
        yield GaugeMetricFamily("ratings_database_up", told, value=found is not None)
        if found is not None:
            told = "Seconds that asking the database took."
            seconds = time.perf_counter() - begun
            yield GaugeMetricFamily("ratings_database_survey_seconds", told, value=seconds)
            now = self._clock()
            for family in (_regions, _parked, _unpriced, _outbox):
                yield from family(found, now)


def _regions(found: Survey, now: datetime) -> Iterator[Metric]:
    events = CounterMetricFamily(
        "ratings_events",
        "Events in the journal, and those that were known already.",
        labels=["region", "result"],
    )
    for row in found.regions:
        # Not parked and so not received: these grow smaller when events are requeued.
        for result in ("rated", "ignored", "duplicate"):
            events.add_metric([row.region, result], row._mapping[result])
    yield events
    yield _gauge(
        "region_parked_events",
        "Events that are parked now.",
        ["region"],
        (([row.region], row.parked) for row in found.regions),
    )
    told = "Age of the newest rated event of a region."
    yield _gauge("region_lag_seconds", told, ["region"], _ages(found, "last_event_time", now))
    told = "Seconds since anything came in from a region."
    yield _gauge("region_silent_seconds", told, ["region"], _ages(found, "last_received_at", now))
    told = "Whether received = rated + ignored + parked."
    yield GaugeMetricFamily("ratings_books_balanced", told, value=found.balanced())


def _ages(found: Survey, column: str, now: datetime) -> Iterator[tuple[list[str], float]]:
    for row in found.regions:
        seconds = age(row._mapping[column], now)
        if seconds is not None:
            yield [row.region], seconds


def _parked(found: Survey, now: datetime) -> Iterator[Metric]:
    counts = (([row.code], row.events) for row in found.parked)
    yield _gauge("parked_events", "Events that are parked now.", ["code"], counts)
    ages = (([row.code], age(row.oldest_at, now) or 0) for row in found.parked)
    yield _gauge("parked_oldest_seconds", "How long the oldest is parked.", ["code"], ages)


def _unpriced(found: Survey, now: datetime) -> Iterator[Metric]:
    counts: Counter[str] = Counter()
    for row in found.unpriced:
        counts[row.component] += row.records
    told = "Current records without a price; 1000 are 1000 or more."
    rows = (([component], number) for component, number in counts.items())
    yield _gauge("unpriced_records", told, ["component"], rows)
    told = "Components with such records."
    yield GaugeMetricFamily("ratings_unpriced_components", told, value=len(counts))
    yield GaugeMetricFamily("ratings_prices", "Prices there are.", value=found.prices)


def _outbox(found: Survey, now: datetime) -> Iterator[Metric]:
    pending = (([row.driver], row.pending) for row in found.owed)
    yield _gauge("outbox_pending", "Sales orders that wait for a driver.", ["driver"], pending)
    told = "Sales orders that a driver has delivered."
    delivered = CounterMetricFamily("ratings_outbox_delivered", told, labels=["driver"])
    for row in found.owed:
        delivered.add_metric([row.driver], row.delivered)
    yield delivered
    told = "How long the oldest of them waits; 0 for none."
    ages = (([row.driver], age(row.oldest_pending_at, now) or 0) for row in found.owed)
    yield _gauge("outbox_oldest_seconds", told, ["driver"], ages)
    told = "Those that have failed, by the code of the last error."
    failing = (([row.driver, row.code], row.orders) for row in found.errors)
    yield _gauge("outbox_failing", told, ["driver", "code"], failing)


def _gauge(name: str, told: str, labels: Sequence[str], rows: Any) -> Metric:
    found = GaugeMetricFamily(f"ratings_{name}", told, labels=labels)
    for values, number in rows:
        found.add_metric(values, number)
    return found
