"""Requests that come at the same time are rated together, and none pays for another."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ratings.api.combining import LARGE, MOST, Combiner, TooSlow
from ratings.batch import Arrival, Result
from ratings.core.errors import Unavailable
from ratings.core.model import Unreadable


def arrivals(*bodies):
    return [Arrival("RegionOne", Unreadable("event_type_unknown", ""), body) for body in bodies]


class Database:
    """Rates like the real one, and can be told to take its time."""

    def __init__(self, poison=None, error=None):
        self.calls = []
        self.poison = poison
        self.error = error
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def rate(self, batch):
        self.entered.set()
        assert self.go_on.wait(30)
        bodies = [arrival.body for arrival in batch]
        self.calls.append(bodies)
        if self.error is not None and (self.poison is None or self.poison in bodies):
            raise self.error
        return [Result("parked", body) for body in bodies]


def rated_together(database, *requests):
    """What becomes of `requests` that come while another one is being rated."""
    combiner = Combiner(database.rate)
    database.go_on.clear()
    with ThreadPoolExecutor(len(requests) + 1) as pool:
        first = pool.submit(combiner.rate, arrivals("first"))
        assert database.entered.wait(30)
        futures = []
        for number, request in enumerate(requests, 1):
            futures.append(pool.submit(combiner.rate, request))
            while combiner.waiting < number:
                os.sched_yield()
        database.go_on.set()
        return [future.exception() or future.result() for future in (first, *futures)]


def codes(results):
    return [result.code for result in results]


def test_one_request_is_rated_at_once():
    database = Database()
    assert codes(Combiner(database.rate).rate(arrivals("a", "b"))) == ["a", "b"]
    assert database.calls == [["a", "b"]]


def test_requests_that_wait_share_one_call_and_each_gets_its_own_results():
    database = Database()
    outcomes = rated_together(database, arrivals("a"), arrivals("b", "c"), arrivals("d"))
    assert [codes(outcome) for outcome in outcomes] == [["first"], ["a"], ["b", "c"], ["d"]]
    assert database.calls == [["first"], ["a", "b", "c", "d"]]


def test_a_call_takes_no_more_than_a_database_bears():
    database = Database()
    one = arrivals(*["x"] * (LARGE - 1))
    outcomes = rated_together(database, *[one] * 10)
    assert all(len(outcome) == LARGE - 1 for outcome in outcomes[1:])
    assert max(map(len, database.calls)) < MOST + LARGE


def test_a_large_request_goes_straight_to_the_database_in_parts():
    database = Database()
    bodies = [str(number) for number in range(MOST + 1)]
    assert codes(Combiner(database.rate).rate(arrivals(*bodies))) == bodies
    assert list(map(len, database.calls)) == [MOST, 1]


def test_nobody_is_told_that_it_was_kept_when_the_database_is_gone():
    outcomes = rated_together(Database(error=Unavailable("gone")), arrivals("a"), arrivals("b"))
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3


def test_an_arrival_that_breaks_the_rater_harms_no_other_request():
    database = Database(poison="b", error=ZeroDivisionError())
    outcomes = rated_together(database, arrivals("a"), arrivals("b"), arrivals("c"))
    assert codes(outcomes[1]) == ["a"]
    assert isinstance(outcomes[2], ZeroDivisionError)
    assert codes(outcomes[3]) == ["c"]


def test_a_thread_that_is_stopped_leaves_nobody_waiting():
    outcomes = []
    combiner = Combiner(Database(error=SystemExit(1)).rate)
    with pytest.raises(SystemExit):
        combiner.rate(arrivals("a"))
    with pytest.raises(SystemExit):
        outcomes.append(combiner.rate(arrivals("b")))
    assert combiner.waiting == 0


@pytest.fixture
def stuck():
    """A database that does not come back from a call until it is told to."""
    database = Database()
    database.go_on.clear()
    yield database
    database.go_on.set()


@pytest.mark.parametrize("count", [1, LARGE])
def test_a_request_waits_no_longer_than_its_patience(stuck, count):
    combiner = Combiner(stuck.rate, patience=0.02)
    with pytest.raises(TooSlow, match="0.02 s" if count == 1 else "0.04 s"):
        combiner.rate(arrivals(*["x"] * count))


def test_who_comes_while_others_wait_too_long_does_not_wait_at_all(stuck):
    combiner = Combiner(stuck.rate, patience=0.02)
    with pytest.raises(TooSlow, match="longer than"):
        combiner.rate(arrivals("a"))
    # The thread that rates may have begun later than the request; its time must be over, too.
    assert stuck.entered.wait(30)
    over = time.monotonic() + 0.02
    while time.monotonic() <= over:
        pass
    with pytest.raises(TooSlow, match="too long"):
        combiner.rate(arrivals("b"))
    assert combiner.waiting == 0


def test_threads_do_not_pile_up_behind_large_requests(stuck):
    combiner = Combiner(stuck.rate, patience=0.001)
    before = threading.active_count()
    for _ in range(20):
        with pytest.raises(TooSlow):
            combiner.rate(arrivals(*["x"] * LARGE))
    assert threading.active_count() - before <= 4


def test_what_nobody_waits_for_any_more_is_not_begun(stuck):
    combiner = Combiner(stuck.rate, patience=0.2)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(combiner.rate, arrivals("a"))
        assert stuck.entered.wait(30)
        second = pool.submit(combiner.rate, arrivals("b"))
        assert {type(first.exception()), type(second.exception())} == {TooSlow}
    stuck.go_on.set()
    while combiner.waiting:
        os.sched_yield()
    for _ in range(1000):
        try:
            assert codes(combiner.rate(arrivals("c"))) == ["c"]
            break
        except TooSlow:
            os.sched_yield()
    assert stuck.calls == [["a"], ["c"]]


def test_a_forked_process_rates_with_a_thread_of_its_own():
    database = Database()
    combiner = Combiner(database.rate)
    combiner.rate(arrivals("a"))
    child = os.fork()
    if child == 0:
        os._exit(codes(combiner.rate(arrivals("b"))) != ["b"])
    assert os.waitpid(child, 0)[1] == 0
