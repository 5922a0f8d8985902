"""Sales orders and alerts on their way to other systems."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram

from ratings.core.deliveries import Deliver, Parcel
from ratings.delivering import Outcome

SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class DeliveryMetrics:
    """What a deliverer counts, by the name of the driver."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = Counter(
            "ratings_deliveries",
            "Attempts to deliver an order or an alert: delivered, or the code of the error.",
            ["noun", "driver", "result"],
            registry=registry,
        )
        self._seconds = Histogram(
            "ratings_delivery_seconds",
            "Seconds that a driver was at work on a sales order, whatever came of it.",
            ["driver"],
            buckets=SECONDS,
            registry=registry,
        )

    def attempted(self, outcome: Outcome) -> None:
        result = "delivered" if outcome.error is None else outcome.error.code
        self._attempts.labels(outcome.noun, outcome.driver, result).inc()

    def observed(self, drivers: Mapping[str, Deliver]) -> dict[str, Deliver]:
        """The drivers, which are observed."""
        return {name: self._observed(name, deliver) for name, deliver in drivers.items()}

    def _observed(self, name: str, deliver: Deliver) -> Deliver:
        def timed(parcel: Parcel) -> str:
            with self._seconds.labels(name).time():
                return deliver(parcel)

        return timed
