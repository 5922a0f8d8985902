"""``kill -9`` in the middle of the work: what was acknowledged is there, the rest can be repeated.

The service is the one that operators start, with its embedded PostgreSQL, which is durable here.
"""

import os
import signal
import tempfile
from pathlib import Path

import pytest

from ratings.tests.crash.service import Service, gone
from ratings.tests.crash.telemetry import Ceilometer, events
from ratings.tests.crash.truth import PRICES, accounted, journaled, undisturbed
from ratings.tests.ledgers import OVERLAPS, ledger, rows, scalar

pytestmark = pytest.mark.slow

needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")

BACKENDS = """
SELECT pid FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY backend_start"""


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


def test_without_postgresql_everything_is_accepted_and_nothing_is_lost(
    service, ceilometer, database
):
    os.kill(service.postgresql().pid, signal.SIGKILL)
    acknowledged = len(ceilometer.acknowledged)
    ceilometer.until(lambda it: len(it.acknowledged) > acknowledged + 50)
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
    service.until_drained()
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
