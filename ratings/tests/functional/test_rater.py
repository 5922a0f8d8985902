"""The rater on a real database: the laws, and what becomes of each arrival."""

import random
from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratings.batch import Arrival
from ratings.core.ledger import Rules, derive
from ratings.core.model import Ignored, State, Unreadable
from ratings.core.pricing import PriceBook
from ratings.core.timeline import ordered
from ratings.tests import clouds, naive
from ratings.tests.journals import DEFINITIONS, instant, journal, price
from ratings.tests.ledgers import (
    OVERLAPS,
    add_prices,
    arrival,
    empty,
    ledger,
    rate,
    rater,
    rows,
    scalar,
)
from ratings.transformers import lifecycle

VOLUME = """
    06:00 create size=10 id=a
    07:00 resize size=20 id=b
    08:00 exists size=20 id=c
    09:00 delete size=20 id=d
"""


def test_events_become_priced_records(database):
    add_prices(database, [price("volume", "0.5")])
    results = rate(database, journal(VOLUME, "volume"))
    assert [result.state for result in results] == ["rated"] * 4
    assert [(str(row[7]), str(row[11])) for row in ledger(database)] == [
        ("10", "5.000000000000"),
        ("20", "10.000000000000"),
        ("20", "10.000000000000"),
    ]


def test_a_late_event_supersedes_what_it_disproves(database):
    events = journal(VOLUME, "volume")
    rate(database, [events[0], *events[2:]])
    before = ledger(database)
    rate(database, [events[1]])
    assert ledger(database) != before
    rate(database, events)
    assert scalar(database, "SELECT count(*) FROM records WHERE superseded_at IS NOT NULL") == 1


def test_replaying_everything_writes_nothing(database):
    events = journal(VOLUME, "volume")
    rate(database, events)
    counts = "SELECT (SELECT count(*) FROM events), (SELECT max(id) FROM records)"
    before = rows(database, counts)
    assert {result.state for result in rate(database, events[::-1])} == {"duplicate"}
    assert rows(database, counts) == before


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(clouds.events(), clouds.prices(), st.data())
def test_any_order_batching_and_repetition_gives_the_naive_ledger(database, events, prices, data):
    empty(database)
    seed = data.draw(st.integers(0, 2**32), label="order of arrival")
    chance = random.Random(seed)
    arriving = events + chance.choices(events, k=len(events) // 2)
    chance.shuffle(arriving)
    late_prices = prices[len(prices) // 2 :]
    add_prices(database, prices[: len(prices) // 2])
    middle = len(arriving) // 2
    for part in (arriving[:middle], arriving[middle:]):
        while part:
            size = chance.randint(1, len(part))
            rate(database, part[:size])
            part = part[size:]
        add_prices(database, late_prices)
        late_prices = []
    assert found_minutes(database) == naive_minutes(events, prices)
    written = scalar(database, "SELECT max(id) FROM records")
    rate(database, arriving)
    assert scalar(database, "SELECT max(id) FROM records") == written
    assert scalar(database, OVERLAPS) == 0


def found_minutes(database):
    """The ledger, minute by minute: (resource, component, minute) -> tenant, quantity, price."""
    found = {}
    for _, _, resource, component, start, end, tenant, quantity, _, _, unit_price, _ in ledger(
        database
    ):
        moment = start
        while moment < end:
            assert (resource, component, moment) not in found
            found[resource, component, moment] = tenant, quantity, unit_price
            moment += naive.MINUTE
    return found


def naive_minutes(events, prices):
    unit_prices = {price.id: price.unit_price for price in prices}
    return {
        key: (minute.tenant_id, minute.quantity, unit_prices.get(minute.price_id))
        for key, minute in naive.bill(events, prices).items()
    }


def test_the_same_ledger_comes_from_the_pure_core(database):
    events = journal(VOLUME, "volume")
    add_prices(database, [price("volume", "0.7")])
    rate(database, events)
    rules = Rules(
        lifecycle.transform, DEFINITIONS.types["volume"], PriceBook([price("volume", "0.7")], "USD")
    )
    records, _ = derive(rules, State(), ordered(events), "RegionOne", {})
    assert [row[11] for row in ledger(database)] == [record.amount for record in records]


def test_an_event_ahead_of_the_clock_is_parked(database):
    (event,) = journal("06:00 create size=1", "volume")
    far = replace(event, event_time=instant("9999-12-31T00:00"))
    (result,) = rate(database, [far])
    assert (result.state, result.code) == ("parked", "event_in_future")
    assert rows(database, "SELECT code, attempts FROM parked_events") == [("event_in_future", 1)]


def test_what_cannot_be_read_is_parked_once(database):
    bad = Arrival("RegionOne", Unreadable("event_type_unknown", "what?", None), '{"x": 1}')
    rater(database).rate([bad, bad])
    rater(database).rate([bad])
    assert rows(database, "SELECT body, attempts FROM parked_events") == [('{"x": 1}', 2)]
    assert rows(database, "SELECT sum(received), sum(parked) FROM tallies") == [(1, 1)]


def test_what_the_database_refuses_is_parked_alone(database):
    events = [arrival(event) for event in journal(VOLUME, "volume")]
    events[1] = events[1]._replace(body='{"nul": "\\u0000"}')
    results = rater(database).rate(events)
    assert [r.state for r in results] == ["rated", "parked", "rated", "rated"]
    assert results[1].code == "refused_by_database"


def test_a_resource_that_cannot_be_derived_harms_no_other(database):
    good, bad = (
        journal("06:00 create size=1\n07:00 delete", "volume"),
        journal("06:00 create at=r2 id=x\n07:00 delete at=r2 id=y", "router"),
    )

    def broken(state, events, resource_type):
        if resource_type.name == "router":
            raise ZeroDivisionError
        return lifecycle.transform(state, events, resource_type)

    failing = rater(database)
    failing.settings = replace(failing.settings, transformers={"lifecycle": broken})
    results = failing.rate([arrival(event) for event in good + bad])
    assert [r.state for r in results] == ["rated", "rated", "parked", "parked"]
    assert len(ledger(database)) == 1


def test_ignored_events_are_journaled_and_counted(database):
    heard = Ignored("m1", "RegionOne", "keypair.create.end", instant("06:00"))
    results = rater(database).rate([Arrival("RegionOne", heard, "{}")] * 2)
    assert [result.state for result in results] == ["ignored", "duplicate"]
    assert rows(database, "SELECT state, event_type FROM events") == [
        ("ignored", "keypair.create.end")
    ]


def test_received_is_rated_and_ignored_and_parked(database):
    events = [arrival(event) for event in journal(VOLUME, "volume")]
    bad = Arrival("RegionTwo", Unreadable("traits_invalid", "", "p1"), "{}")
    heard = Arrival("RegionTwo", Ignored("i1", "RegionTwo", "x", None), "{}")
    rater(database).rate([*events, bad, heard, events[0], bad])
    understood = heard._replace(reading=Ignored("p1", "RegionTwo", "x", None), parked_as="p1")
    rater(database).rate([understood])
    sums = rows(
        database,
        "SELECT region, sum(received), sum(rated), sum(ignored), sum(parked) FROM tallies"
        " GROUP BY 1 ORDER BY 1",
    )
    assert sums == [("RegionOne", 4, 4, 0, 0), ("RegionTwo", 2, 0, 2, 0)]
    assert scalar(database, "SELECT count(*) FROM parked_events") == 0


def test_a_resource_row_that_contradicts_the_ledger_is_mended_from_the_journal(database):
    events = journal(VOLUME, "volume")
    rate(database, events[:3])
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE resources SET updated_at = updated_at - interval '30 min'")
    rate(database, events[3:])
    healthy = [(str(row[4].time()), str(row[5].time())) for row in ledger(database)]
    assert healthy == [("06:00:00", "07:00:00"), ("07:00:00", "08:00:00"), ("08:00:00", "09:00:00")]


def test_a_closed_order_cuts_what_runs_on_and_late_truth_corrects_it(database):
    """Closing itself is another verb; its cuts are honoured by every derivation."""
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=4", "volume"))
    with database.begin() as conn:
        conn.exec_driver_sql(
            "INSERT INTO sales_orders (tenant_id, span, currency, total, payable, digest)"
            " VALUES ('acme', '[2026-01-01T06:00Z, 2026-01-01T08:00Z)', 'USD', 8, 8, 'x')"
        )
    rate(database, journal("09:00 exists size=3 id=late", "volume"))
    amounts = [(str(row[4].time()), row[7], row[11]) for row in ledger(database)]
    assert amounts == [
        ("06:00:00", Decimal(3), Decimal(6)),
        ("08:00:00", Decimal(3), Decimal(3)),
    ]
