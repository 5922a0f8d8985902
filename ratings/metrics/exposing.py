"""What a scrape gets: what processes counted, and what is asked for at that moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from ratings.metrics import processes


class Shown(Collector):
    """The metrics of `own`, or of all processes that share them, and those of `asked`."""

    def __init__(self, own: CollectorRegistry, asked: Sequence[Collector]) -> None:
        self._own = own
        self._asked = asked

    def collect(self) -> Iterator[Metric]:
        yield from self._counted()
        for collector in self._asked:
            yield from collector.collect()

    def _counted(self) -> Iterable[Metric]:
        if not processes.are_one():
            return self._own.collect()
        merge = MultiProcessCollector.merge
        return merge(processes.files())  # type: ignore[no-any-return, no-untyped-call]

    def text(self, accept: str) -> tuple[bytes, str]:
        """All of it in the format that a header Accept prefers, and its media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self), media_type
