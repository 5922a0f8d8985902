"""The survey of everything: right, of one instant, and cheap however much there is."""

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from ratings.batch import Arrival
from ratings.core.model import Unreadable
from ratings.rater import Rater
from ratings.surveying import age, survey
from ratings.tests.journals import journal
from ratings.tests.ledgers import NOW, SETTINGS, rate

#: Grow with every event; whoever reads them all takes minutes some day.
LARGE = ("events", "records", "parked_events")


@pytest.fixture
def cloud(database):
    """A volume without a price, and two events that nobody understands."""
    rate(database, journal("06:00 create size=1\n07:00 exists size=1", "volume"))
    rater = Rater(database, SETTINGS, lambda: NOW)
    rater.rate([parked("early", "event_type_unknown"), parked("late", "event_type_unknown")])
    rater.rate([parked("other", "region_missing")])
    with database.begin() as conn:
        for message_id, hours in (("early", 5), ("late", 1), ("other", 2)):
            values = {"at": NOW - timedelta(hours=hours), "id": message_id}
            sql = "UPDATE parked_events SET received_at = :at WHERE message_id = :id"
            conn.execute(text(sql), values)
    return database


def parked(message_id, code):
    return Arrival("north", Unreadable(code, "what?", message_id), "{}")


def test_what_is_parked_grows_older_by_its_reason(cloud):
    found = {row.code: row for row in survey(cloud).parked}
    assert {code: row.events for code, row in found.items()} == {
        "event_type_unknown": 2,
        "region_missing": 1,
    }
    assert age(found["event_type_unknown"].oldest_at, NOW) == 5 * 3600
    assert age(found["region_missing"].oldest_at, NOW) == 2 * 3600


def test_another_try_does_not_make_a_parked_event_younger(cloud):
    Rater(cloud, SETTINGS, lambda: NOW).rate([parked("early", "event_type_unknown")])
    (row,) = [row for row in survey(cloud).parked if row.code == "event_type_unknown"]
    assert age(row.oldest_at, NOW) == 5 * 3600


def test_the_books_are_balanced_until_somebody_takes_a_row_away(cloud):
    assert survey(cloud).balanced()
    with cloud.begin() as conn:
        conn.execute(text("DELETE FROM parked_events WHERE message_id = 'late'"))
    assert not survey(cloud).balanced()


def test_no_table_that_grows_with_every_event_is_read_as_a_whole(cloud):
    asked = []
    event.listen(cloud, "before_cursor_execute", lambda *call: asked.append(call[2]))
    survey(cloud)
    statements, plans = tuple(asked), {}
    with cloud.connect() as conn:
        # Small tables are always read as a whole, unless that is forbidden.
        conn.execute(text("SET enable_seqscan = off"))
        for statement in statements:
            plans[statement] = "\n".join(conn.exec_driver_sql(f"EXPLAIN {statement}").scalars())
    assert any("ix_parked_events_code_received_at" in plan for plan in plans.values())
    for statement, plan in plans.items():
        for table in LARGE:
            assert f"Seq Scan on {table}" not in plan, statement


def test_an_age_is_never_less_than_nothing():
    assert age(None, NOW) is None
    assert age(NOW + timedelta(hours=1), NOW) == 0
