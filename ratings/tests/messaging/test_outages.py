"""The broker restarts, a collector is killed, the database goes: nothing is lost or doubled."""

import logging
import signal
import socket
import tempfile
import threading
from functools import partial
from pathlib import Path

import pytest

from ratings.db import embedded, migration
from ratings.db.engine import create_engine
from ratings.tests.brokers import PATIENCE, free_ports, until
from ratings.tests.ledgers import OVERLAPS, ledger, rows, scalar
from ratings.tests.messaging.services import feed, lives, say

TOLD = "SELECT count(DISTINCT (resource_id, event_time)) FROM events"
STATES = "SELECT sum(rated), sum(ignored), sum(parked) FROM tallies"

LINGER = """
CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION linger()"""
"""Whoever commits events waits for whoever holds the advisory lock 1."""


class Dropped(logging.Handler):
    """Counts what a notifier gives up while the broker is away; it logs that and goes on."""

    count = 0

    def emit(self, record):
        self.count += 1


class Sender:
    """Notifies in a thread, and again what the notifier itself has dropped.

    The last tenth waits for `go_on`, however fast it is.
    """

    def __init__(self, cloud, told):
        self._told = told
        self._going_on = threading.Event()
        self._notifier = cloud.notifier("nova")
        self._sent = 0
        self.dropped = Dropped(logging.ERROR)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def busy(self):
        return self._thread.is_alive()

    def go_on(self):
        self._going_on.set()

    def finish(self):
        self._thread.join(PATIENCE)
        assert self._sent == len(self._told)

    def _run(self):
        log = logging.getLogger("oslo_messaging.notify.messaging")
        log.addHandler(self.dropped)
        for number, event in enumerate(self._told):
            if number == len(self._told) * 9 // 10:
                self._going_on.wait()
            before = -1
            while before < self.dropped.count:
                before = self.dropped.count
                say(self._notifier, *event)
            self._sent += 1
        log.removeHandler(self.dropped)


def journaled(engine):
    return scalar(engine, "SELECT count(*) FROM events")


@pytest.mark.parametrize(
    ("instances", "hours"),
    [(20, 30), pytest.param(200, 50, marks=pytest.mark.slow)],
    ids=["600", "10000"],
)
def test_a_restarted_broker_and_a_killed_collector_cost_nothing(
    rabbit, cloud, collector, transport_url, database, twin, instances, hours
):
    told = lives(instances, hours)
    first, second = collector(), collector()
    sender = Sender(cloud, told)
    until(lambda: journaled(database) > len(told) / 5)
    first.kill()
    until(lambda: journaled(database) > len(told) / 3)
    rabbit.stop()
    try:
        assert sender.busy()
        sender.go_on()
    finally:
        rabbit.start()
    sender.finish()
    until(lambda: scalar(database, TOLD) == len(told), second.log)
    assert second.stop() == 0, second.log()

    assert rabbit.waiting(transport_url, "ratings") == 0
    # What the notifier said it dropped may have come even so, under an id of its own.
    assert 0 <= journaled(database) - len(told) <= sender.dropped.count
    assert rows(database, STATES) == [(journaled(database), 0, 0)]
    assert scalar(database, OVERLAPS) == 0
    feed(twin, told)
    assert ledger(database) == ledger(twin)


def test_while_the_database_is_down_notifications_wait_at_the_broker(
    rabbit, cloud, collector, transport_url, twin, pg_bindir
):
    told = lives(10, 8)
    with tempfile.TemporaryDirectory(prefix="ratings-") as state_path:
        server = partial(embedded.running, Path(state_path), bindir=pg_bindir)
        nova = cloud.notifier("nova")
        with server() as url:
            engine = create_engine(url)
            migration.upgrade(engine)
            one = collector(database_url=url, OS_COLLECTOR__RETRY_INTERVAL="1")
            for event in told[:20]:
                say(nova, *event)
            until(lambda: journaled(engine) == 20)
            engine.dispose()
        for event in told[20:]:
            say(nova, *event)
        until(lambda: rabbit.waiting(transport_url, "ratings") == len(told) - 20, one.log)
        assert one.log().count("were not kept") == 1
        with server():
            until(lambda: journaled(engine) == len(told), one.log)
            assert one.stop() == 0
            assert rabbit.waiting(transport_url, "ratings") == 0
            feed(twin, told)
            assert ledger(engine) == ledger(twin)
            engine.dispose()


def test_a_collector_fetches_a_batch_ahead_and_leaves_the_rest_to_others(
    rabbit, cloud, collector, transport_url, database
):
    collector(
        OS_COLLECTOR__BATCH_SIZE="5",
        OS_COLLECTOR__EXCHANGES="nova",
        OS_COLLECTOR__TOPICS="notifications",
    )
    with database.connect() as conn:
        conn.exec_driver_sql("LOCK TABLE events IN EXCLUSIVE MODE")
        nova = cloud.notifier("nova")
        for event in lives(5, 6):
            say(nova, *event)
        until(lambda: scalar(database, "SELECT count(*) FROM pg_locks WHERE NOT granted"))
        assert rabbit.waiting(transport_url, "ratings") == 25
        conn.rollback()
    until(lambda: journaled(database) == 30)


def test_a_collector_that_is_told_to_stop_takes_what_it_has_begun_to_its_end(
    rabbit, cloud, collector, transport_url, database
):
    told = lives(10, 30)
    one = collector(OS_COLLECTOR__BATCH_SIZE="10")
    nova = cloud.notifier("nova")
    for event in told:
        say(nova, *event)
    assert one.stop() == 0, one.log()
    left = rabbit.waiting(transport_url, "ratings")
    assert journaled(database) >= len(told) - left
    other = collector()
    until(lambda: journaled(database) == len(told), other.log)
    assert other.stop() == 0
    assert rabbit.waiting(transport_url, "ratings") == 0


def test_a_broker_that_is_not_there_holds_up_neither_another_one_nor_the_end(
    rabbit, cloud, collector, transport_url, database, tmp_path
):
    (nowhere,) = free_ports(1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        one = collector(
            OS_COLLECTOR__SOURCES="away,here",
            OS_SOURCE_AWAY__TRANSPORT_URL=f"rabbit://guest:guest@127.0.0.1:{nowhere}/",
            OS_SOURCE_HERE__TRANSPORT_URL=transport_url,
            NOTIFY_SOCKET=str(tmp_path / "notify"),
        )
        assert one.greeting == "ratings-collector: listening to here for RegionOne\n"
        assert systemd.recv(100) == b"READY=1"
        for event in lives(2, 2):
            say(cloud.notifier("nova"), *event)
        until(lambda: journaled(database) == 4)
        assert one.stop() == 0
        said = [systemd.recv(200) for _ in range(2)]
    assert b"STOPPING=1" in said
    assert "here" in one.log()


def test_a_batch_that_was_committed_but_not_acknowledged_comes_again_and_changes_nothing(
    rabbit, cloud, collector, transport_url, database
):
    told = lives(5, 6)
    one = collector(OS_COLLECTOR__BATCH_SIZE="10")
    nova = cloud.notifier("nova")
    with database.connect() as conn:
        conn.exec_driver_sql(LINGER)
        conn.exec_driver_sql("SELECT pg_advisory_lock(1)")
        conn.commit()
        for event in told:
            say(nova, *event)
        until(lambda: scalar(database, "SELECT count(*) FROM pg_locks WHERE NOT granted"))
        # It has sent its COMMIT, and will not see what comes of it.
        one.process.send_signal(signal.SIGSTOP)
        conn.exec_driver_sql("SELECT pg_advisory_unlock(1)")
        conn.commit()
    committed = until(lambda: journaled(database))
    one.kill()
    other = collector()
    until(lambda: rows(database, STATES) == [(len(told), 0, 0)], other.log)
    assert other.stop() == 0
    assert rabbit.waiting(transport_url, "ratings") == 0
    assert 0 < committed < len(told)
    assert scalar(database, "SELECT sum(duplicate) FROM tallies") == committed
    assert journaled(database) == len(told)
