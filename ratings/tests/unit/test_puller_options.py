"""What a puller is told, and what it refuses before it begins."""

import sys
from datetime import UTC, datetime, timedelta

import pytest

from ratings import conf as options
from ratings import plugins
from ratings.collectors.pulling import schedule
from ratings.collectors.tenants import listing
from ratings.core.errors import DefinitionError

DEFINITIONS = plugins.with_meters(plugins.definitions())
PULL = "prometheus: [{meter: METER, query: 'up{p=\"%s\"}', resource_id: id}]\n"


@pytest.fixture
def load(tmp_path):
    def loaded(text, pulls=None):
        path = tmp_path / "ratings.conf"
        path.write_text(text)
        conf = options.load(["--config-file", str(path)], default_config_files=[])
        if pulls is not None:
            (tmp_path / "pull.yaml").write_text(pulls)
            conf.set_override("pulls", str(tmp_path / "pull.yaml"), group="puller")
        return conf

    return loaded


PROMETHEUS = "[puller]\nsources = prometheus\n[prometheus]\nurl = http://127.0.0.1:9090\n"


def test_a_schedule_is_told_in_seconds(load):
    found = schedule(load("[puller]\nstart = 2026-01-01\nlag = 60\n"))
    assert found.window == timedelta(hours=1)
    assert found.lag == timedelta(minutes=1)
    assert found.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert schedule(load("")).start is None


@pytest.mark.parametrize("told", ["window = 7000", "start = soon", "start = 1999-01-01"])
def test_a_schedule_that_cannot_be_meant_is_refused(load, told):
    with pytest.raises(DefinitionError, match=r"\[puller\] (window|start)"):
        schedule(load(f"[puller]\n{told}\n"))


def test_the_file_that_ships_is_understood(load):
    conf = load(PROMETHEUS + "region = South\n")
    (source,) = plugins.sources(conf, DEFINITIONS).values()
    assert source.region == "South"


def test_the_region_is_that_of_rating_if_none_is_told(load):
    (source,) = plugins.sources(
        load(PROMETHEUS + "[rating]\nregion = North\n"), DEFINITIONS
    ).values()
    assert source.region == "North"


def test_a_meter_needs_a_mapping(load):
    with pytest.raises(DefinitionError, match=r"pull.yaml: prometheus: no mapping .* knows watts"):
        plugins.sources(load(PROMETHEUS, PULL.replace("METER", "watts")), DEFINITIONS)
    assert plugins.sources(load(PROMETHEUS, PULL.replace("METER", "vcpus")), DEFINITIONS)


@pytest.mark.parametrize(
    ("pulls", "complaint"),
    [
        ("prometheus: [1]", "prometheus: Expected"),
        ("prometheus: 5", "prometheus: expected a list"),
        ("prometheus: {meter: vcpus}", "prometheus: expected a list"),
        ("prometeus: []", "prometheus: expected a list"),
        ("prometheus: [", "is no YAML"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(load, pulls, complaint):
    with pytest.raises(DefinitionError, match=complaint):
        plugins.sources(load(PROMETHEUS, pulls), DEFINITIONS)


def test_without_sources_there_is_nothing_to_do(load):
    with pytest.raises(DefinitionError, match=r"\[puller\] sources is empty"):
        plugins.sources(load(""), DEFINITIONS)


def test_gnocchi_needs_its_client(load, monkeypatch):
    monkeypatch.setitem(sys.modules, "gnocchiclient", None)
    conf = load("[puller]\nsources = gnocchi\n")
    with pytest.raises(DefinitionError, match=r"gnocchiclient is not installed: pip install"):
        plugins.sources(conf, DEFINITIONS)


def test_keystone_needs_openstacksdk(load, monkeypatch):
    monkeypatch.setitem(sys.modules, "openstack", None)
    with pytest.raises(DefinitionError, match="openstacksdk is not installed"):
        listing(load(""))


def test_a_cloud_that_nobody_knows_is_refused(load, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DefinitionError, match=r"\[puller\] cloud nowhere: "):
        listing(load("[puller]\ncloud = nowhere\n"))


def test_tenants_can_be_told(load):
    told = "[puller]\ntenants = acme, globex, initech\nignore = in*\n"
    assert listing(load(told))() == ["acme", "globex"]
