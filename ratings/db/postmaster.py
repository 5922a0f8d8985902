"""The server process of a data directory, as ``postmaster.pid`` tells about it.

The file cannot be believed as it stands.  After a crash it is left behind, and its process
number may since belong to somebody else's process, or to a zombie that nobody has collected;
PostgreSQL would then refuse to start.  The lines of the file are those that pg_ctl reads
(``src/include/utils/pidfile.h`` of PostgreSQL).
"""

import hashlib
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_SOCKET_NAME = ".s.PGSQL.5432"

#: sun_path of sockaddr_un holds 108 bytes, one of them the final NUL.
_SOCKET_PATH_LIMIT = 107

_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A running server."""

    pid: int
    port: int
    socket_directory: Path
    ready: bool


def read(data: Path) -> Postmaster | None:
    """The server that runs on `data`, ready or not; None when there is none."""
    lines = _lines(data)
    if not lines or not _serves(int(lines[0]), data):
        return None
    # While the server starts, the lines come one after another: pid, data directory, start time,
    # port, socket directory, listen address, shared memory, status.
    status = lines[7].strip() if len(lines) > 7 else "starting"
    return Postmaster(
        pid=int(lines[0]),
        port=int(lines[3]) if len(lines) > 3 else 0,
        socket_directory=Path(lines[4] if len(lines) > 4 else ""),
        ready=status == "ready",
    )


def forget(data: Path, sockets: Path) -> None:
    """Remove what a server that is gone left behind and PostgreSQL would take for a living one.

    Only the caller can know that no server is being started meanwhile.  A pid file whose process
    number is free stays: PostgreSQL also learns from it which shared memory to look for, lest
    sessions of the dead server still use it.
    """
    lines = _lines(data)
    if lines and _exists(int(lines[0])):
        (data / "postmaster.pid").unlink(missing_ok=True)
    (sockets / f"{_SOCKET_NAME}.lock").unlink(missing_ok=True)


def stop(server: Postmaster, data: Path, timeout: float) -> bool:
    """Ask for a fast shutdown, wait; whether the server is gone.

    The signal goes to the process itself: pg_ctl refuses to be run by root.
    """
    deadline = time.monotonic() + timeout
    try:
        os.kill(server.pid, signal.SIGINT)
        while _serves(server.pid, data):
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
    except ProcessLookupError:
        pass
    return True


def socket_directory(home: Path) -> Path:
    """Where the socket goes: below `home`, or where that path is too long, in a short place."""
    directory = home / "run"
    if len(os.fsencode(directory / _SOCKET_NAME)) <= _SOCKET_PATH_LIMIT:
        return directory
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"ratings-{digest}"


def _lines(data: Path) -> list[str]:
    """The lines of the pid file; none when it is missing or was cut short by a crash."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []
    return lines if lines and lines[0].strip().isdigit() else []


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _serves(pid: int, data: Path) -> bool:
    """Whether `pid` is a live server that works in `data`."""
    if Path("/proc/self").exists():
        try:
            # A zombie has no working directory, and a server always works in its data.
            return Path(f"/proc/{pid}/cwd").readlink() == data
        except OSError:
            return False
    listed = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return f"-D {data}" in listed.stdout
