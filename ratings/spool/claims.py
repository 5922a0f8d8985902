"""Taking entries out of a spool, the oldest first."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from ratings.spool.segments import SUFFIX, Item, Segment

LOG = logging.getLogger(__name__)

_WRITERS = 64
"""Writers whose segments are read side by side; each costs an open file."""


class Claim:
    """The right to take entries out of all segments that have no other owner.

    The segments of a writer follow each other; those of several writers are merged by the time
    at which entries were received.
    """

    def __init__(self, directory: Path) -> None:
        self._open: list[Segment] = []
        chains = [self._chain(paths) for paths in _writers(directory)]
        self._merged = heapq.merge(*chains, key=lambda item: item.entry.received_at)
        self._exhausted: list[Segment] = []

    def take(self, most: int, size: int) -> list[Item]:
        """The next entries, `most` of them or fewer, with bodies of about `size` bytes in all.

        None are left when it gives none.
        """
        found: list[Item] = []
        while len(found) < most and size > 0:
            item = next(self._merged, None)
            if item is None:
                break
            found.append(item)
            size -= len(item.entry.body)
        self._sweep()
        return found

    def settle(self, items: Sequence[Item]) -> None:
        """What `items` say is durable elsewhere; `items` in the order of `take`."""
        for segment in {id(item.segment): item.segment for item in items}.values():
            segment.settle(max(item.end for item in items if item.segment is segment))
        self._sweep()

    def close(self) -> None:
        """Leave what is not settled to the next claim."""
        for segment in self._open:
            segment.close()
        self._open = []

    def _sweep(self) -> None:
        """Remove the segments of which nothing is left."""
        for segment in [one for one in self._exhausted if one.settled >= one.last]:
            segment.remove()
            self._exhausted.remove(segment)
            self._open.remove(segment)

    def _chain(self, paths: Sequence[Path]) -> Iterator[Item]:
        for path in paths:
            try:
                segment = Segment.claimed(path)
            except OSError as error:
                LOG.error("%s cannot be read and stays where it is: %s", path, error)
                continue
            if segment is not None:
                self._open.append(segment)
                yield from segment.items()
                self._exhausted.append(segment)


def _writers(directory: Path) -> list[list[Path]]:
    """The segments of each writer in the order in which it made them, the oldest writers first."""

    def place(path: Path) -> tuple[str, str]:
        _, _, writer_and_number = path.stem.partition("-")
        writer, _, number = writer_and_number.rpartition("-")
        return writer, number

    paths = sorted(directory.glob(f"*{SUFFIX}"), key=place)
    chains = [list(chain) for _, chain in groupby(paths, key=lambda path: place(path)[0])]
    return sorted(chains, key=lambda chain: chain[0].name)[:_WRITERS]
