"""What waited is rated as if it had just come, and nothing holds up what is behind it."""

from datetime import UTC, datetime

import pytest

from ratings.batch import Result
from ratings.core.errors import InvalidEvent, Unavailable
from ratings.core.model import Ignored
from ratings.draining import Drainer
from ratings.readers import Received
from ratings.spool import Entry, Spool

NOW = datetime(2026, 2, 1, tzinfo=UTC)


class Database:
    """Takes everything but what it is told not to take."""

    def __init__(self):
        self.calls = []
        self.failures = {}
        self.up = True

    def rate(self, arrivals):
        self.calls.append([arrival.body for arrival in arrivals])
        if not self.up:
            raise Unavailable("gone")
        for arrival in arrivals:
            # What is to be parked is not looked into.
            if isinstance(arrival.reading, Ignored) and arrival.body in self.failures:
                raise self.failures[arrival.body]
        self.taken += [
            getattr(arrival.reading, "code", arrival.body.strip('"')) for arrival in arrivals
        ]
        return [Result("ignored") for _ in arrivals]

    taken = ()

    def answers(self):
        return self.up


def read(body, region):
    if body == b'"refused"':
        raise InvalidEvent("no longer defined", code="resource_type_invalid")
    return [Received(Ignored(body.decode(), region, "", None), body)]


@pytest.fixture
def database():
    found = Database()
    found.taken = []
    return found


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool", max_bytes=10**7, alarm_percent=50, clock=lambda: NOW)


@pytest.fixture
def keep(spool):
    def keep(*names, kind="events"):
        for name in names:
            spool.append(Entry(kind, "RegionOne", NOW, f'"{name}"'.encode()))
        spool.seal()

    return keep


@pytest.fixture
def drainer(spool, database):
    return Drainer(spool, database.rate, {"events": read}, database.answers)


def test_everything_is_rated_in_one_call_and_in_its_order(keep, drainer, database, spool):
    keep("a", "b", "c")
    assert drainer.run() == 3
    assert database.calls == [['"a"', '"b"', '"c"']]
    assert spool.is_empty()


def test_nothing_is_removed_before_it_is_durable_elsewhere(keep, drainer, database, spool):
    keep("a", "b")
    database.up = False
    with pytest.raises(Unavailable):
        drainer.run()
    assert spool.measure().entries == 2
    database.up = True
    drainer.run()
    assert database.taken == ["a", "b"]


def test_what_breaks_the_rater_is_parked_and_the_others_are_rated(keep, drainer, database, spool):
    keep("a", "b", "c", "d", "e")
    database.failures['"c"'] = ZeroDivisionError()
    drainer.run()
    assert database.taken == ["a", "b", "rater_failed", "d", "e"]
    assert spool.is_empty()


def test_of_a_list_only_what_breaks_the_rater_is_parked_and_each_for_itself(
    spool, drainer, database
):
    """A list in one piece could never be read again: parked events are objects."""
    spool.append(Entry("events", "RegionOne", NOW, b'["a", "b", "c"]'))
    spool.seal()
    database.failures['"b"'] = ZeroDivisionError()
    drainer.run()
    assert database.taken == ["a", "rater_failed", "c"]
    assert database.calls[-2] == ['"b"']
    assert spool.is_empty()


def test_what_the_database_cannot_do_now_goes_behind_the_others(keep, drainer, database, spool):
    keep("a", "b", "c")
    database.failures['"a"'] = Unavailable("canceling statement due to lock timeout")
    drainer.run()
    assert database.taken == ["b", "c"]
    assert spool.measure().entries == 1
    database.failures.clear()
    spool.seal()
    drainer.run()
    assert database.taken == ["b", "c", "a"]


def test_a_database_that_answers_but_takes_nothing_is_left_alone(keep, drainer, database, spool):
    keep(*"abcdefgh")
    database.failures = {f'"{name}"': Unavailable("No space left") for name in "abcdefgh"}
    with pytest.raises(Unavailable):
        drainer.run()
    assert len(database.calls) < 8
    spool.seal()
    assert spool.measure().entries == 8


def test_what_is_refused_by_now_is_parked_with_the_reason(keep, drainer, database):
    keep("a", "refused", "b")
    drainer.run()
    assert database.taken == ["a", "resource_type_invalid", "b"]


def test_a_kind_that_this_release_does_not_know_is_parked(keep, drainer, database):
    keep("a", kind="prophecies")
    drainer.run()
    assert database.taken == ["kind_unknown"]


def test_a_body_that_is_no_json_any_more_is_parked(spool, drainer, database):
    spool.append(Entry("events", "RegionOne", NOW, b"[1, 2"))
    spool.seal()
    drainer.run()
    assert database.taken == ["body_not_json"]


def test_who_is_stopped_finishes_his_batch_and_leaves_the_rest(keep, drainer, database, spool):
    keep("a", "b")
    assert drainer.run(stopped=lambda: True) == 0
    assert spool.measure().entries == 2
