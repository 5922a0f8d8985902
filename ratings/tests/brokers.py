"""A RabbitMQ of the test's own, on loopback: a node, an epmd, a directory, ports."""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import kombu
import pytest

#: Where the programs are that do not change to another user, as Debian's wrapper does.
PLACES = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin", "/usr/local/sbin")
VHOSTS = 40
PATIENCE = 300
"""Seconds that a test waits for what takes a few on a machine that does nothing else."""

ABSENT = "there is no RabbitMQ on this machine: Debian calls its package rabbitmq-server"


def program():
    """``rabbitmq-server``; None where there is none, or no Erlang."""
    path = os.pathsep.join([*PLACES, os.environ.get("PATH", "")])
    found = shutil.which("rabbitmq-server", path=path)
    return found if found and shutil.which("epmd") else None


@contextlib.contextmanager
def running():
    """A broker for the tests of a session. Without one they are skipped; in CI they fail."""
    if program() is None:
        pytest.fail(ABSENT) if os.environ.get("CI") else pytest.skip(ABSENT)
    with tempfile.TemporaryDirectory(prefix="ratings-rabbit-") as home:
        found = RabbitMQ(Path(home))
        try:
            found.start()
            yield found
        finally:
            found.kill()


class RabbitMQ:
    """A node that keeps its queues when it is stopped and started."""

    def __init__(self, home: Path):
        self.home = home
        self.port, self._dist_port, self._epmd_port = free_ports(3)
        self._names = (f"v{number}" for number in range(VHOSTS))
        self._epmd = self._server = None
        self._prepare()

    def vhost(self):
        """The transport URL of a virtual host that nobody has used."""
        return f"rabbit://guest:guest@127.0.0.1:{self.port}/{next(self._names)}"

    def start(self):
        if self._epmd is None:
            command = ["epmd", "-address", "127.0.0.1", "-port", str(self._epmd_port)]
            self._epmd = self._spawn(command, "epmd.log")
        self._server = self._spawn([program()], "server.log")
        until(self._answers, "RabbitMQ does not start")

    def stop(self):
        """As an operator stops it: with time to put things in order."""
        os.kill(int((self.home / "rabbit.pid").read_text()), signal.SIGTERM)
        assert self._server.wait(PATIENCE) is not None
        self._server = None

    def kill(self):
        """All of it, at once."""
        for process in (self._server, self._epmd):
            if process is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def waiting(self, url, queue):
        """Messages of a queue that nobody has been given."""
        with kombu.Connection(url.replace("rabbit:", "amqp:")) as connection:
            return connection.default_channel.queue_declare(queue, passive=True).message_count

    def _prepare(self):
        salt = b"salt"
        digest = base64.b64encode(salt + hashlib.sha256(salt + b"guest").digest()).decode()
        names = [f"v{number}" for number in range(VHOSTS)]
        everything = {"user": "guest", "configure": ".*", "write": ".*", "read": ".*"}
        user = {"name": "guest", "password_hash": digest, "tags": "administrator"}
        definitions = {
            "users": [user | {"hashing_algorithm": "rabbit_password_hashing_sha256"}],
            "vhosts": [{"name": name} for name in names],
            "permissions": [everything | {"vhost": name} for name in names],
        }
        (self.home / "definitions.json").write_text(json.dumps(definitions))
        (self.home / "enabled_plugins").write_text("[].\n")
        (self.home / "rabbitmq.conf").write_text(
            "vm_memory_high_watermark.absolute = 1GB\n"
            "disk_free_limit.absolute = 50MB\n"
            f"load_definitions = {self.home}/definitions.json\n"
        )

    def _spawn(self, command, log):
        with (self.home / log).open("ab") as output:
            return subprocess.Popen(
                command,
                env=os.environ | self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.home,
                start_new_session=True,
            )

    def _environment(self):
        return {
            "HOME": str(self.home),  # of the cookie
            "LC_ALL": "C.UTF-8",
            "ERL_CRASH_DUMP": os.devnull,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": f"ratings{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_PID_FILE": str(self.home / "rabbit.pid"),
        }

    def _answers(self):
        assert self._server.poll() is None, (self.home / "server.log").read_text()[-3000:]
        url = f"amqp://guest:guest@127.0.0.1:{self.port}/v0"
        try:
            with kombu.Connection(url, connect_timeout=2) as connection:
                connection.connect()
        except (OSError, kombu.exceptions.OperationalError):
            return False
        return True


def until(condition, complaint="it does not come to pass", patience=PATIENCE):
    """The first true value of `condition()`."""
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, complaint
        pause.wait(0.05)
    return found


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
