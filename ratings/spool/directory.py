"""A directory of segments, shared by the processes of one host."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from ratings.spool import frames, measuring
from ratings.spool.claims import Claim
from ratings.spool.frames import Entry
from ratings.spool.measuring import Gauge, Measure
from ratings.spool.segments import SUFFIX, Writer

LOG = logging.getLogger(__name__)

SEGMENT = 1024 * 1024
"""Bytes from which on a segment is closed. It is removed as a whole."""

_FRESH = 1.0
"""Seconds for which the size of what other processes wrote is believed."""


class SpoolFull(OSError):
    """Not even one more entry has room."""


class _Ticket:
    """An entry that wants to be durable; `error` says why it is not."""

    __slots__ = ("data", "error", "tried")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.tried = False
        self.error: OSError | None = InterruptedError(errno.EINTR, "its writer was stopped")


class Spool:
    """Appends entries durably, and gives them out again. Threads and processes may share it.

    max_bytes: that all segments may take. alarm_percent: of these; from there on a warning is
    logged. clock: the present, in UTC. Nothing is opened before the first entry, so a process
    may fork after it has made one.
    """

    def __init__(
        self,
        directory: Path,
        *,
        max_bytes: int,
        alarm_percent: int,
        clock: Callable[[], datetime],
    ) -> None:
        """Makes the directory. Raises OSError if it cannot, or if others may enter it."""
        self.directory = directory
        self.max_bytes = max_bytes
        self._alarm_bytes = max_bytes * alarm_percent // 100
        self._clock = clock
        self._gauge = Gauge(directory, self._lock_file)
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._writer: Writer | None = None
        self._process = 0
        self._token, self._number = "", 0
        self._used, self._used_at, self._alarmed = 0, 0.0, False
        _private(directory)

    def append(self, entry: Entry) -> None:
        """Durable when it returns. Raises OSError (SpoolFull among them) if it is not.

        Entries of threads that come at the same time share a sync: whoever gets to write takes
        along what waits.
        """
        ticket = _Ticket(frames.encode(entry))
        with self._lock:
            self._waiting.append(ticket)
        with self._writing:
            if not ticket.tried:
                with self._lock:
                    tickets, self._waiting = self._waiting, []
                self._write(tickets)
        if ticket.error is not None:
            raise ticket.error

    def seal(self) -> None:
        """Close the segment of this process, so that it can be claimed."""
        with self._writing:
            self._close()

    def is_empty(self) -> bool:
        """Whether nothing is to be drained. Raises OSError."""
        with os.scandir(self.directory) as files:
            return not any(file.name.endswith(SUFFIX) for file in files)

    def measure(self) -> Measure:
        """What waits. Raises OSError."""
        return self._gauge.read()

    def is_alarming(self, size: int) -> bool:
        """Whether that many bytes are too many for an operator to sleep."""
        return size >= self._alarm_bytes

    @contextlib.contextmanager
    def claim(self) -> Iterator[Claim | None]:
        """Take entries out; None while another process does. Raises OSError."""
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, self._clock().isoformat().encode(), 0)
            with contextlib.closing(Claim(self.directory)) as claim:
                yield claim
        finally:
            os.close(descriptor)

    @property
    def _lock_file(self) -> Path:
        return self.directory / "drain.lock"

    def _write(self, tickets: list[_Ticket]) -> None:
        """Write and sync all of `tickets`, and tell each."""
        try:
            fitting = self._fitting(tickets)
            if fitting:
                self._append(b"".join(ticket.data for ticket in fitting))
            for ticket in fitting:
                ticket.error = None
        except OSError as error:
            # What the disk has of it nobody knows: a sync that failed must not be tried again.
            self._close()
            for ticket in tickets:
                ticket.error = error
        finally:
            for ticket in tickets:
                ticket.tried = True

    def _fitting(self, tickets: list[_Ticket]) -> list[_Ticket]:
        """Those for which there is room; the others are told that there is none."""
        now = time.monotonic()
        if self._used_at == 0.0 or now - self._used_at > _FRESH:
            self._used, self._used_at = measuring.size(self.directory), now
        found = []
        room = self.max_bytes - self._used
        for ticket in tickets:
            if len(ticket.data) <= room:
                room -= len(ticket.data)
                found.append(ticket)
            else:
                ticket.error = SpoolFull(errno.ENOSPC, "the spool is full")
        return found

    def _append(self, data: bytes) -> None:
        writer = self._open()
        writer.append(data)
        if writer.size >= SEGMENT:
            self._close()
        self._used += len(data)
        alarming = self.is_alarming(self._used)
        if alarming and not self._alarmed:
            LOG.warning("the spool has %d of %d bytes", self._used, self.max_bytes)
        self._alarmed = alarming

    def _open(self) -> Writer:
        if self._process != os.getpid():
            # After a fork the segment is the parent's, and no name may come twice.
            self._process, self._writer = os.getpid(), None
            self._token, self._number = f"{os.getpid()}.{secrets.token_hex(4)}", 0
        while self._writer is None:
            self._number += 1
            instant = int(self._clock().timestamp() * 1_000_000)
            name = f"{instant:017d}-{self._token}-{self._number:06d}{SUFFIX}"
            self._writer = Writer.created(self.directory / name)
        return self._writer

    def _close(self) -> None:
        if self._writer is not None and self._process == os.getpid():
            self._writer.close()
        self._writer = None


def _private(directory: Path) -> None:
    """Make it with mode 0700, or see that it is ours alone: bodies tell of tenants."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    status = directory.lstat()
    if directory.is_symlink() or not directory.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "no directory", str(directory))
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        reason = f"must be a directory that only its owner enters, who is uid {os.geteuid()}"
        raise PermissionError(errno.EPERM, reason, str(directory))
