"""From services through a real Ceilometer to the ledger: everything arrives, in whatever order."""

import random

import pytest

from ratings.tests.brokers import until
from ratings.tests.ceilometer.agent import SHIPPED, own_definitions
from ratings.tests.ceilometer.arrivals import (
    assert_as_read_directly,
    await_all,
    duplicates,
    received,
)
from ratings.tests.ceilometer.notifications import a_day, of_lists, stream
from ratings.tests.ledgers import rows, scalar

STORED = "[event]\nstore_raw = info\n"

OWNERS = """
SELECT s.resource_type, array_agg(DISTINCT r.tenant_id ORDER BY r.tenant_id)
FROM records r JOIN resources s ON s.id = r.resource_id
WHERE r.superseded_at IS NULL GROUP BY 1"""

PARKED = "SELECT code, body::jsonb->>'event_type' FROM parked_events ORDER BY 1, 2"


@pytest.fixture
def supplemented(tmp_path):
    """Options with which Ceilometer's definitions are followed by those that we ship."""
    path = tmp_path / "event_definitions.yaml"
    supplement = (SHIPPED / "event_definitions_supplement.yaml").read_text()
    path.write_text(own_definitions() + supplement)
    return f"[event]\ndefinitions_cfg_file = {path}\n"


def shuffled(told):
    found = list(told)
    random.Random(27).shuffle(found)
    return found


def test_with_its_payload_stored_each_is_charged_as_if_it_had_been_read_directly(
    services, agent, service, database, twin
):
    told = a_day() + of_lists()
    elements = len(told) + 1 + 2  # one message has two ports, one has three images
    ceilometer = agent(service, STORED)
    services.send(shuffled(told))
    await_all(database, ceilometer, elements)
    assert_as_read_directly(database, twin, told, elements)


def test_with_our_definitions_each_is_charged_as_if_it_had_been_read_directly(
    services, agent, service, database, twin, supplemented
):
    told = a_day()
    ceilometer = agent(service, supplemented)
    services.send(shuffled(told))
    await_all(database, ceilometer, len(told))
    assert_as_read_directly(database, twin, told)
    # An administrator asked for them; who owns them pays.
    assert dict(rows(database, OWNERS))["floating_ip"] == ["project-0", "project-1"]


def test_with_its_own_definitions_it_leaves_out_what_we_say_it_does(
    services, agent, service, database
):
    told = a_day(copies=1)
    ceilometer = agent(service)
    services.send(told)
    await_all(database, ceilometer, len(told))
    assert rows(database, PARKED) == [
        ("resource_id_missing", event_type)
        for event_type in (
            *("backup.create.end", "backup.delete.end", "backup.exists"),
            *("floatingip.delete.end", "vpnservice.delete.end"),
        )
    ]
    owners = dict(rows(database, OWNERS))
    assert owners["floating_ip"] == ["the-admins-project"]
    assert owners["router"] == owners["image"] == ["project-0"]
    assert not {"volume_snapshot", "instance_snapshot"} & owners.keys()


def test_what_is_sent_twice_to_an_agent_that_is_killed_is_charged_once(
    services, agent, service, database, twin, supplemented
):
    told = stream(10, 20)
    ceilometer = agent(service, supplemented)
    services.send(shuffled(told[:100]))
    until(lambda: received(database) > 50, ceilometer.log)
    with database.connect() as conn:
        conn.exec_driver_sql("LOCK TABLE events IN EXCLUSIVE MODE")
        services.send(shuffled(told[100:]))
        until(lambda: scalar(database, "SELECT count(*) FROM pg_locks WHERE NOT granted"))
        # It has posted what it will not see answered.
        ceilometer.kill()
        conn.rollback()
    assert ceilometer.left() > 0
    ceilometer.start()
    await_all(database, ceilometer, len(told))
    until(lambda: ceilometer.left() == 0)
    seen = duplicates(database)
    assert seen > 0
    services.send(shuffled(told))
    until(lambda: duplicates(database) >= seen + len(told), ceilometer.log)
    assert_as_read_directly(database, twin, told)
