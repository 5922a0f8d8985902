"""What lies in a spool, as its files say: so every process of a host gives the same numbers."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ratings.spool import frames
from ratings.spool.segments import DAMAGED, SUFFIX


class Measure(NamedTuple):
    """entries: requests that wait, the oldest since `oldest_at`. bytes: that their files take.

    damaged: files set aside because parts of them could not be read. draining_since: when the
    process that works on it now began; None when nobody does.
    """

    entries: int
    bytes: int
    oldest_at: datetime | None
    damaged: int
    draining_since: datetime | None


class _Content(NamedTuple):
    version: tuple[int, bytes]
    entries: int
    oldest_at: datetime | None


class Gauge:
    """Measures a directory; remembers what files held that have not changed since."""

    def __init__(self, directory: Path, lock: Path) -> None:
        self._directory = directory
        self._lock = lock
        self._known: dict[str, _Content] = {}

    def read(self) -> Measure:
        """What lies there now. Raises OSError."""
        found: dict[str, _Content] = {}
        total = damaged = 0
        with os.scandir(self._directory) as files:
            for file in files:
                if file.name.endswith(DAMAGED):
                    damaged += 1
                elif file.name.endswith(SUFFIX):
                    # Whoever drains may remove it at any moment.
                    with contextlib.suppress(FileNotFoundError):
                        total += file.stat().st_size
                        found[file.name] = self._content(file.name)
        self._known = found
        times = [content.oldest_at for content in found.values() if content.oldest_at]
        entries = sum(content.entries for content in found.values())
        return Measure(entries, total, min(times, default=None), damaged, self._draining_since())

    def _content(self, name: str) -> _Content:
        with (self._directory / name).open("rb") as file:
            data = file.read(frames.START)
            version = (os.fstat(file.fileno()).st_size, data)
            known = self._known.get(name)
            if known is not None and known.version == version:
                return known
            data += file.read()
        entries, oldest_at = 0, None
        for entry in _entries(data):
            entries += 1
            oldest_at = oldest_at or entry.received_at
        return _Content(version, entries, oldest_at)

    def _draining_since(self) -> datetime | None:
        try:
            descriptor = os.open(self._lock, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(ValueError):
                return datetime.fromisoformat(os.read(descriptor, 100).decode())
        finally:
            os.close(descriptor)
        return None


def _entries(data: bytes) -> Iterator[frames.Entry]:
    for frame in frames.read(data, frames.settled(data)):
        if frame.entry is not None:
            yield frame.entry


def size(directory: Path) -> int:
    """Bytes that the entries of a directory take. Raises OSError."""
    total = 0
    with os.scandir(directory) as files:
        for file in files:
            if file.name.endswith(SUFFIX):
                with contextlib.suppress(FileNotFoundError):
                    total += file.stat().st_size
    return total
