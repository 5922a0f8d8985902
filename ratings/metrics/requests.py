"""Requests of the API."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from ratings.metrics.rating import SECONDS

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
"""Clients may invent others."""


class RequestMetrics:
    """How many there were, and how long they took. Labels have neither ids nor tenants."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "ratings_http_requests",
            "Requests that were answered, by the template of their URL.",
            ["route", "method", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "ratings_http_request_seconds",
            "Seconds from a request to its answer.",
            ["route", "method"],
            buckets=SECONDS,
            registry=registry,
        )

    def answered(self, route: str, method: str, status: str, seconds: float) -> None:
        """A request got its answer. status: three digits."""
        method = method if method in METHODS else "other"
        self._requests.labels(route, method, status).inc()
        self._seconds.labels(route, method).observe(seconds)
