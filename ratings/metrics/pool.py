"""The connections of a process to its database."""

from __future__ import annotations

import threading

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import Engine, event


class PoolMetrics:
    """Follows what the pool of an engine does from now on."""

    def __init__(self, registry: CollectorRegistry, engine: Engine) -> None:
        size = _gauge(registry, "size", "Connections that are kept open.")
        self._taken = _gauge(registry, "checked_out", "Connections that are in use.")
        self._overflow = _gauge(registry, "overflow", "Connections open beyond those kept.")
        self._kept: int = engine.pool.size()  # type: ignore[attr-defined]  # of a QueuePool
        self._open = 0
        self._lock = threading.Lock()
        size.set(self._kept)
        event.listen(engine, "connect", lambda *_: self._opened(1))
        event.listen(engine, "close", lambda *_: self._opened(-1))
        event.listen(engine, "checkout", lambda *_: self._taken.inc())
        event.listen(engine, "checkin", lambda *_: self._taken.dec())

    def _opened(self, number: int) -> None:
        with self._lock:
            self._open += number
            self._overflow.set(max(0, self._open - self._kept))


def _gauge(registry: CollectorRegistry, name: str, told: str) -> Gauge:
    # Processes that count as one have the sum of what each holds while it lives.
    name = f"ratings_database_pool_{name}"
    return Gauge(name, told, registry=registry, multiprocess_mode="livesum")
