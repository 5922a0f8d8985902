"""Samples through the real rater: any order and any batches, closings, late ones, prices."""

import json
import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratings import explaining, orders, repricing, resettling, settling
from ratings.accruing import accrue
from ratings.auditing import audit
from ratings.batch import Arrival
from ratings.core import mappings
from ratings.core.errors import RatingError
from ratings.db import resources
from ratings.db.reading import EVERYTHING
from ratings.rater import Rater
from ratings.readers import Reader
from ratings.requeueing import requeue
from ratings.resettling import Scope
from ratings.tests import meters, naive_samples
from ratings.tests.conftest import temporary
from ratings.tests.journals import DEFINITIONS, instant, journal, price
from ratings.tests.ledgers import NOW, OVERLAPS, arrival, empty, ledger, rows, scalar
from ratings.tests.sampled import DOCUMENT, HOUR, SAMPLED, SAMPLED_SETTINGS, samples

TENANTS = ("acme", "globex")


@pytest.fixture
def twin(postgres, administrator, template):
    """An engine on another fresh database."""
    yield from temporary(postgres, administrator, template)


def rater(database):
    return Rater(database, SAMPLED_SETTINGS, clock=lambda: NOW)


def rate(database, events):
    return [result.state for result in rater(database).rate([arrival(e) for e in events])]


def add_price(database, *args, **more):
    retroactive = more.pop("retroactive", False)
    return repricing.add(database, SAMPLED_SETTINGS, price(*args, **more), retroactive=retroactive)


def close(database, tenant_id, end):
    return orders.close(database, rater(database), tenant_id, end, NOW).order


def charged(database):
    """The ledger, as ``start-end component quantity``."""
    return [
        f"{start:%H:%M}-{end:%H:%M} {component} {quantity:f}"
        for _, _, _, component, start, end, _, quantity, *_ in ledger(database)
    ]


def by_minute(database):
    found = {}
    for _, kind, resource, component, start, end, tenant, quantity, *_ in ledger(database):
        moment = start
        while moment < end:
            assert (kind, resource, moment) not in found
            found[kind, resource, moment] = tenant, component, Fraction(quantity)
            moment += naive_samples.MINUTE
    return found


def naively(events, end):
    of_one = {}
    for event in events:
        of_one.setdefault((event.resource_type, event.resource_id), []).append(event)
    return {
        (*key, moment): charge
        for key, found in of_one.items()
        for moment, charge in naive_samples.charges(found, end).items()
    }


def remembered(database):
    """The checkpoints; whether what runs was closed by an order meanwhile makes no difference."""
    sql = """
        SELECT s.resource_type, s.resource_id, c.updated_at, c.tenant_id, c.facts, c.created_at
        FROM checkpoints c JOIN resources s ON s.id = c.resource_id ORDER BY 1, 2, 3"""
    return rows(database, sql)


def findings(database):
    return list(audit(database, SAMPLED_SETTINGS, grace=timedelta(0)))


def close_if_used(database, tenant_id, end):
    try:
        close(database, tenant_id, end)
    except RatingError as error:
        if error.code not in ("no_usage", "end_not_after_start"):
            raise


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(meters.clouds(), st.data())
def test_any_order_batching_repetition_and_closing_gives_the_naive_ledger(database, events, data):
    empty(database)
    chance = random.Random(data.draw(st.integers(0, 2**32), label="order of arrival"))
    arriving = events + chance.choices(events, k=len(events) // 2) if events else []
    chance.shuffle(arriving)
    add_price(database, "size", "0.5", start="22:30")
    while arriving:
        size = chance.randint(1, len(arriving))
        rate(database, arriving[:size])
        arriving = arriving[size:]
        if chance.random() < 0.5:
            end = meters.at(chance.randint(1, meters.LENGTH))
            close_if_used(database, chance.choice(TENANTS), end)
    for tenant_id in TENANTS:
        close_if_used(database, tenant_id, meters.END)
    assert by_minute(database) == naively(events, meters.END)
    assert scalar(database, OVERLAPS) == 0
    assert findings(database) == []
    before = ledger(database), remembered(database)
    assert set(rate(database, events)) <= {"duplicate"}
    assert (ledger(database), remembered(database)) == before
    empty(database)
    rate(database, events)
    assert remembered(database) == before[1]


def test_a_late_sample_derives_its_window_anew_and_no_other(database):
    rate(database, samples("10:05 5\n10:45 6\n11:05 7\n12:05 7"))
    kept = rows(database, "SELECT id FROM records WHERE lower(span) >= '2026-01-01T11:00Z'")
    rate(database, samples("10:25 9"))
    assert charged(database) == ["10:00-11:00 size 9", "11:00-12:00 size 7"]
    assert scalar(database, "SELECT count(*) FROM records WHERE superseded_at IS NOT NULL") == 1
    after = rows(database, "SELECT id FROM records WHERE lower(span) >= '2026-01-01T11:00Z'")
    assert after == kept


LONG = "\n".join(f"2026-01-{day:02}T{hour:02}:05 {day}" for day in range(1, 6) for hour in (9, 21))


@pytest.mark.parametrize("meter", ["size", "counter", "volume.size"])
def test_a_late_sample_looks_at_no_earlier_day(database, twin, meter):
    """Else it would take as long as its meter is old."""
    for engine in (database, twin):
        rate(engine, samples(LONG, meter))
    with database.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        conn.exec_driver_sql("DELETE FROM events WHERE event_time < '2026-01-04T00:00Z'")
    for engine in (database, twin):
        rate(engine, samples("2026-01-04T12:05 40\n2026-01-05T22:05 7", meter))
    assert ledger(database) == ledger(twin)
    assert remembered(database) == remembered(twin)
    assert findings(twin) == []


def test_an_order_that_ends_within_a_window_looks_at_no_day_long_before(database, twin):
    """Else issuing one, or drafting it, would take as long as all meters of its tenant are old."""
    for engine in (database, twin):
        rate(engine, samples(LONG))
        close(engine, "acme", instant("2026-01-03T22:00"))
    with database.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        conn.exec_driver_sql("DELETE FROM events WHERE event_time < '2026-01-02T00:00Z'")
    for engine in (database, twin):
        close(engine, "acme", instant("2026-01-04T21:30"))
    assert ledger(database) == ledger(twin)
    assert findings(twin) == []


def test_a_price_looks_at_no_day_long_before_it_begins(database, twin):
    """Else a change of it would read every sample that its meters ever had."""
    for engine in (database, twin):
        rate(engine, samples(LONG))
    with database.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        conn.exec_driver_sql("DELETE FROM events WHERE event_time < '2026-01-03T00:00Z'")
    for engine in (database, twin):
        add_price(engine, "size", "2", start="2026-01-04T09:30")
    assert ledger(database) == ledger(twin)
    assert remembered(database) == remembered(twin)
    assert findings(twin) == []
    assert scalar(twin, "SELECT count(*) FROM records WHERE unit_price = 2") == 3


def test_timelines_are_read_as_many_at_a_time_as_fit_into_memory(database):
    for meter in ("size", "counter", "bytes"):
        rate(database, samples("10:05 5\n10:45 6\n2026-01-03T11:05 7\n2026-01-03T12:05 7", meter))
    with database.connect() as conn:
        found = resources.of_tenants(conn, None, after=0, limit=10)
        since = instant("2026-01-03T11:30")
        of_all = settling.portions(conn, found, most=8)
        of_the_last_day = settling.portions(conn, found, since, most=8)
        of_one = settling.portions(conn, found, most=1)
        assert [len(list(portion)) for portion in of_all] == [2, 1]
        assert [len(list(portion)) for portion in of_the_last_day] == [3]
        assert [len(list(portion)) for portion in of_one] == [1, 1, 1]


def test_the_checkpoints_of_days_that_a_late_sample_changed_are_others(database):
    rate(database, samples("2026-01-01T09:05 5\n2026-01-02T09:05 6\n2026-01-03T09:05 7", "counter"))
    assert kept_counters(database) == ["5", "6"]
    rate(database, samples("2026-01-02T23:55 6.5\n2025-12-31T09:05 4", "counter"))
    assert kept_counters(database) == ["4", "5", "6.5"]
    assert findings(database) == []


def kept_counters(database):
    sql = "SELECT facts->''->>'counter' FROM checkpoints ORDER BY updated_at"
    return [counter for (counter,) in rows(database, sql)]


def test_what_was_sampled_before_there_were_checkpoints_is_derived_from_the_beginning(database):
    rate(database, samples(LONG))
    with database.begin() as conn:
        conn.exec_driver_sql("DELETE FROM checkpoints WHERE updated_at < '2026-01-04'")
    rate(database, samples("2026-01-02T09:15 9"))
    assert scalar(database, "SELECT count(*) FROM checkpoints") == 4
    assert findings(database) == []


def test_settling_by_other_mappings_passes_other_checkpoints(database):
    """The windows of the records of yesterday are those by which a late sample settles them."""
    rate(database, samples("2026-01-01T09:05 5\n2026-01-01T23:05 6\n2026-01-02T09:05 7"))
    quarters = mappings.join(DEFINITIONS, DOCUMENT, timedelta(minutes=15))
    other = replace(SAMPLED_SETTINGS, definitions=quarters)
    one = Rater(database, other, clock=lambda: NOW)
    list(resettling.settle(database, one, Scope(), dry_run=False, retroactive=False))
    assert charged(database) == ["09:00-09:15 size 5", "23:00-23:15 size 6"]
    one.rate([arrival(event) for event in samples("2026-01-02T09:20 1")])
    assert charged(database)[1:] == ["23:00-23:15 size 6", "09:00-09:15 size 7"]
    assert list(audit(database, other, grace=timedelta(0))) == []


def test_an_order_bills_the_window_that_ends_with_it_and_a_late_sample_is_a_correction(database):
    add_price(database, "size", "1")
    rate(database, samples("22:05 5\n23:05 6"))
    first = close(database, "acme", instant("2026-01-02T00:00"))
    assert [line.amount for line in first.lines] == [5, 6]
    rate(database, samples("23:55 9\n2026-01-02T00:05 2\n2026-01-02T01:05 2"))
    second = close(database, "acme", instant("2026-01-02T12:00"))
    assert sorted(line.amount for line in second.corrections) == [-6, 9]
    assert first.total + second.total == 5 + 9 + 2 + 2


def test_an_order_within_a_window_leaves_all_of_it_to_the_next(database):
    add_price(database, "size", "1")
    rate(database, samples("09:05 4\n10:05 5"))
    first = close(database, "acme", instant("10:30"))
    rate(database, samples("10:45 8\n11:05 8"))
    second = close(database, "acme", instant("11:00"))
    assert (first.total, second.total) == (4, 8)
    assert [(c.start, c.amount) for c in second.corrections] == [(instant("10:00"), 4)]


def test_an_order_that_ends_before_the_last_sample_of_a_window_cuts_it_all_the_same(database):
    add_price(database, "size", "1")
    rate(database, samples("09:05 4\n10:05 5\n10:45 6"))
    close(database, "acme", instant("10:30"))
    rate(database, samples("11:05 8"))
    assert charged(database)[1:] == ["10:00-10:30 size 6", "10:30-11:00 size 6"]
    assert findings(database) == []


def test_what_a_closing_wrote_of_a_window_is_known_to_a_late_sample_of_it(database):
    rate(database, samples("10:05 5\n10:15 5"))
    close(database, "acme", instant("2026-01-02T00:00"))
    with database.connect() as conn:
        (row,) = resources.page(conn, EVERYTHING, limit=9, resource_id="r1")
        (late,) = samples("10:45 6")
        cases, _ = settling.gather(conn, [resources.of(row)], {row.id: [late]})
    ((_, case),) = cases.values()
    assert [record.quantity for record in case.have.values()] == [5]


def test_a_resource_first_heard_of_after_an_order_is_cut_at_it(database):
    add_price(database, "size", "1")
    rate(database, samples("08:05 4"))
    close(database, "acme", instant("10:30"))
    rate(database, samples("10:40 8\n11:10 8", resource_id="r2"))
    assert charged(database)[-2:] == ["10:00-10:30 size 8", "10:30-11:00 size 8"]
    assert findings(database) == []


def test_a_silent_resource_is_looked_at_by_one_closing_and_no_more(database):
    add_price(database, "size", "1")
    rate(database, samples("10:05 5"))
    concerned = []
    for day in ("2026-01-02", "2026-02-01", "2026-03-01"):
        with database.connect() as conn:
            cuts = [instant(f"{day}T00:00")]
            found = resources.to_close(conn, "acme", cuts)
        concerned.append(len(found))
        close(database, "acme", instant(f"{day}T00:00"))
    assert concerned == [1, 0, 0]
    assert findings(database) == []


def test_a_silent_resource_that_is_heard_of_again_is_charged_again(database):
    rate(database, samples("10:05 5"))
    close(database, "acme", instant("2026-01-02T00:00"))
    rate(database, samples("2026-01-05T10:05 7"))
    close(database, "acme", instant("2026-01-06T00:00"))
    assert charged(database) == ["10:00-11:00 size 5", "10:00-11:00 size 7"]


def test_what_runs_up_is_shown_when_its_window_is_over(database):
    rate(database, samples("10:05 5"))
    one = rater(database)
    with database.connect() as conn:
        found = [
            resources.of(row) for row in resources.page(conn, EVERYTHING, limit=9, resource_id="r1")
        ]
        rules = one.rules(conn, still=False)
        assert accrue(conn, rules, EVERYTHING, found, instant("10:59")) == {found[0].id: ()}
        (record,) = accrue(conn, rules, EVERYTHING, found, instant("11:00"))[found[0].id]
    assert record.quantity == 5


def test_a_draft_says_what_the_order_would(database):
    add_price(database, "size", "1")
    rate(database, samples("09:05 4\n10:05 5\n10:40 7 tenant=globex"))
    end = instant("11:00")
    draft = orders.draft(database, rater(database), EVERYTHING, "acme", end, NOW)
    assert draft.lines == close(database, "acme", end).lines


def test_a_price_that_begins_after_the_last_sample_rates_the_rest_of_its_window(database):
    rate(database, samples("10:05 5"))
    close(database, "acme", instant("2026-01-02T00:00"))
    add_price(database, "size", "2", start="10:30", retroactive=True)
    assert [row[11] for row in ledger(database)] == [None, Decimal(5)]
    assert findings(database) == []


def test_a_price_that_ends_before_the_first_sample_rates_the_start_of_its_window(database):
    rate(database, samples("10:45 5\n11:05 5"))
    add_price(database, "size", "2", end="10:30")
    assert [row[11] for row in ledger(database)] == [Decimal(5), None]
    assert findings(database) == []


def test_a_count_that_an_order_cuts_is_charged_once(database):
    add_price(database, "bytes", "1", per="unit")
    rate(database, samples("10:05 3\n10:45 4\n11:05 1", "bytes"))
    first = close(database, "acme", instant("10:30"))
    second = close(database, "acme", instant("12:00"))
    assert (first.total, second.total) == (7, 1)


def test_samples_and_events_of_one_thing_are_charged_apart(database):
    add_price(database, "volume", "1")
    rate(database, journal("06:00 create size=10 at=v1\n07:00 exists size=10 at=v1", "volume"))
    rate(database, samples("06:05 10\n07:05 10", "volume.size", "v1"))
    assert charged(database) == ["06:00-07:00 volume 10", "06:00-07:00 b1.standard 10"]
    assert [row[11] for row in ledger(database)] == [Decimal(10), None]


def test_why_a_record_of_a_window_begins_and_ends_is_told(database):
    add_price(database, "size", "1", start="10:30")
    rate(database, samples("10:05 5\n10:45 5 tenant=globex\n11:05 5 tenant=globex"))
    found = [explaining.record(database, EVERYTHING, i) for (i,) in rows(database, RECORDS)]
    told = [[[c.kind for c in b.causes] for b in (one.begins, one.ends)] for one in found]
    assert told == [[["window"], ["price"]], [["price"], ["event"]], [["event"], ["window"]]]


RECORDS = "SELECT id FROM records WHERE superseded_at IS NULL ORDER BY lower(span)"


def test_a_parked_sample_is_rated_once_its_mapping_is_mended(database):
    body = {
        "name": "late.meter",
        "volume": 7,
        "project_id": "acme",
        "resource_id": "r1",
        "timestamp": "2026-01-01T10:05:00",
    }
    one = rater(database)
    (received,) = Reader(SAMPLED).read_sample(json.dumps(body).encode(), "RegionOne")
    (result,) = one.rate([Arrival("RegionOne", received.reading, received.body.decode())])
    assert (result.state, result.code) == ("parked", "meter_unknown")
    extended = {**DOCUMENT, "mappings": [*DOCUMENT["mappings"], {"meter": "late.meter"}]}
    mended = replace(SAMPLED_SETTINGS, definitions=mappings.join(DEFINITIONS, extended, HOUR))
    one = Rater(database, mended, clock=lambda: NOW)
    counts = requeue(database, one, Reader(mended.definitions))
    assert (counts["tried"], counts["rated"], counts["parked"]) == (1, 1, 0)
    assert rows(database, "SELECT count(*) FROM parked_events") == [(0,)]


def test_no_sender_can_forge_what_a_transformer_remembers(database):
    """The empty name of a fact is refused; another name is a fact like any other."""
    text = "06:00 create size=2 since=2000-01-01\n07:00 exists size=2 since=2000-01-01"
    rate(database, journal(text, "volume"))
    close(database, "acme", instant("06:30"))
    rate(database, journal("08:00 exists size=2 id=later", "volume"))
    assert charged(database) == [
        "06:00-06:30 volume 2",
        "06:30-07:00 volume 2",
        "07:00-08:00 volume 2",
    ]
    assert findings(database) == []
