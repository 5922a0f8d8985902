"""The API on a fresh database, with a clock that stands still."""

import threading
from datetime import UTC, datetime
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
import pytest

from ratings import conf as options
from ratings import plugins
from ratings.api.app import make_app
from ratings.tests.contracts import Watched

NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def conf():
    """The default configuration, except that everybody may do everything."""
    found = options.load([], default_config_files=[])
    found.set_override("auth_strategy", "noauth")
    return found


@pytest.fixture(scope="session")
def settings(conf):
    """The definitions that ship with ratings, and the installed transformers."""
    return plugins.settings(conf)


@pytest.fixture
def api(conf, settings, database):
    """The WSGI application; it is 2026-02-01T00:00 in it. Each answer must be as described."""
    app = Watched(make_app(conf, database, settings, plugins.exports(conf), lambda: NOW))
    yield app
    assert app.differences == []


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format, *args):
        """Say nothing."""


@pytest.fixture
def url(api):
    """Where it is served."""
    with make_server("127.0.0.1", 0, api, Server, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def client(url):
    """An HTTP client of it, over a socket: nothing of a request is put right on the way."""
    with httpx.Client(base_url=url, timeout=60) as found:
        yield found


def url_text(engine):
    """The URL of a database as a configuration has it."""
    return engine.url.render_as_string(hide_password=False)
