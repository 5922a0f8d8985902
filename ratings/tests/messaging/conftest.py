"""A RabbitMQ for all tests of a session, collectors, and the services that notify them."""

from pathlib import Path

import pytest

from ratings.tests import brokers
from ratings.tests.messaging.collectors import Collector
from ratings.tests.messaging.services import Cloud


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("messaging")


@pytest.fixture(scope="session")
def rabbit():
    """A broker. A test that stops it starts it again."""
    with brokers.running() as found:
        yield found


@pytest.fixture
def transport_url(rabbit):
    """A virtual host of the test's own."""
    return rabbit.vhost()


@pytest.fixture
def cloud(transport_url):
    """Services whose queues and exchanges survive a restart of the broker."""
    found = Cloud(transport_url, rabbit_quorum_queue=True)
    yield found
    found.close()


@pytest.fixture
def collector(database, transport_url, tmp_path):
    """Starts collectors; options go before those that fit `cloud`."""
    started = []

    def start(**options):
        told = {
            "OS_DEFAULT__TRANSPORT_URL": transport_url,
            "OS_OSLO_MESSAGING_RABBIT__RABBIT_QUORUM_QUEUE": "true",
            "OS_COLLECTOR__BATCH_TIMEOUT": "0.2",
        }
        url = options.pop("database_url", None)
        url = url or database.url.render_as_string(hide_password=False)
        log = tmp_path / f"collector-{len(started)}.log"
        found = Collector(url, told | options, log)
        started.append(found)
        found.greeting = found.listening()
        return found

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()
