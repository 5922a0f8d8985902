"""``ratings-api`` as operators start it, and PostgreSQL beside it, to be stopped and killed."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from ratings.db import embedded, postmaster
from ratings.db.engine import create_engine


class Service:
    """``ratings-api`` on a state path of its own, and always on the same port.

    `variables` are part of its environment.
    """

    def __init__(self, state_path, **variables):
        self.state_path = state_path
        self.variables = variables
        self.port = free_port()
        self.process = None

    def start(self):
        options = {
            "OS_API__PORT": str(self.port),
            "OS_API__WORKERS": "2",
            "OS_DEFAULT__AUTH_STRATEGY": "noauth",
            "OS_DEFAULT__STATE_PATH": str(self.state_path),
        } | self.variables
        with (self.state_path / "api.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ratings.cmd.api"],
                env=os.environ | options,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        line = self.process.stdout.readline()
        assert line.startswith("ratings-api: listening at"), self.log()

    def stop(self):
        """As an operator does it: nothing of it runs on."""
        self.process.terminate()
        assert self.process.wait(60) == 0, self.log()
        self.process.stdout.close()
        gone(lambda: os.killpg(self.process.pid, 0))
        assert self.postgresql() is None

    def kill(self):
        """The master and its workers, at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        gone(lambda: os.killpg(self.process.pid, 0))

    def postgresql(self):
        return postmaster.read(self.state_path / "postgresql" / "data")

    def workers(self):
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parent = stat.read_text().rpartition(")")[2].split()[1]
                if int(parent) == self.process.pid:
                    found.append(int(stat.parent.name))
        return found

    def log(self):
        return (self.state_path / "api.log").read_text()[-5000:]

    def ask(self, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def until_drained(self):
        """Wait until nothing is in the spool."""
        deadline = time.monotonic() + 60
        pause = threading.Event()
        while (spool := self.ask("/v1/spool"))["entries"]:
            assert time.monotonic() < deadline, spool
            pause.wait(0.05)

    @contextlib.contextmanager
    def database(self):
        with embedded.running(self.state_path) as url:
            engine = create_engine(url)
            try:
                yield engine
            finally:
                engine.dispose()


class Server:
    """A PostgreSQL that is durable, and whose URL stays the same."""

    def __init__(self, state_path, bindir):
        self.url = None
        self._state_path = state_path
        self._bindir = bindir
        self._running = contextlib.ExitStack()

    def start(self):
        running = embedded.running(self._state_path, bindir=self._bindir)
        self.url = self._running.enter_context(running)

    def stop(self):
        self._running.close()


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def gone(signalled):
    """Wait until there is nobody left to signal."""
    deadline = time.monotonic() + 30
    pause = threading.Event()
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            signalled()
            pause.wait(0.01)
        raise AssertionError("a process lives on")
