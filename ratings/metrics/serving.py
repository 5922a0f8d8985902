"""A port for the metrics of a service that has no API."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from ratings.metrics.build import BuildCollector

LOG = logging.getLogger(__name__)


@contextmanager
def served(registry: CollectorRegistry, host: str, port: int | None) -> Iterator[None]:
    """``http://host:port/metrics`` meanwhile; nothing without a port. Raises OSError."""
    if port is None:
        yield
        return
    shown = CollectorRegistry()
    shown.register(registry)
    shown.register(BuildCollector())
    server, thread = start_http_server(port, host, registry=shown)
    LOG.info("metrics are at http://%s:%d/metrics", *server.server_address[:2])
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
