"""Many raters on one database at once: the ledger is that of one rater on its own."""

import itertools
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from ratings import repricing
from ratings.batch import Arrival
from ratings.core.model import Event, Ignored, Price, Unreadable
from ratings.db import migration
from ratings.db.engine import create_engine
from ratings.tests import clouds
from ratings.tests.ledgers import OVERLAPS, SETTINGS, arrival, ledger, rater, rows, scalar

RATERS = 8
RESOURCES = 40
ARRIVALS = 1000

TALLIES = "SELECT sum(received), sum(rated), sum(ignored), sum(parked) FROM tallies"

ROWS = """
SELECT (SELECT count(*) FROM events WHERE state = 'rated'),
       (SELECT count(*) FROM events WHERE state = 'ignored'),
       (SELECT count(*) FROM parked_events)"""

OTHER_SESSIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@pytest.fixture
def other_database(empty_database):
    migration.upgrade(empty_database)
    return empty_database


@pytest.mark.parametrize("seed", range(6))
def test_raters_and_price_changes_at_once_leave_the_ledger_of_a_serial_run(
    database, other_database, seed
):
    chance = random.Random(seed)
    arrivals, prices = a_cloud(chance), some_prices(chance)
    works = [rating(database, in_batches(chance, part)) for part in shares(chance, arrivals)]
    *answers, _ = at_once(*works, pricing(database, prices))

    in_turn = rating(other_database, [arrivals])()
    pricing(other_database, prices)()
    assert ledger(database) == ledger(other_database)
    assert scalar(database, OVERLAPS) == 0
    assert taken(itertools.chain(*answers)) == taken(in_turn)

    ((received, rated, ignored, parked),) = rows(database, TALLIES)
    assert received == rated + ignored + parked == ARRIVALS
    assert rows(database, ROWS) == [(rated, ignored, parked)]
    assert deadlocks(database) == 0


def test_raters_that_meet_on_messages_without_a_resource_do_not_block_each_other(database):
    """No lock on a resource orders them: the order in which they are written has to."""
    chance = random.Random(0)
    arrivals = [
        make(f"m{chance.getrandbits(64):016x}") for _ in range(500) for make in (heard, unreadable)
    ]
    orders = [chance.sample(arrivals, len(arrivals)) for _ in range(RATERS)]
    answers = at_once(*(rating(database, [order]) for order in orders))

    assert set(taken(itertools.chain(*answers)).values()) == {1}
    assert rows(database, TALLIES) == [(1000, 0, 500, 500)]
    assert rows(database, ROWS) == [(0, 500, 500)]
    assert deadlocks(database) == 0


def a_cloud(chance):
    """What comes in: mostly events of few resources, and some to be ignored or parked."""
    return [
        an_arrival(chance, number, f"m{chance.getrandbits(64):016x}") for number in range(ARRIVALS)
    ]


def an_arrival(chance, number, message_id):
    if number % 10 == 8:
        return heard(message_id)
    if number % 10 == 9:
        return unreadable(message_id)
    return arrival(an_event(chance, message_id))


def heard(message_id):
    reading = Ignored(message_id, "RegionOne", "keypair.create.end", clouds.START)
    return Arrival("RegionOne", reading, "{}")


def unreadable(message_id):
    return Arrival("RegionTwo", Unreadable("traits_invalid", "no traits", message_id), "{}")


def an_event(chance, message_id):
    resource = chance.randrange(RESOURCES)
    resource_type = ("instance", "volume")[resource % 2]
    names = [name for name in clouds.FACTS[resource_type] if chance.random() < 0.7]
    action = chance.choice(clouds.ACTIONS[resource_type])
    return Event(
        message_id=message_id,
        region=clouds.REGIONS[resource // 2 % 2],
        event_type=action,
        resource_type=resource_type,
        resource_id=f"{resource_type}-{resource}",
        tenant_id=chance.choice(clouds.TENANTS),
        event_time=a_moment(chance),
        action=action,
        content={name: Decimal(chance.randrange(160)) / 10 for name in names},
        starts=action != "delete",
    )


def a_moment(chance):
    return clouds.START + timedelta(minutes=chance.randrange(clouds.LENGTH))


def some_prices(chance):
    """One price of each kind, most of which reach back into what is rated already."""
    kinds = itertools.product(
        ("vcpu", "ram", "disk", "volume"), (None, *clouds.REGIONS), (None, *clouds.TENANTS)
    )
    return [
        Price(
            id=0,
            component=component,
            unit_price=Decimal(chance.randrange(10**6)) / 1000,
            currency="USD",
            region=region,
            tenant_id=tenant,
            start=chance.choice((None, a_moment(chance))),
        )
        for component, region, tenant in chance.sample(list(kinds), 12)
    ]


def shares(chance, arrivals):
    """What each rater posts: every arrival has four takers, and each its own order."""
    parts = [[] for _ in range(RATERS)]
    for one in arrivals:
        for part in chance.sample(parts, 4):
            part.append(one)
    for part in parts:
        chance.shuffle(part)
    return parts


def in_batches(chance, arriving):
    while arriving:
        size = chance.choice((1, 2, 5, 20, 60))
        yield arriving[:size]
        arriving = arriving[size:]


def rating(database, batches):
    """A function that rates as a process of its own would; returns each message's result."""
    batches = list(batches)

    def work():
        engine = create_engine(database.url)
        mine = rater(engine)
        try:
            return [
                (one.reading.message_id, result.state)
                for batch in batches
                for one, result in zip(batch, mine.rate(batch), strict=True)
            ]
        finally:
            engine.dispose()

    return work


def pricing(database, prices):
    def work():
        engine = create_engine(database.url)
        try:
            return [repricing.add(engine, SETTINGS, price) for price in prices]
        finally:
            engine.dispose()

    return work


def at_once(*works):
    """What each of `works` returns, all of them run together; raises what one of them raises."""
    start = threading.Barrier(len(works), timeout=30)

    def run(work):
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def taken(results):
    """How often each message was taken in: once, unless it is parked time and again."""
    counted = Counter((m, state) for m, state in results if state != "duplicate")
    return {key: 1 if key[1] == "parked" else times for key, times in counted.items()}


def deadlocks(database):
    """How many PostgreSQL had to break; sessions tell when they end."""
    deadline = time.monotonic() + 30
    while scalar(database, OTHER_SESSIONS):
        assert time.monotonic() < deadline, "sessions of the raters do not end"
    return scalar(database, DEADLOCKS)
