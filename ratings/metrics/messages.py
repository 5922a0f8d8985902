"""Notifications of message brokers."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class MessageMetrics:
    """What a collector counts, by the name of the source."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "ratings_notifications",
            "Notifications by what became of them: acknowledged, or requeued for another time.",
            ["source", "result"],
            registry=registry,
        )
        self._redelivered = Counter(
            "ratings_notifications_redelivered",
            "Notifications that the broker had handed out before.",
            ["source"],
            registry=registry,
        )
        self._listening = Gauge(
            "ratings_source_listening",
            "Whether this collector listens to a source.",
            ["source"],
            registry=registry,
        )

    def dispatched(self, source: str, result: str, messages: int, redelivered: int) -> None:
        """A batch was acknowledged or requeued; some of its messages had come before."""
        self._messages.labels(source, result).inc(messages)
        self._redelivered.labels(source).inc(redelivered)

    def watch(self, source: str, listening: Callable[[], bool]) -> None:
        """Ask whether a source is listened to whenever somebody scrapes."""
        self._listening.labels(source).set_function(listening)
