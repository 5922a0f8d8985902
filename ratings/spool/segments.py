"""Segments: files of frames, each with one owner at a time.

Whoever writes a segment or takes entries out of it holds the kernel's lock on it (``flock``),
which goes with the process, however that ends. A segment that nobody holds can be claimed.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ratings.spool import frames
from ratings.spool.frames import Entry

LOG = logging.getLogger(__name__)

SUFFIX = ".spool"
DAMAGED = ".damaged"
"""Of a segment that is kept because parts of it could not be read."""


class Writer:
    """A new segment, which this process alone appends to."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.size = frames.START
        self._descriptor = descriptor

    @classmethod
    def created(cls, path: Path) -> Writer | None:
        """An empty segment at `path`; None if somebody claimed and removed it meanwhile.

        Raises OSError; then there is no such file.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                _write(descriptor, frames.beginning())
                sync_directory(path.parent)
                return cls(path, descriptor)
        except BaseException:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def append(self, data: bytes) -> None:
        """Frames, durable when this returns.

        Raises OSError; then the segment must be closed, for what the disk has of it is not known.
        """
        try:
            _write(self._descriptor, data)
            os.fsync(self._descriptor)
        except OSError:
            # A half frame harms nobody; but a full disk should get its space back.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(data)

    def close(self) -> None:
        """Leave it to whoever claims it."""
        if self.size == frames.START:
            with contextlib.suppress(OSError):
                self.path.unlink()
        os.close(self._descriptor)


class Item(NamedTuple):
    """An entry, where it lies, and the offset behind it."""

    entry: Entry
    segment: Segment
    end: int


class Segment:
    """A segment that nobody writes any more, claimed as long as it is open."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._data = _read(descriptor)
        self._damaged = False
        self.settled = frames.settled(self._data)
        self.last = self.settled
        """The offset behind the last entry that `items` has given."""

    @classmethod
    def claimed(cls, path: Path) -> Segment | None:
        """The segment at `path`, None when it is gone or has an owner. Raises OSError."""
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its last owner may have removed it in the meantime.
            if os.fstat(descriptor).st_nlink:
                return cls(path, descriptor)
        except BlockingIOError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def items(self) -> Iterator[Item]:
        """The entries that are not settled yet, in the order in which they were appended."""
        for frame in frames.read(self._data, self.settled):
            if frame.entry is not None:
                self.last = frame.end
                yield Item(frame.entry, self, frame.end)
            elif frame.torn:
                size = frame.end - frame.start
                LOG.warning("%s: its writer died in the last %d bytes; dropped", self.path, size)
            else:
                self._damaged = True
                LOG.error(
                    "%s: bytes %d to %d are damaged; the file will be kept as %s",
                    *(self.path, frame.start, frame.end, self.path.with_suffix(DAMAGED)),
                )
        self._data = b""

    def settle(self, end: int) -> None:
        """Everything before the offset `end` is done with, also if this process is killed now.

        Not synced: after a power cut some entries may be given once more.
        """
        os.pwrite(self._descriptor, frames.beginning(end), 0)
        self.settled = end

    def remove(self) -> None:
        """Give it up with all entries settled; set it aside if parts could not be read."""
        if self._damaged:
            self.path.rename(self.path.with_suffix(DAMAGED))
        else:
            self.path.unlink()
        self.close()

    def close(self) -> None:
        """Leave it, with the entries that are not settled, to whoever claims it next."""
        os.close(self._descriptor)


def sync_directory(path: Path) -> None:
    """Make names in the directory durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        return file.read()
