"""PostgreSQL goes away and the API is killed, and whoever sends events notices neither.

The service is the one that operators start, with a PostgreSQL beside it that is stopped and
started as an operator would.
"""

import tempfile
import time
from pathlib import Path

import pytest

from ratings.db import migration
from ratings.db.engine import create_engine
from ratings.tests.crash.service import Server, Service
from ratings.tests.crash.telemetry import Ceilometer, events
from ratings.tests.crash.truth import PRICES, accounted, journaled, undisturbed
from ratings.tests.ledgers import OVERLAPS, ledger, scalar


@pytest.fixture
def server(pg_bindir):
    with tempfile.TemporaryDirectory(prefix="ratings-") as path:
        found = Server(Path(path), pg_bindir)
        found.start()
        engine = create_engine(found.url)
        migration.upgrade(engine)
        engine.dispose()
        yield found
        found.stop()


@pytest.fixture
def service(server):
    with tempfile.TemporaryDirectory(prefix="ratings-") as path:
        found = Service(Path(path), OS_DATABASE__CONNECTION=server.url)
        found.start()
        for component, unit_price in PRICES.items():
            found.ask("/v1/prices", {"resource_type": component, "unit_price": unit_price})
        yield found
        if found.process.poll() is None:
            found.kill()


def endure(server, service, ceilometer, seconds):
    """A database that is away for `seconds`, and an API that is killed in that time."""
    acknowledged = len(ceilometer.acknowledged)
    server.stop()
    back = time.monotonic() + seconds
    ceilometer.until(lambda it: it.spooled > 30 and time.monotonic() > back - seconds / 3)
    assert service.ask("/v1/spool")["entries"] > 0
    service.kill()
    service.start()
    spooled = ceilometer.spooled
    ceilometer.until(lambda it: it.spooled > spooled + 30 and time.monotonic() > back)
    assert len(ceilometer.acknowledged) > acknowledged + 60
    assert ceilometer.is_busy()
    server.start()


def assert_as_undisturbed(server, service, ceilometer, database):
    ceilometer.finish()
    assert ceilometer.statuses == {202}, service.log()
    service.until_drained()
    found = accounted(service)
    assert found["received"] == found["rated"] == len(events())
    engine = create_engine(server.url)
    assert journaled(engine) == ceilometer.acknowledged
    assert scalar(engine, OVERLAPS) == 0
    assert ledger(engine) == undisturbed(database)
    engine.dispose()
    service.stop()
    assert [path.name for path in service.state_path.glob("spool/*/*")] == ["drain.lock"]


def test_an_outage_and_a_kill_in_the_middle_of_a_stream_leave_no_trace(server, service, database):
    ceilometer = Ceilometer(service.port, pace=0.05)
    ceilometer.start(events())
    ceilometer.until(lambda it: len(it.acknowledged) > len(events()) / 4)
    endure(server, service, ceilometer, seconds=1)
    assert_as_undisturbed(server, service, ceilometer, database)


@pytest.mark.slow
def test_half_a_minute_without_a_database_leaves_no_trace(server, service, database):
    ceilometer = Ceilometer(service.port, pace=0.5)
    ceilometer.start(events())
    ceilometer.until(lambda it: len(it.acknowledged) > len(events()) / 4)
    endure(server, service, ceilometer, seconds=30)
    assert_as_undisturbed(server, service, ceilometer, database)
