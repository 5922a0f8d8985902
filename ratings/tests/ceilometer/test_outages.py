"""PostgreSQL is down for a while, the API is killed: nothing that Ceilometer sends is lost."""

import tempfile
import time
from pathlib import Path

import pytest

from ratings.db import migration
from ratings.db.engine import create_engine
from ratings.tests.brokers import until
from ratings.tests.ceilometer.arrivals import assert_as_read_directly, await_all, received
from ratings.tests.ceilometer.notifications import stream
from ratings.tests.ceilometer.sending import Stream
from ratings.tests.crash.service import Server
from ratings.tests.ledgers import scalar


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


@pytest.mark.parametrize("seconds", [1, pytest.param(30, marks=pytest.mark.slow)])
def test_without_a_database_and_with_a_killed_api_nothing_is_lost_or_doubled(
    server, serve, services, agent, twin, seconds
):
    service = serve(server.url)
    ceilometer = agent(service)
    engine = create_engine(server.url)
    sender = Stream(services, stream(instances=30, hours=200))
    until(lambda: received(engine) > 50, ceilometer.log)
    engine.dispose()

    server.stop()
    back = time.monotonic() + seconds
    until(lambda: spooled(service) > 30 and time.monotonic() > back - seconds / 2)
    service.kill()
    sender.flow()
    service.start()
    before = spooled(service)
    until(lambda: spooled(service) > before + 30 and time.monotonic() > back)
    server.start()
    sender.flow()
    service.kill()
    service.start()
    sender.flow()
    told = sender.end()

    await_all(engine, ceilometer, len(told))
    service.until_drained()
    assert scalar(engine, "SELECT count(*) FROM events") == len(told)
    assert_as_read_directly(engine, twin, told)
    engine.dispose()


def spooled(service):
    return service.ask("/v1/spool")["entries"]
