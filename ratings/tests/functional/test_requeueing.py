"""Parked events come back: the definitions have learnt what they mean, and they are rated."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml

from ratings import orders, repricing, shipped
from ratings.batch import Arrival
from ratings.core import mappings
from ratings.core.definitions import parse
from ratings.core.errors import InvalidInput
from ratings.core.model import Event, Unreadable
from ratings.db import parked_events, records, tallies
from ratings.db.reading import EVERYTHING
from ratings.rater import Rater
from ratings.readers import Reader
from ratings.requeueing import requeue
from ratings.settling import Settings
from ratings.tests.functional.conftest import NOW
from ratings.tests.journals import DEFINITIONS, price
from ratings.tests.sampled import HOUR, SAMPLED_SETTINGS
from ratings.transformers import lifecycle

SPACESHIP = """
resource_types:
  spaceship:
    components:
      spaceship: {unit: spaceship}
    facts:
      resource_id: {traits: resource_id}
      tenant_id: {traits: tenant_id}
    events:
      spaceship.launch.end: create
      spaceship.landing.end: delete
"""


def event(number, event_type, time):
    return {
        "message_id": f"message-{number}",
        "event_type": event_type,
        "generated": time,
        "traits": [["resource_id", 1, "nostromo"], ["tenant_id", 1, "weyland"]],
    }


LIFE = [
    event(1, "spaceship.launch.end", "2026-01-10T00:00:00"),
    event(2, "spaceship.landing.end", "2026-01-10T08:00:00"),
]


@pytest.fixture
def learnt(database, settings):
    """A rater and a reader that know spaceships."""
    known = parse(yaml.safe_load(SPACESHIP))
    rater = Rater(
        database,
        Settings(known, {"lifecycle": lifecycle.transform}, "USD", settings.future_tolerance),
        lambda: NOW,
    )
    return rater, Reader(known)


@pytest.fixture
def parked(database, settings):
    """The life of a spaceship, parked because nobody knows what it is."""
    rater, reader = Rater(database, settings, lambda: NOW), Reader(settings.definitions)
    arrivals = [
        Arrival("north", one.reading, one.body.decode())
        for sent in LIFE
        for one in reader.read(json.dumps(sent).encode(), "north")
    ]
    assert [result.state for result in rater.rate(arrivals)] == ["parked"] * 2
    return rater, reader


def left(database):
    with database.connect() as conn:
        return {row.code: row.events for row in parked_events.by_code(conn)}


def bill(database, rater, end):
    return orders.close(database, rater, "weyland", end, NOW).order


def test_what_is_understood_by_now_is_rated_and_leaves(database, parked, learnt):
    counts = requeue(database, *learnt)
    assert counts == {"tried": 2, "rated": 2, "ignored": 0, "duplicate": 0, "parked": 0}
    assert left(database) == {}
    with database.connect() as conn:
        (row,) = records.page(conn, EVERYTHING, limit=10)
        (region,) = tallies.sums(conn)
    assert (row.resource_id, row.region, row.tenant_id) == ("nostromo", "north", "weyland")
    assert (row.end - row.start).total_seconds() == 8 * 3600
    assert (region.received, region.rated, region.parked) == (2, 2, 0)


def test_what_is_still_not_understood_stays(database, parked):
    assert requeue(database, *parked)["parked"] == 2
    assert left(database) == {"event_type_unknown": 2}


class Broken:
    """A reader or a rater with a bug that one message brings to light."""

    def __init__(self, sound, message_id):
        self.sound, self.message_id = sound, message_id

    def read(self, body, region):
        if self.message_id.encode() in body:
            raise ZeroDivisionError
        return self.sound.read(body, region)

    def rate(self, arrivals):
        for one in arrivals:
            if one.reading.message_id == self.message_id and isinstance(one.reading, Event):
                raise ZeroDivisionError
        return self.sound.rate(arrivals)


def test_what_breaks_the_reader_holds_up_nothing_behind_it(database, parked, learnt):
    rater, reader = learnt
    counts = requeue(database, rater, Broken(reader, "message-1"))
    assert (counts["tried"], counts["rated"], counts["parked"]) == (2, 1, 1)
    assert left(database) == {"reader_failed": 1}
    assert requeue(database, rater, reader)["rated"] == 1


def test_what_breaks_the_rater_holds_up_nothing_behind_it(database, parked, learnt):
    rater, reader = learnt
    counts = requeue(database, Broken(rater, "message-1"), reader)
    assert (counts["tried"], counts["rated"], counts["parked"]) == (2, 1, 1)
    assert left(database) == {"rater_failed": 1}
    assert requeue(database, rater, reader)["rated"] == 1
    assert left(database) == {}


def test_what_bears_no_id_is_parked_once_whatever_it_is_parked_for(database, parked, learnt):
    """Once it can be read it has an id that is derived from what it says."""
    rater, reader = learnt
    anonymous = {**LIFE[0], "message_id": None}
    unknown = parked[1].read(json.dumps(anonymous).encode(), "north")
    rater.rate([Arrival("north", one.reading, one.body.decode()) for one in unknown])
    assert left(database) == {"event_type_unknown": 3}
    (known,) = reader.read(json.dumps(anonymous).encode(), "north")
    requeue(database, Broken(rater, known.reading.message_id), reader)
    assert left(database) == {"rater_failed": 1}
    with database.connect() as conn:
        (region,) = tallies.sums(conn)
    assert (region.received, region.rated, region.parked) == (3, 2, 1)


REFUSAL = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE check_violation USING MESSAGE = 'not this one'; END $$;
CREATE TRIGGER tr_refuse BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse()"""


def test_a_sample_of_two_meters_waits_for_both_however_often_it_is_refused(database):
    """Each reading is parked with all of the sample, which then is read as both again."""
    mapped = [
        {"meter": "cpu", "name": name, "unit": "s", "transformer": "gauge_max"} for name in "ab"
    ]
    known = mappings.join(DEFINITIONS, {"mappings": mapped}, HOUR)
    rater = Rater(database, replace(SAMPLED_SETTINGS, definitions=known), lambda: NOW)
    reader = Reader(known)
    sample = {"name": "cpu", "type": "gauge", "unit": "s", "volume": 1, "project_id": "weyland"}
    sample |= {"resource_id": "nostromo", "timestamp": "2026-01-10T00:00:00"}
    received = reader.read_sample(json.dumps(sample).encode(), "north")
    with database.begin() as conn:
        conn.exec_driver_sql(REFUSAL)
    rater.rate([Arrival("north", one.reading, one.body.decode()) for one in received])
    for _ in range(2):
        assert requeue(database, rater, reader)["tried"] == 2
        assert left(database) == {"refused_by_database": 2}
    with database.begin() as conn:
        conn.exec_driver_sql("DROP TRIGGER tr_refuse ON events")
    assert requeue(database, rater, reader)["rated"] == 2
    assert left(database) == {}
    with database.connect() as conn:
        (region,) = tallies.sums(conn)
    assert (region.received, region.rated, region.parked) == (2, 2, 0)


def test_what_a_bus_may_not_say_it_may_not_say_on_another_try(database, settings):
    rater, reader = Rater(database, settings, lambda: NOW), Reader(settings.definitions)
    approval = {
        "resource_id": "v-1",
        "resource_type": "volume",
        "event_type": "ratings.reconciliation.create",
        "event_time": "2026-01-10T00:00:00Z",
        "region": "south",
        "tenant_id": "acme",
        "content": {"size": 1},
    }
    with pytest.raises(InvalidInput) as refused:
        reader.read_notification(json.dumps(approval).encode(), "north")
    reading = Unreadable(refused.value.code, refused.value.detail)
    rater.rate([Arrival("north", reading, json.dumps(approval))])
    assert requeue(database, rater, reader)["parked"] == 1
    assert left(database) == {"body_no_notification": 1}


def test_an_operator_may_try_a_few_first(database, parked, learnt):
    assert requeue(database, *learnt, code="some_other_reason")["tried"] == 0
    assert requeue(database, *learnt, ids=[1])["rated"] == 1
    assert left(database) == {"event_type_unknown": 1}


def test_trying_again_what_came_in_meanwhile_is_a_duplicate(database, parked, learnt):
    rater, reader = learnt
    for sent in LIFE:
        (one,) = reader.read(json.dumps(sent).encode(), "north")
        rater.rate([Arrival("north", one.reading, one.body.decode())])
    assert left(database) == {}
    assert requeue(database, rater, reader)["tried"] == 0


def test_what_a_bill_did_not_know_is_corrected_by_the_next_one(database, parked, learnt):
    rater, reader = learnt
    repricing.add(database, rater.settings, price("spaceship", "2"))
    requeue(database, rater, reader, ids=[1])
    first = bill(database, rater, datetime(2026, 1, 11, tzinfo=UTC))
    requeue(database, rater, reader)
    second = bill(database, rater, datetime(2026, 1, 12, tzinfo=UTC))
    assert [line.amount for line in first.lines] == [48]
    assert [line.amount for line in second.corrections] == [-48, 16]
    assert (second.lines, first.total + second.total) == ((), 16)


def test_the_command_says_what_became_of_them(database, parked, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "ratings.cmd.manage", "requeue", "--code", "event_type_unknown"],
        env=os.environ
        | {
            "HOME": str(tmp_path),
            "OS_DATABASE__CONNECTION": database.url.render_as_string(hide_password=False),
        },
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.stdout == ("Of 2 parked events: 0 rated, 0 duplicate, 0 ignored, 2 parked.\n")


def test_the_definitions_that_ship_know_no_spaceships():
    """Or the stories above would tell nothing."""
    assert "spaceship" not in (shipped.defaults() / "definitions.yaml").read_text()
