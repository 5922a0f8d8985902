"""Tenants, tokens and the catalog of a real Keystone, and a Gnocchi that verifies who asks."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from ratings.tests.conftest import create, url_of
from ratings.tests.keystones import REGION, Keystone, programs
from ratings.tests.ledgers import rows
from ratings.tests.pulling import gnocchis
from ratings.tests.pulling.conftest import absent
from ratings.tests.pulling.pullers import once

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def keystone(tmp_path_factory):
    if programs() is None:
        absent("NOT TESTED: tenants of Keystone; there is none (extra keystone)")
    found = Keystone(tmp_path_factory.mktemp("keystone"))
    found.start()
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def cloud(keystone, postgres, administrator, tmp_path_factory):
    """A Gnocchi in the catalog, with a server of each of two projects; their ids by name."""
    if missing := gnocchis.missing():
        absent(f"NOT TESTED: Gnocchi; {', '.join(missing)} is not installed (extra pulling)")
    projects = {name: keystone.project(name) for name in ("service", "acme", "globex")}
    keystone.user("gnocchi", **{projects["service"]: ["service"]})
    create(administrator, "gnocchi_keystone")
    folder = tmp_path_factory.mktemp("gnocchi")
    url = url_of(postgres, "gnocchi_keystone")
    gnocchi = gnocchis.Gnocchi(folder, url, keystone.authtoken("gnocchi"))
    try:
        gnocchi.start()
        keystone.service("metric", gnocchi.url)
        pairs = [(NOW - 3 * HOUR + number * timedelta(minutes=5), 1) for number in range(24)]
        for name in ("acme", "globex"):
            gnocchi.add("instance", str(uuid.uuid4()), projects[name], {"vcpus": pairs})
        yield projects
    finally:
        gnocchi.stop()


@pytest.fixture
def told(keystone, tmp_path):
    """Options of a puller whose user the file of clouds names."""
    auth = {
        "auth_url": keystone.url,
        "username": "admin",
        "password": "admin",
        "project_name": "admin",
        "user_domain_id": "default",
        "project_domain_id": "default",
    }
    clouds = {"clouds": {"ratings": {"auth": auth, "region_name": REGION}}}
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump(clouds))
    pulls = {"gnocchi": [{"meter": "vcpus", "resource_type": "instance"}]}
    (tmp_path / "pull.yaml").write_text(yaml.safe_dump(pulls))
    return {
        "CLIENT_CONFIG_FILE": tmp_path / "clouds.yaml",
        "PULLER__SOURCES": "gnocchi",
        "PULLER__PULLS": tmp_path / "pull.yaml",
        "PULLER__LOOKBACK": 4 * 3600,
    }


def test_the_projects_of_keystone_are_collected_from_the_gnocchi_of_the_catalog(
    cloud, database, told
):
    code, said = once(database, **told, PULLER__IGNORE="glob*")
    assert code == 0, said
    assert rows(database, "SELECT tenant_id, count(*) FROM events GROUP BY 1") == [
        (cloud["acme"], 24)
    ]
    enrolled = {tenant_id for (tenant_id,) in rows(database, "SELECT tenant_id FROM collections")}
    assert {cloud["acme"], cloud["service"]} <= enrolled
    assert cloud["globex"] not in enrolled


def test_a_keystone_that_is_away_does_not_hold_up_those_who_are_known(
    cloud, database, told, keystone
):
    assert once(database, **told, PULLER__LAG=str(4 * 3600))[0] == 0
    with keystone.away():
        code, said = once(database, **told)
    assert code == 1
    assert "tenants_not_listed" in said
    assert "source_unreachable" in said, "nor has Gnocchi anybody to ask who it is"
    failing = "SELECT count(*) FROM collections WHERE code = 'source_unreachable'"
    assert rows(database, failing) == [(1,)]
