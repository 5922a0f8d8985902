"""The service, with a real Gnocchi and a real Prometheus."""

import json
import signal
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from ratings import plugins
from ratings.batch import Arrival
from ratings.rater import Rater
from ratings.readers import Reader
from ratings.tests.brokers import until
from ratings.tests.ledgers import OVERLAPS, ledger, rows, scalar
from ratings.tests.pulling.pullers import TENANTS, once, priced

HOUR = timedelta(hours=1)
BUCKET = timedelta(minutes=5)
HOURS = 6
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - (HOURS + 2) * HOUR

LINGER = """
CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION linger()"""
"""Whoever commits events waits for whoever holds the advisory lock 1."""

WAITING = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND NOT granted AND classid = 0 AND objid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""

BEHIND = "SELECT count(*) FROM collections WHERE collected_until < '{}'"


@pytest.fixture(scope="module")
def filled(gnocchi):
    """The Gnocchi with servers of some tenants, which grow every hour."""
    for number, tenant_id in enumerate(TENANTS):
        resource_id = f"00000000-0000-4000-8000-00000000000{number}"
        pairs = [(START + n * BUCKET, number + 1 + n // 12) for n in range(HOURS * 12)]
        measures = {"vcpus": pairs, "memory": [(at, 512 * value) for at, value in pairs]}
        told = {"display_name": f"web-{number}", "flavor_name": "m1.small"}
        gnocchi.add("instance", resource_id, tenant_id, measures, **told)
    return gnocchi


@pytest.fixture
def told(filled, tmp_path):
    """Options of a puller of that Gnocchi."""
    pulls = [{"meter": meter, "resource_type": "instance"} for meter in ("vcpus", "memory")]
    (tmp_path / "pull.yaml").write_text(yaml.safe_dump({"gnocchi": pulls}))
    return {
        "PULLER__SOURCES": "gnocchi",
        "PULLER__PULLS": tmp_path / "pull.yaml",
        "PULLER__TENANTS": ",".join(TENANTS),
        "PULLER__START": START.isoformat(),
        "PULLER__BATCH_SIZE": 20,
        "GNOCCHI__AUTH_MODE": "basic",
        "GNOCCHI__ENDPOINT": filled.url,
    }


def collected(database):
    """Whether everything that Gnocchi holds has been."""
    return scalar(database, BEHIND.format(START + HOURS * HOUR)) == 0


def test_a_turn_collects_what_is_due_and_the_next_one_finds_nothing(database, settings, told):
    priced(database, settings, "vcpus", "memory")
    code, said = once(database, **told)
    assert code == 0, said
    assert collected(database)
    assert scalar(database, "SELECT count(*) FROM events") == len(TENANTS) * HOURS * 12 * 2
    assert rows(database, "SELECT DISTINCT state FROM events") == [("rated",)]
    assert "acme from" in said
    before = ledger(database)
    assert len(before) > 0
    code, said = once(database, **told)
    assert code == 0, said
    assert " from " not in said.split("collecting from")[1]
    assert ledger(database) == before


def test_the_ledger_is_that_of_samples_which_came_in_by_the_other_door(
    database, twin, settings, told
):
    for engine in (database, twin):
        priced(engine, settings, "vcpus", "memory")
    assert once(database, **told)[0] == 0
    rater = Rater(twin, settings, plugins.clock)
    reader = Reader(settings.definitions)
    for number, tenant_id in enumerate(TENANTS):
        for n in range(HOURS * 12):
            for meter, unit in (("vcpus", 1), ("memory", 512)):
                sample = {
                    "name": meter,
                    "type": "gauge",
                    "volume": (number + 1 + n // 12) * unit,
                    "project_id": tenant_id,
                    "resource_id": f"00000000-0000-4000-8000-00000000000{number}",
                    "timestamp": (START + n * BUCKET).isoformat(),
                    "resource_metadata": {
                        "display_name": f"web-{number}",
                        "flavor_name": "m1.small",
                    },
                    "source": "openstack",
                }
                found = reader.read_sample(json.dumps(sample).encode(), "RegionOne")
                rater.rate([Arrival("RegionOne", r.reading, r.body.decode()) for r in found])
    assert ledger(database) == ledger(twin)


def test_two_pullers_share_the_work_and_one_may_be_killed(database, twin, settings, told, puller):
    for engine in (database, twin):
        priced(engine, settings, "vcpus", "memory")
    assert once(twin, **told)[0] == 0
    with database.begin() as conn:
        conn.exec_driver_sql(LINGER)
    with database.connect() as held:
        held.exec_driver_sql("SELECT pg_advisory_lock(1)")
        first, second = puller(**told), puller(**told)
        # Both are at a batch of a tenant, and not at the same: its rows would be locked.
        until(lambda: scalar(database, WAITING) == 2)
        first.kill()
        held.exec_driver_sql("SELECT pg_advisory_unlock(1)")
        held.commit()
    until(lambda: collected(database))
    assert second.stop() == 0, second.log()
    assert ledger(database) == ledger(twin)
    assert scalar(database, OVERLAPS) == 0
    counted = "SELECT count(*), count(DISTINCT message_id) FROM events"
    assert rows(database, counted) == rows(twin, counted)
    for tenant_id in TENANTS:
        assert f"gnocchi, {tenant_id} from" in second.log()


def test_a_puller_that_is_stopped_brings_its_window_to_its_end(database, settings, told, puller):
    one = puller(**told)
    until(lambda: scalar(database, "SELECT count(*) FROM events") > 0)
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(60) == 0
    assert scalar(database, "SELECT sum(attempts) FROM collections") == 0


def test_what_was_not_collected_for_some_hours_is_caught_up_with(database, twin, settings, told):
    """An outage of the puller, played by the lag: the first turn sees three hours only."""
    for engine in (database, twin):
        priced(engine, settings, "vcpus", "memory")
    late = datetime.now(UTC) - (START + 3 * HOUR)
    assert once(database, **told | {"PULLER__LAG": int(late.total_seconds())})[0] == 0
    assert rows(database, "SELECT DISTINCT collected_until FROM collections") == [
        (START + 3 * HOUR,)
    ]
    assert once(database, **told)[0] == 0
    assert once(twin, **told)[0] == 0
    assert ledger(database) == ledger(twin)


def test_a_gnocchi_that_is_away_is_said_and_collected_when_it_is_back(database, told):
    told |= {"PULLER__RETRY_FIRST": 3600}
    code, said = once(database, **told | {"GNOCCHI__ENDPOINT": "http://127.0.0.1:9"})
    assert code == 1
    assert "source_unreachable" in said
    assert rows(database, "SELECT sum(attempts), min(code) FROM collections") == [
        (1, "source_unreachable")
    ]
    code, said = once(database, **told)
    assert code == 0, said
    assert scalar(database, BEHIND.format(START + HOURS * HOUR)) == 1, "it has to wait an hour"


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"PULLER__SOURCES": ""}, "[puller] sources is empty"),
        ({"PULLER__SOURCES": "ceilometer"}, "ceilometer is none of gnocchi, prometheus"),
        ({"PULLER__WINDOW": "7000"}, "7000"),
        ({"PULLER__START": "soon"}, "'soon' is no instant"),
        ({"GNOCCHI__ENDPOINT": ""}, "[gnocchi] endpoint must be set for basic"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_start(database, told, changed, complaint):
    code, said = once(database, **told | changed)
    assert code == 1
    assert complaint in said
