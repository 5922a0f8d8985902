"""``kill -9`` in the middle of the work: what was acknowledged is there, the rest can be repeated.

The service is the one that operators start, with its embedded PostgreSQL, which is durable here.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest

from ratings.batch import Arrival
from ratings.core.model import Price
from ratings.db import embedded, postmaster
from ratings.db.engine import create_engine
from ratings.readers import Reader
from ratings.tests.crash.telemetry import Ceilometer, events
from ratings.tests.journals import DEFINITIONS
from ratings.tests.ledgers import OVERLAPS, add_prices, ledger, rater, rows, scalar

pytestmark = pytest.mark.slow

needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")

PRICES = {"vcpu": "0.03", "ram": "0.0000071", "disk": "0.00011"}

BACKENDS = """
SELECT pid FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY backend_start"""


class Service:
    """``ratings-api`` on a state path of its own, and always on the same port."""

    def __init__(self, state_path):
        self.state_path = state_path
        self.port = free_port()
        self.process = None

    def start(self):
        options = {
            "OS_API__PORT": str(self.port),
            "OS_API__WORKERS": "2",
            "OS_DEFAULT__AUTH_STRATEGY": "noauth",
            "OS_DEFAULT__STATE_PATH": str(self.state_path),
        }
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

    @contextlib.contextmanager
    def database(self):
        with embedded.running(self.state_path) as url:
            engine = create_engine(url)
            try:
                yield engine
            finally:
                engine.dispose()


@pytest.fixture
def service():
    with tempfile.TemporaryDirectory(prefix="ratings-") as path:
        found = Service(Path(path))
        found.start()
        for component, unit_price in PRICES.items():
            found.ask("/v1/prices", {"resource_type": component, "unit_price": unit_price})
        yield found
        if found.process.poll() is None:
            os.killpg(found.process.pid, signal.SIGKILL)
            found.process.wait()
            found.process.stdout.close()
        if server := found.postgresql():
            os.kill(server.pid, signal.SIGQUIT)
            gone(lambda: os.kill(server.pid, 0))


@pytest.fixture
def ceilometer(service):
    """A Ceilometer that has got rid of a third of its events, and goes on."""
    found = Ceilometer(service.port)
    found.start(events())
    found.until(lambda it: len(it.acknowledged) > len(events()) / 3)
    return found


def test_a_killed_service_has_kept_what_it_acknowledged(service, ceilometer, database):
    service.kill()
    acknowledged = set(ceilometer.acknowledged)
    assert ceilometer.is_busy()
    with service.database() as engine:
        assert acknowledged <= journaled(engine)
        service.start()
    ceilometer.finish()
    assert_as_undisturbed(service, ceilometer, database)


@needs_proc
def test_a_killed_worker_is_replaced_and_nothing_is_lost(service, ceilometer, database):
    os.kill(service.workers()[0], signal.SIGKILL)
    assert ceilometer.is_busy()
    ceilometer.finish()
    assert_as_undisturbed(service, ceilometer, database)


def test_without_postgresql_nobody_is_answered_and_nothing_is_lost(service, ceilometer, database):
    os.kill(service.postgresql().pid, signal.SIGKILL)
    silences = ceilometer.silences
    ceilometer.until(lambda it: it.silences > silences + 50)
    assert ceilometer.statuses == {202}
    service.stop()
    service.start()
    ceilometer.finish()
    assert_as_undisturbed(service, ceilometer, database)


def test_a_killed_session_of_postgresql_costs_no_event(service, ceilometer, database):
    """PostgreSQL ends all others then, and recovers; the service goes on by itself."""
    with service.database() as engine:
        os.kill(rows(engine, BACKENDS)[0][0], signal.SIGKILL)
    assert ceilometer.is_busy()
    ceilometer.finish()
    assert_as_undisturbed(service, ceilometer, database)


def assert_as_undisturbed(service, ceilometer, database):
    """All is accounted for, repeating it changes nothing, and the ledger is what it should be."""
    assert ceilometer.statuses == {202}, service.log()
    before = accounted(service)
    assert before["received"] == before["rated"] == len(events())
    again = Ceilometer(service.port)
    again.start(events())
    again.finish()
    after = accounted(service)
    assert after == before | {"duplicate": before["duplicate"] + len(events())}

    with service.database() as engine:
        assert journaled(engine) == ceilometer.acknowledged
        assert scalar(engine, OVERLAPS) == 0
        assert ledger(engine) == undisturbed(database)
    service.stop()


def accounted(service):
    """What the service says it received, if that adds up."""
    status = service.ask("/v1/status")
    assert status["balanced"]
    assert status["received"] == status["rated"] + status["ignored"] + status["parked"]
    return {name: status[name] for name in ("received", "rated", "duplicate")}


def undisturbed(database):
    """The ledger of a rater that nobody disturbs."""
    add_prices(
        database,
        [
            Price(id=0, component=component, unit_price=Decimal(unit_price), currency="USD")
            for component, unit_price in PRICES.items()
        ],
    )
    reader = Reader(DEFINITIONS)
    for event in events():
        (received,) = reader.read(json.dumps(event).encode(), "RegionOne")
        (result,) = rater(database).rate(
            [Arrival("RegionOne", received.reading, received.body.decode())]
        )
        assert result.state == "rated"
    return ledger(database)


def journaled(engine):
    return {message_id for (message_id,) in rows(engine, "SELECT message_id FROM events")}


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
