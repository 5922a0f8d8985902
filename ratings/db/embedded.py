"""A PostgreSQL of our own, for those who have not configured one.

    with embedded.running(state_path) as url:
        ...

It is a real server with fsync on, reachable only through a unix socket of its user.  Commands
share it: the first to come starts it, the last to leave stops it.  Two lock files order this.

``users.lock``
    Held shared by everybody who uses the server.  Who can take it exclusively is the last.
``start.lock``
    Held exclusively while somebody looks, starts or stops, so that these never mix.

The kernel drops the locks of a process that dies, whatever killed it.  So a killed command
leaves at worst a server without users, which the next command finds, uses and stops; a killed
server is started again and recovers from its log.

Under ``state_path/postgresql``: ``data/``, ``server.log``, ``run/`` (the socket), the locks.
"""

import contextlib
import fcntl
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from ratings.db import binaries, postmaster
from ratings.db.binaries import EmbeddedError as EmbeddedError
from ratings.db.binaries import NoBinaries as NoBinaries
from ratings.db.binaries import RootRefused as RootRefused
from ratings.db.postmaster import Postmaster

DATABASE = "ratings"
SUPERUSER = "postgres"

#: Seconds for a server to become ready (recovery after a crash included), and to shut down.
START_TIMEOUT = 120
STOP_TIMEOUT = 60

_PAUSE = 0.05
_LOG_LIMIT = 10 * 1024 * 1024

_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",  # only part of the socket's file name
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class StartFailed(EmbeddedError):
    """initdb or the server gave up; the message carries what they said."""


@contextlib.contextmanager
def running(state_path: Path, *, durable: bool = True, bindir: Path | None = None) -> Iterator[str]:
    """The SQLAlchemy URL of the database `ratings` on a server that runs meanwhile.

    `durable=False` gives up fsync: for tests only, a power cut may cost everything.
    `bindir` names PostgreSQL's programs instead of looking for them.

    Raises a subclass of `EmbeddedError`, or OSError when `state_path` cannot be written.
    """
    process = os.getpid()
    server = _Server(state_path, durable, bindir)
    with contextlib.ExitStack() as stack:
        users = stack.enter_context(_lock_file(server.home / "users.lock"))
        try:
            with _exclusive(server.home / "start.lock"):
                fcntl.flock(users, fcntl.LOCK_SH)
                found = server.ensure_running()
            yield _url(found)
        finally:
            # A forked worker unwinds this frame as well; only who entered may leave.
            if os.getpid() == process:
                with _exclusive(server.home / "start.lock"):
                    if _take_alone(users):
                        server.stop()


class _Server:
    """The files of one embedded server and what is done with them under ``start.lock``."""

    def __init__(self, state_path: Path, durable: bool, bindir: Path | None) -> None:
        self.home = state_path.expanduser().resolve() / "postgresql"
        self.data = self.home / "data"
        self.log = self.home / "server.log"
        self.durable = durable
        self.bindir = bindir
        _private_directory(self.home)

    def ensure_running(self) -> Postmaster:
        if not self.data.exists():
            self._initialise()
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            found = postmaster.read(self.data)
            if found is None:
                self._start()
            elif found.ready:
                return found
            else:  # recovering, or stopping because somebody told it to
                time.sleep(_PAUSE)
        raise StartFailed(f"PostgreSQL is not ready after {START_TIMEOUT} s; see {self.log}")

    def stop(self) -> None:
        """Shut down in the fast way: sessions end, a checkpoint is written."""
        found = postmaster.read(self.data)
        if found is not None and not postmaster.stop(found, self.data, STOP_TIMEOUT):
            raise EmbeddedError(
                f"PostgreSQL (process {found.pid}) does not stop within {STOP_TIMEOUT} s; "
                f"see {self.log}"
            )
        if found is not None:
            with contextlib.suppress(OSError):
                found.socket_directory.rmdir()

    def _initialise(self) -> None:
        """Make the cluster and its database; it gets its name only when it is complete."""
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        programs = binaries.find(None, self.bindir)
        directory = f"--pgdata={unfinished}"
        options = [f"--username={SUPERUSER}", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        if not self.durable:
            options.append("--no-sync")
        _run(programs / "initdb", directory, *options)
        single = ["--single", "-D", str(unfinished), *self._options(), "postgres"]
        _run(programs / "postgres", *single, stdin=f"CREATE DATABASE {DATABASE};\n")
        unfinished.rename(self.data)
        _sync(self.home)

    def _start(self) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        version = int((self.data / "PG_VERSION").read_text())
        programs = binaries.find(version, self.bindir)
        begin = self.log.stat().st_size if self.log.exists() else 0
        sockets = postmaster.socket_directory(self.home)
        _private_directory(sockets)
        postmaster.forget(self.data, sockets)
        options = shlex.join([*self._options(), "-k", str(sockets)])
        try:
            # pg_ctl gives the server a session of its own: neither Ctrl-C nor a worker's end
            # reaches it.
            where = (f"--pgdata={self.data}", f"--log={self.log}")
            patience = ("--wait", f"--timeout={START_TIMEOUT}")
            _run(programs / "pg_ctl", "start", *where, *patience, f"--options={options}")
        except StartFailed:
            said = self._log_since(begin)
            # Sessions of a killed server may outlive it by a moment and still hold its memory.
            if "pre-existing shared memory block" not in said:
                raise StartFailed(f"PostgreSQL does not start; {self.log} says:\n{said}") from None
            time.sleep(_PAUSE)

    def _options(self) -> list[str]:
        settings = _SETTINGS if self.durable else _SETTINGS | _NOT_DURABLE
        return [word for name in settings for word in ("-c", f"{name}={settings[name]}")]

    def _log_since(self, begin: int) -> str:
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace").strip()[-2000:]
        return ""


def _url(server: Postmaster) -> str:
    host = quote(str(server.socket_directory), safe="/")
    return f"postgresql+psycopg://{SUPERUSER}@/{DATABASE}?host={host}&port={server.port}"


def _run(program: Path, *arguments: str, stdin: str = "") -> None:
    """Run one of PostgreSQL's programs, never as root.  Raises `StartFailed`."""
    environment = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    done = subprocess.run(
        [*binaries.run_as(), program, *arguments],
        cwd="/",
        env=environment | {"LC_ALL": "C"},
        input=stdin,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        raise StartFailed(f"{program.name} failed: {done.stdout.strip()[-2000:]}")


def _private_directory(path: Path) -> None:
    """Make `path` with mode 0700, or see that it is ours alone: its socket asks no password."""
    path.parent.mkdir(parents=True, exist_ok=True)
    uid, gid = binaries.owner()
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
        os.chown(path, uid, gid)
    status = path.lstat()
    if not path.is_dir() or path.is_symlink() or status.st_uid != uid or status.st_mode & 0o077:
        raise EmbeddedError(f"{path} must be a directory that only its owner (uid {uid}) enters")


@contextlib.contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with _lock_file(path) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _take_alone(users: int) -> bool:
    """Whether nobody else holds the lock; ours is gone in either case."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(users, fcntl.LOCK_UN)
        return False
    return True


def _sync(directory: Path) -> None:
    """Make a rename in `directory` survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
