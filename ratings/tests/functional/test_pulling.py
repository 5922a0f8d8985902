"""Pulling: what a source measured is taken in once, whoever asks for it, and however often."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from ratings import pulling, repricing
from ratings.core.errors import Unavailable
from ratings.core.pulls import Schedule, Source, SourceError, SourceUnreachable
from ratings.db import collections
from ratings.db.engine import create_engine
from ratings.pulling import Intake
from ratings.rater import Rater
from ratings.readers import Reader
from ratings.tests.conftest import temporary
from ratings.tests.journals import price
from ratings.tests.ledgers import ledger, rows, scalar

HOUR = timedelta(hours=1)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SCHEDULE = Schedule(
    window=HOUR,
    lag=timedelta(minutes=30),
    overlap=1,
    start=NEW_YEAR,
    lookback=timedelta(0),
    pauses=(timedelta(minutes=1), HOUR),
)
STATE = "SELECT tenant_id, collected_until, attempts, code, samples FROM collections ORDER BY 1"


def measured(tenant_id, start, end):
    """A volume that is measured every five minutes, and grows every day."""
    at = start + (NEW_YEAR - start) % timedelta(minutes=5)
    while at < end:
        yield json.dumps(
            {
                "name": "volume.size",
                "resource_id": f"volume of {tenant_id}",
                "project_id": tenant_id,
                "timestamp": at.isoformat(),
                "volume": 5 + (at - NEW_YEAR).days,
                "source": "test",
                "resource_metadata": {},
            }
        ).encode()
        at += timedelta(minutes=5)


def priced(engine, settings):
    repricing.add(engine, settings, price("volume.size", "0.5"), retroactive=False)


class Puller:
    """One on a database, with a clock of its own. `now` is moved by the tests."""

    def __init__(self, engine, settings, pull=measured, tenants=("acme",), **sources):
        self.engine = engine
        self.now = NEW_YEAR
        self.sources = sources or {"gnocchi": Source("RegionOne", pull)}
        rater = Rater(engine, settings, lambda: datetime(2027, 1, 1, tzinfo=UTC))
        self.intake = Intake(Reader(settings.definitions).read_sample, rater.rate, 7)
        self.enrol(*tenants)

    def clock(self):
        """No two instants are the same."""
        self.now += timedelta(microseconds=1)
        return self.now

    def enrol(self, *tenants):
        pulling.enrol(self.engine, self.sources, tenants, SCHEDULE, self.clock)

    def turn(self, at):
        """The windows of a turn at an hour of the first of January, as (tenant, hour)."""
        return [(one.tenant_id, hour(one.span.start)) for one in self.outcomes(at)]

    def outcomes(self, at):
        self.now = NEW_YEAR + at * HOUR
        about = self.engine, self.intake, self.sources, SCHEDULE, self.clock
        return list(pulling.turn(*about))


def hour(instant):
    return (instant - NEW_YEAR) / HOUR


@pytest.fixture
def puller(database, settings):
    priced(database, settings)
    return lambda *args, **more: Puller(database, settings, *args, **more)


@pytest.fixture
def twin(postgres, administrator, template):
    yield from temporary(postgres, administrator, template)


@pytest.fixture
def undisturbed(twin, settings):
    """The ledger of some tenants, pulled up to an hour without any trouble."""

    def pulled(at, *tenants):
        priced(twin, settings)
        Puller(twin, settings, tenants=tenants).turn(at)
        return ledger(twin)

    return pulled


def test_windows_are_collected_one_after_the_other_when_they_are_over(database, puller):
    one = puller()
    assert one.turn(1.4) == []
    assert one.turn(1.5) == [("acme", 0)]
    assert one.turn(4.5) == [("acme", 1), ("acme", 2), ("acme", 3)]
    assert one.turn(4.5) == []
    assert rows(database, STATE) == [("acme", NEW_YEAR + 4 * HOUR, 0, None, 48)]
    assert scalar(database, "SELECT count(*) FROM events") == 48
    assert scalar(database, "SELECT count(*) FROM records") > 0


def test_what_is_pulled_again_is_a_duplicate(database, puller):
    first, second = puller().outcomes(2.5)
    assert first.states == {"rated": 12}
    assert second.states == {"duplicate": 12, "rated": 12}, "the hour before overlaps"


def test_tenants_take_turns_so_that_nobody_waits_for_a_backlog(puller):
    one = puller()
    one.turn(1.5)
    one.enrol("acme", "globex")
    assert one.turn(3.5) == [
        ("globex", 0),
        ("acme", 1),
        ("globex", 1),
        ("acme", 2),
        ("globex", 2),
    ]


def test_an_error_is_the_tenants_alone_and_passes(database, puller, undisturbed):
    broken = {"acme"}

    def pull(tenant_id, start, end):
        yield from list(measured(tenant_id, start, end))[:10]
        if tenant_id in broken:
            raise SourceError("no such metric\0 " + "x" * 2000)
        yield from list(measured(tenant_id, start, end))[10:]

    one = puller(pull, tenants=("acme", "globex"))
    assert one.turn(2.5) == [("acme", 0), ("globex", 0), ("globex", 1)]
    (acme, _) = rows(database, STATE)
    assert acme == ("acme", NEW_YEAR, 1, "source_refused", 7)
    assert scalar(database, "SELECT length(detail) FROM collections WHERE code <> ''") == 1000
    assert one.turn(2.51) == [], "a minute has not passed"
    assert one.turn(2.52) == [("acme", 0)]
    assert one.turn(2.54) == [], "now it is two"
    broken.clear()
    assert one.turn(2.6) == [("acme", 0), ("acme", 1)]
    assert rows(database, STATE) == [
        (tenant_id, NEW_YEAR + 2 * HOUR, 0, None, 24) for tenant_id in ("acme", "globex")
    ]
    assert ledger(database) == undisturbed(2.5, "acme", "globex")


def test_a_plug_in_may_raise_anything(database, puller):
    def pull(tenant_id, start, end):
        raise LookupError(tenant_id)

    (outcome,) = puller(pull).outcomes(1.5)
    assert outcome.error.code == "puller_failed"
    assert outcome.error.detail == "unexpected LookupError; see the log"


def test_a_source_that_answers_nobody_is_left_alone_but_the_others_are_not(database, puller):
    def pull(tenant_id, start, end):
        raise SourceUnreachable("connection refused")

    sources = {"gnocchi": Source("North", pull), "prometheus": Source("South", measured)}
    one = puller(tenants=("acme", "globex"), **sources)
    found = [(outcome.source, outcome.tenant_id) for outcome in one.outcomes(1.5)]
    assert found == [("gnocchi", "acme"), ("prometheus", "acme"), ("prometheus", "globex")]
    found = [(outcome.source, outcome.tenant_id) for outcome in one.outcomes(1.5)]
    assert found == [("gnocchi", "globex")]


def test_who_dies_in_the_middle_leaves_nothing_that_asking_again_does_not_mend(
    database, puller, undisturbed
):
    class Killed(BaseException):
        """Nobody catches this."""

    def pull(tenant_id, start, end):
        yield from list(measured(tenant_id, start, end))[:9]
        raise Killed

    with pytest.raises(Killed):
        puller(pull, tenants=("acme", "globex")).turn(3.5)
    assert scalar(database, "SELECT count(*) FROM events") == 7, "one batch"
    assert len(puller(tenants=("acme", "globex")).turn(3.5)) == 6
    assert ledger(database) == undisturbed(3.5, "acme", "globex")


def test_two_pullers_are_never_at_the_same_tenant(database, settings, puller):
    other_engine = create_engine(database.url.render_as_string(hide_password=False))
    other = Puller(other_engine, settings, tenants=("acme", "globex"))
    seen = []

    def pull(tenant_id, start, end):
        seen.append(other.turn(1.5))
        return measured(tenant_id, start, end)

    one = puller(pull, tenants=("acme", "globex"))
    try:
        assert one.turn(1.5) == [("acme", 0)]
        assert seen == [[("globex", 0)]], "what was left for the other"
    finally:
        other_engine.dispose()


def test_what_another_puller_was_faster_with_is_not_collected_again(database, settings, puller):
    other_engine = create_engine(database.url.render_as_string(hide_password=False))
    other = Puller(other_engine, settings)
    seen = []

    def hasten(conn, cursor, statement, *more):
        """The other one is done between the look at what is due and the lock."""
        if "pg_try_advisory_lock" in statement and not seen:
            seen.append(other.turn(1.5))

    one = puller()
    event.listen(database, "before_cursor_execute", hasten)
    try:
        assert one.turn(1.5) == []
        assert seen == [[("acme", 0)]]
    finally:
        event.remove(database, "before_cursor_execute", hasten)
        other_engine.dispose()


def test_the_lock_of_a_puller_ends_with_its_session(database, puller):
    key = ("gnocchi", "RegionOne")
    puller()
    gone_engine = create_engine(database.url.render_as_string(hide_password=False))
    with collections.claimed(gone_engine, key, NEW_YEAR + HOUR, NEW_YEAR + HOUR) as (conn, claim):
        assert claim.tenant_id == "acme"
        with collections.claimed(database, key, NEW_YEAR + HOUR, NEW_YEAR + HOUR) as found:
            assert found is None
        conn.invalidate()  # as a kill of the process does it
        with collections.claimed(database, key, NEW_YEAR + HOUR, NEW_YEAR + HOUR) as found:
            assert found[1].tenant_id == "acme"
    gone_engine.dispose()


def test_who_loses_the_connection_of_the_lock_does_not_say_that_it_collected(
    database, puller, undisturbed
):
    held = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    cut = [True]

    def pull(tenant_id, start, end):
        yield from measured(tenant_id, start, end)
        if cut:
            cut.pop()
            assert scalar(database, held)

    one = puller(pull)
    with pytest.raises(DBAPIError):
        one.turn(2.5)
    assert scalar(database, "SELECT collected_until FROM collections") == NEW_YEAR
    assert one.turn(2.5) == [("acme", 0), ("acme", 1)]
    assert ledger(database) == undisturbed(2.5, "acme")


def test_a_lock_is_given_back_with_the_connection(database, puller):
    puller().turn(1.5)
    assert scalar(database, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


def test_a_tenant_that_is_gone_is_collected_up_to_then(database, puller):
    one = puller(tenants=("acme", "globex"))
    one.now = NEW_YEAR + 1.2 * HOUR
    one.enrol("globex")
    assert one.turn(4.5) == [
        ("acme", 0),
        ("globex", 0),
        ("acme", 1),
        ("globex", 1),
        ("globex", 2),
        ("globex", 3),
    ]
    one.enrol("acme", "globex")
    assert one.turn(4.5) == [("acme", 2), ("acme", 3)], "it is back"
    assert scalar(database, "SELECT count(gone_at) FROM collections") == 0


def test_who_is_asked_for_comes_first_and_needs_not_wait(database, puller):
    broken = True

    def pull(tenant_id, start, end):
        if broken and tenant_id == "globex":
            raise SourceError("busy")
        return measured(tenant_id, start, end)

    one = puller(pull, tenants=("acme", "globex"))
    one.turn(1.5)
    broken = False
    with database.begin() as conn:
        asked = collections.request(conn, one.now, tenant_ids=["globex", "initech"])
    assert asked == ["globex"]
    assert one.turn(2.5) == [("globex", 0), ("globex", 1), ("acme", 1)]
    assert scalar(database, "SELECT count(requested_at) FROM collections") == 0


def test_a_request_that_has_nothing_to_wait_for_is_over_with_the_next_turn(database, puller):
    one = puller()
    one.turn(1.5)
    with database.begin() as conn:
        assert collections.request(conn, one.now) == ["acme"]
    assert one.turn(1.5) == []
    assert scalar(database, "SELECT requested_at FROM collections") is None


def test_what_is_collected_again_changes_nothing(database, puller, undisturbed):
    one = puller()
    one.turn(5.5)
    with database.begin() as conn:
        collections.request(conn, one.now, since=NEW_YEAR + 2 * HOUR)
    outcomes = one.outcomes(5.5)
    assert [hour(outcome.span.start) for outcome in outcomes] == [2, 3, 4]
    assert {state for outcome in outcomes for state in outcome.states} == {"duplicate"}
    assert ledger(database) == undisturbed(5.5, "acme")


def test_who_asks_to_collect_again_meanwhile_is_heard(database, puller):
    asked = []

    def pull(tenant_id, start, end):
        asked.append(end)
        if len(asked) == 2:
            with database.begin() as conn:
                collections.request(conn, start, since=NEW_YEAR)
        return measured(tenant_id, start, end)

    assert [number for _, number in puller(pull).turn(3.5)] == [0, 1, 0, 1, 2]


def test_nothing_is_said_to_be_collected_that_the_database_did_not_take(database, puller):
    one = puller()

    def refuse(arrivals):
        raise Unavailable("the database cannot be used: it restarts")

    one.intake = Intake(one.intake.read, refuse, 7)
    with pytest.raises(Unavailable):
        one.turn(1.5)
    assert rows(database, STATE) == [("acme", NEW_YEAR, 0, None, 0)]


def test_a_sample_that_nobody_understands_is_parked_and_does_not_hold_up_the_others(
    database, puller
):
    def pull(tenant_id, start, end):
        yield b'{"name": "volume.size", "volume": "NaN", "resource_id": "v"}'
        yield b'{"no": "sample"}'
        yield from measured(tenant_id, start, end)

    (outcome,) = puller(pull).outcomes(1.5)
    assert outcome.states == {"parked": 2, "rated": 12}
    codes = rows(database, "SELECT code FROM parked_events ORDER BY 1")
    assert codes == [("body_no_sample",), ("event_time_invalid",)]
