"""The API while its database is away or slow: nothing valid is refused, nothing comes twice."""

import json
import os
import threading
import time
from wsgiref.simple_server import make_server

import httpx
import pytest
from sqlalchemy import text

from ratings import plugins
from ratings.api import spooling
from ratings.api.app import make_services, serve
from ratings.spool import Spool
from ratings.tests.functional.conftest import NOW, Quiet, Server
from ratings.tests.ledgers import ledger, rows

FLAT = {
    "resource_id": "web-1",
    "resource_type": "instance",
    "event_type": "create",
    "event_time": "2026-01-10T00:00:00",
    "region": "RegionOne",
    "tenant_id": "acme",
    "content": {"vcpu": 2, "ram": 2048, "disk": 20},
}
LATER = FLAT | {"event_type": "exists", "event_time": "2026-01-10T06:00:00"}
STRANGE = {"message_id": "m-1", "event_type": "nas.create.end", "generated": "x", "traits": []}


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool", max_bytes=20_000, alarm_percent=50, clock=lambda: NOW)


@pytest.fixture
def services(conf, settings, database, spool, monkeypatch):
    monkeypatch.setattr(spooling, "IDLE", 0.02)
    monkeypatch.setattr(spooling, "LONGEST_PAUSE", 0.05)
    conf.set_override("patience", 0.3, group="spool")
    found = make_services(conf, database, settings, plugins.exports(conf), lambda: NOW, spool)
    conf.clear_override("patience", group="spool")
    found.spooling.start()
    yield found
    found.spooling.stop()


@pytest.fixture
def client(conf, services):
    with make_server("127.0.0.1", 0, serve(conf, services), Server, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", timeout=60) as found:
            yield found
        server.shutdown()
        thread.join()


class Access:
    """Lets everybody into a database, or nobody: what its clients call an outage."""

    def __init__(self, database, administrator):
        self._name = database.url.database
        self._administrator = administrator

    def end(self):
        self._allow("false")
        with self._administrator.connect() as conn:
            conn.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :it"),
                {"it": self._name},
            )

    def begin(self):
        self._allow("true")

    def _allow(self, flag):
        with self._administrator.connect() as conn:
            conn.execute(text(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS {flag}"))


@pytest.fixture
def access(database, administrator):
    found = Access(database, administrator)
    yield found
    found.begin()


def post(client, *events):
    return client.post("/v1/events", json=list(events))


def until_drained(spool):
    deadline = time.monotonic() + 30
    while spool.measure().entries:
        assert time.monotonic() < deadline
        os.sched_yield()


def test_events_are_accepted_while_the_database_is_away_and_rated_when_it_is_back(
    client, spool, access, database
):
    access.end()
    answer = post(client, FLAT, LATER, STRANGE)
    assert answer.status_code == 202
    assert answer.json() == {
        "received": 3,
        "rated": 0,
        "duplicate": 0,
        "ignored": 0,
        "parked": 0,
        "spooled": 3,
        "problems": [],
    }
    access.begin()
    until_drained(spool)
    status = client.get("/v1/status").json()
    counts = [status[name] for name in ("received", "rated", "parked", "duplicate", "balanced")]
    assert counts == [3, 2, 1, 0, True]
    assert len(ledger(database)) > 0


def test_what_waited_is_recognised_when_it_is_sent_again(client, spool, access, database):
    """Also an event without a message id: the one that is made of it is the same."""
    access.end()
    post(client, FLAT, LATER)
    access.begin()
    until_drained(spool)
    before = ledger(database)
    assert post(client, FLAT, LATER).json()["duplicate"] == 2
    assert ledger(database) == before


def test_what_is_wrong_is_refused_whether_the_database_is_there_or_not(client, spool, access):
    access.end()
    refused = post(client, FLAT, FLAT | {"event_time": "tomorrow"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "event_time_invalid"
    headers = {"Content-Type": "application/json"}
    assert client.post("/v1/events", content=b"{", headers=headers).status_code == 400
    assert spool.measure().entries == 0


def test_the_spool_can_be_seen_without_the_database(client, access):
    assert client.get("/v1/status").json()["spool"]["entries"] == 0
    access.end()
    post(client, FLAT)
    post(client, LATER)
    assert client.get("/v1/status").status_code == 503
    state = client.get("/v1/spool").json()
    assert state.pop("bytes") > 400
    assert state == {
        "entries": 2,
        "max_bytes": 20_000,
        "alarm": False,
        "oldest_at": "2026-02-01T00:00:00.000000Z",
        "waiting_seconds": 0,
        "draining_since": None,
        "damaged": 0,
    }


def test_a_full_spool_keeps_nothing_and_gives_an_alarm_before(client, access):
    """This server cannot close a connection, and says 503 instead; see test_silence."""
    access.end()
    statuses = [post(client, FLAT | {"resource_name": "x" * 6000}).status_code for _ in range(4)]
    assert statuses == [202, 202, 202, 503]
    assert client.get("/v1/spool").json()["alarm"]


def test_a_database_that_is_too_slow_keeps_nobody_waiting(client, spool, database):
    with database.connect() as conn:
        conn.exec_driver_sql("LOCK TABLE revisions IN ACCESS EXCLUSIVE MODE")
        conn.exec_driver_sql("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        before = time.monotonic()
        assert post(client, FLAT).json()["spooled"] == 1
        assert post(client, LATER).json()["spooled"] == 1
        assert time.monotonic() - before < 10
    until_drained(spool)
    deadline = time.monotonic() + 30
    while post(client, LATER).json().get("duplicate") != 1:
        assert time.monotonic() < deadline
    assert rows(database, "SELECT count(*) FROM events") == [(2,)]


def test_without_a_spool_its_state_is_nothing(conf, settings, database):
    services = make_services(conf, database, settings, plugins.exports(conf), lambda: NOW)
    with make_server("127.0.0.1", 0, serve(conf, services), Server, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}") as client:
            state = json.loads(client.get("/v1/spool").content)
        server.shutdown()
        thread.join()
    assert (state["entries"], state["max_bytes"], state["alarm"]) == (0, 0, False)
