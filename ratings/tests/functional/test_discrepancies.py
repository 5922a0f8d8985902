"""GET /v1/discrepancies: what the journal shows, found without deriving every timeline."""

import dataclasses
import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratings import reconciling
from ratings.core import contradictions
from ratings.core.discrepancies import Watch
from ratings.core.timeline import ordered
from ratings.db import events
from ratings.reconciling import START, Reconciliation, Wanted
from ratings.tests import clean, clouds
from ratings.tests.ceilometer.notifications import a_day, rate_directly, stream
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import NOW, SETTINGS, add_prices, empty, rate, rater, rows
from ratings.tests.messaging.services import FORMS, in_objects

WATCH = Watch(timedelta(hours=25), timedelta(hours=1), timedelta(seconds=60))

#: One message of each kind is missing, each of another resource.
MISSING = """
    06:00 exists vcpu=1 disk=10 at=uncreated
    06:00 create vcpu=1 disk=10 at=unresized
    08:00 exists vcpu=2 disk=10 at=unresized
    06:00 create vcpu=1 disk=10 at=unpowered
    08:00 exists vcpu=1 disk=10 status=shutoff at=unpowered
    06:00 create vcpu=1 disk=10 at=untransferred
    08:00 exists vcpu=1 disk=10 tenant=globex at=untransferred
    06:00 create vcpu=1 disk=10 at=undead
    07:00 delete at=undead
    08:00 exists vcpu=1 disk=10 at=undead
    06:00 create vcpu=1 disk=10 at=retyped flavor=small
    08:00 exists vcpu=1 disk=10 at=retyped flavor=large
    06:00 create vcpu=1 disk=10 at=well
    07:00 resize vcpu=2 disk=10 at=well
    08:00 exists vcpu=2 disk=10 at=well
    09:00 delete at=well
"""
FOUND = {
    "uncreated": ("create_missing", 50),
    "unresized": ("resize_missing", 2),
    "unpowered": ("status_missing", 2),
    "untransferred": ("transfer_missing", 4),
    "undead": ("delete_contradicted", 2),
    "retyped": ("retype_missing", 0),
}


def how(conn, engine, now=NOW):
    return Reconciliation(SETTINGS, rater(engine).rules(conn, still=False), WATCH, now)


def found(engine, wanted=Wanted(), limit=1000, now=NOW):  # noqa: B008
    """Everything, page by page."""
    rows, after = [], START
    with engine.connect() as conn:
        while after is not None:
            page, after = reconciling.page(
                conn, how(conn, engine, now), wanted, after=after, limit=limit
            )
            assert len(page) <= limit
            rows += page
    return rows


def derived(engine, since=None):
    """The same by deriving the timeline of every resource."""
    with engine.connect() as conn:
        looked = how(conn, engine)
        rows = conn.exec_driver_sql("SELECT id, region, resource_type FROM resources").all()
        timelines = events.timelines(conn, [row.id for row in rows])
        for row in rows:
            view = looked.view(row.region, row.resource_type)
            for one in contradictions.in_timeline(view, ordered(timelines[row.id]), NOW):
                if since is None or one.end >= since:
                    yield row.id, one


@pytest.fixture
def seeded(database):
    add_prices(database, [price("vcpu", "1"), price("disk", "0.1")])
    rate(database, journal(MISSING))
    return database


def test_every_seeded_discrepancy_is_found_with_what_is_at_stake(seeded):
    shown = {s.resource.key[2]: (s.discrepancy.code, s.discrepancy.amount) for s in found(seeded)}
    assert shown == FOUND


def test_a_clean_day_of_every_service_shows_nothing(database):
    rate_directly(database, a_day())
    assert len({kind for (kind,) in rows(database, "SELECT resource_type FROM resources")}) == 14
    assert found(database) == []


@pytest.mark.parametrize("apart", [timedelta(), timedelta(seconds=2), timedelta(seconds=-2)])
def test_nova_that_tells_all_in_both_forms_shows_nothing(database, apart):
    told = stream(instances=2, hours=30)
    objects = [
        one._replace(
            event_type=FORMS[one.event_type],
            payload=in_objects(one.payload),
            at=one.at + apart,
            message_id=f"versioned {one.message_id}",
        )
        for one in told
        if one.event_type in FORMS
    ]
    rate_directly(database, told + objects)
    assert found(database) == []


def test_a_late_message_takes_its_discrepancy_away(seeded):
    rate(seeded, journal("07:00 resize vcpu=2 disk=10 at=unresized id=late"))
    assert "unresized" not in {s.resource.key[2] for s in found(seeded)}


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7])
def test_pages_of_any_length_are_the_whole(seeded, limit):
    rate(
        seeded, journal("10:00 exists vcpu=7 disk=7 status=paused tenant=globex at=unresized id=x")
    )
    whole = found(seeded)
    assert len(whole) == len(FOUND) + 3
    assert found(seeded, limit=limit) == whole


def test_a_request_that_has_looked_at_enough_says_where_to_go_on(seeded, monkeypatch):
    monkeypatch.setattr(reconciling, "_CHUNK", 2)
    monkeypatch.setattr(reconciling, "_EVENTS", 1)
    with seeded.connect() as conn:
        page, after = reconciling.page(
            conn, how(conn, seeded), Wanted(code="transfer_missing"), after=START, limit=10
        )
        assert page == []
        assert after is not None
    monkeypatch.setattr(reconciling, "_DERIVED", 1)
    assert {s.resource.key[2] for s in found(seeded)} == set(FOUND)


def test_only_what_is_asked_for_is_found(seeded):
    def ids(**wanted):
        return {s.resource.key[2] for s in found(seeded, Wanted(**wanted))}

    assert ids(code="create_missing") == {"uncreated"}
    assert ids(resource_id="undead") == {"undead"}
    assert ids(resource_type="volume") == ids(region="Mars") == ids(tenant_id="nobody") == set()
    assert ids(tenant_id="globex") == set(), "it is acme's time that is in doubt"
    assert ids(tenant_id="acme") == set(FOUND)
    assert ids(since=instant("07:00")) == set(FOUND) - {"uncreated"}
    assert ids(since=instant("08:00:01")) == set()


def audited(hours, at, **more):
    return journal(
        "\n".join(
            f"2026-01-{1 + hour // 24:02}T{hour % 24:02}:00 exists size=4 at={at} id={at}-{hour}"
            for hour in hours
        ),
        "volume",
    )


def test_a_resource_that_misses_its_audits_is_silent(database):
    add_prices(database, [price("volume", "0.5")])
    rate(
        database, journal("00:00 create size=4 at=a id=a\n00:00 create size=4 at=b id=b", "volume")
    )
    rate(database, audited(range(1, 72), "a"))
    rate(database, audited(range(1, 24), "b"))
    rate(database, journal("00:00 create size=4 at=c id=c tenant=x region=RegionTwo", "volume"))
    at = instant("2026-01-03T10:00")
    rows = [
        (s.resource.key[2], s.discrepancy.code, s.discrepancy.amount)
        for s in found(database, now=at)
    ]
    assert rows == [("b", "silent", 2 * 35)], "where nobody is audited, nobody is silent"
    assert found(database, now=instant("2026-01-02T01:00")) == []
    assert found(database, Wanted(since=at), now=at) != [], "it still is"


def test_monthly_audits_are_no_silence(database):
    text = "\n".join(
        f"2026-{month:02}-01T00:{minute:02} exists size=4 at=v{minute} id=v{minute}-{month}"
        for month, minute in itertools.product((2, 3), range(20))
    )
    creates = "\n".join(f"01:00 create size=4 at=v{minute} id=c{minute}" for minute in range(20))
    rate(database, journal(f"{creates}\n{text}", "volume")[:-1])
    for now in ("2026-02-28T00:00", "2026-03-01T00:30", "2026-03-01T00:59:59"):
        assert found(database, now=instant(now)) == []
    (late,) = found(database, now=instant("2026-03-01T01:00"))
    assert late.resource.key[2] == "v19"


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_sieve_lets_through_whatever_a_timeline_shows(database, data):
    """On clouds that lie, and on clean ones that have lost some messages."""
    empty(database)
    if data.draw(st.booleans()):
        told = data.draw(clouds.events())
    else:
        told = data.draw(clean.lives()).told
        for _ in range(data.draw(st.integers(0, 3))):
            told.pop(data.draw(st.integers(0, len(told) - 1))) if told else None
    rate(database, told)
    since = data.draw(st.none() | st.sampled_from(sorted({e.event_time for e in told}) or [None]))
    rows = found(database, Wanted(since=since))
    assert all(s.discrepancy.code != "silent" for s in rows)
    shown = [(s.resource.id, s.discrepancy) for s in rows]
    assert sorted(shown, key=str) == sorted(derived(database, since), key=str)


def get(client, **parameters):
    return client.get("/v1/discrepancies", params=parameters)


def test_the_api_shows_them(client, database):
    add_prices(database, [price("vcpu", "1"), price("disk", "0.1")])
    rate(database, journal(MISSING))
    first = get(client, code="resize_missing").json()
    assert first["discrepancies"] == [
        {
            "code": "resize_missing",
            "resource_id": "unresized",
            "resource_type": "instance",
            "region": "RegionOne",
            "tenant_id": "acme",
            "at": "2026-01-01T08:00:00.000000Z",
            "message_id": "m002",
            "start": "2026-01-01T06:00:00.000000Z",
            "end": "2026-01-01T08:00:00.000000Z",
            "amount": 2,
            "currency": "USD",
            "detail": "vcpu is 2, not 1",
        }
    ]
    rows, url = [], "/v1/discrepancies?limit=1"
    while url:
        answer = client.get(url).json()
        rows += [row["resource_id"] for row in answer["discrepancies"]]
        url = answer["links"][0]["href"] if answer["links"] else None
    assert rows == [row["resource_id"] for row in get(client).json()["discrepancies"]]
    assert set(rows) == set(FOUND)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"marker": ""},
        {"marker": "x"},
        {"marker": "-1"},
        {"marker": "1/2026-01-01"},
        {"marker": "1/2026-99-01T00:00:00/resize_missing"},
        {"marker": "1/2026-01-01T00:00:00/'; DROP"},
        {"marker": "9" * 30},
        {"since": "yesterday"},
        {"tenant_id": "a\0b"},
        {"code": ""},
        {"colour": "red"},
    ],
)
def test_what_cannot_be_meant_is_refused(client, query):
    answer = get(client, **query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "query_invalid"


def test_nothing_can_be_written_there(client):
    assert client.post("/v1/discrepancies", json={}).status_code == 405
    assert client.get("/v1/discrepancies/1").status_code in (404, 405)


def test_what_is_found_depends_on_nothing_but_the_events(database):
    add_prices(database, [price("vcpu", "1"), price("disk", "0.1")])
    told = journal(MISSING)
    for event in reversed(told):
        rate(database, [event, event])
    shown = {s.resource.key[2]: dataclasses.astuple(s.discrepancy)[0] for s in found(database)}
    assert shown == {name: code for name, (code, _) in FOUND.items()}
