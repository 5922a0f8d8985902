"""Which release this is."""

from __future__ import annotations

import platform
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import ratings


class BuildCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        told = "1, with the releases of ratings and of Python."
        found = GaugeMetricFamily("ratings_build_info", told, labels=["version", "python"])
        found.add_metric([ratings.__version__, platform.python_version()], 1)
        yield found
