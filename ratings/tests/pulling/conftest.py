"""A Gnocchi and a Prometheus for all tests of a session, and pullers."""

import os
from pathlib import Path

import pytest

from ratings import conf as options
from ratings import plugins
from ratings.tests.conftest import create, temporary, url_of
from ratings.tests.pulling import gnocchis, prometheuses
from ratings.tests.pulling.pullers import Puller


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("pulling")


def absent(what):
    """Say that something cannot be tested; in continuous integration that is a failure."""
    pytest.fail(what) if os.environ.get("CI") else pytest.skip(what)


@pytest.fixture(scope="session")
def gnocchi(postgres, administrator, tmp_path_factory):
    """Its indexer is a database of the suite's own server."""
    if missing := gnocchis.missing():
        absent(f"NOT TESTED: Gnocchi; {', '.join(missing)} is not installed (extra pulling)")
    create(administrator, "gnocchi")
    folder = tmp_path_factory.mktemp("gnocchi")
    found = gnocchis.Gnocchi(folder, url_of(postgres, "gnocchi"))
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.fixture
def prometheus(tmp_path):
    """Makes servers of series; see `prometheuses.Prometheus`."""
    if missing := prometheuses.missing():
        absent(f"NOT TESTED: Prometheus; {', '.join(missing)} is not there (Debian: prometheus)")
    started = []

    def start(series, **security):
        folder = tmp_path / f"prometheus-{len(started)}"
        folder.mkdir()
        found = prometheuses.Prometheus(folder, **security)
        started.append(found)
        found.start(series)
        return found

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def settings():
    """What ships with ratings."""
    return plugins.settings(options.load([], default_config_files=[]))


@pytest.fixture
def twin(postgres, administrator, template):
    """An engine on another fresh database, for what the first one is compared with."""
    yield from temporary(postgres, administrator, template)


@pytest.fixture
def puller(database, tmp_path):
    """Starts pullers that go on until they are stopped."""
    started = []

    def start(**options):
        found = Puller(database, tmp_path / f"puller-{len(started)}.log", **options)
        started.append(found)
        assert found.collecting().startswith("ratings-puller: collecting from"), found.log()
        return found

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()
