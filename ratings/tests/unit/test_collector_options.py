"""Which brokers a collector listens to."""

import pytest
from oslo_config import cfg

from ratings import conf as options
from ratings.collectors.options import EXCHANGES, TOPICS, sources


@pytest.fixture
def load(tmp_path):
    def loaded(text):
        path = tmp_path / "ratings.conf"
        path.write_text(text)
        return options.load(["--config-file", str(path)], default_config_files=[])

    return loaded


def test_without_sources_it_is_the_broker_of_this_cloud(load):
    (source,) = sources(load("[rating]\nregion = north\n"))
    assert source == ("default", None, "north", TOPICS, EXCHANGES)


def test_a_source_has_what_it_says_and_the_rest_from_the_collector(load):
    one, two = sources(
        load(
            "[rating]\nregion = north\n"
            "[collector]\nsources = one, two\ntopics = bills\n"
            "[source_one]\ntransport_url = rabbit://one\n"
            "[source_two]\ntransport_url = rabbit://two\nregion = south\n"
            "topics = notifications\nexchanges = nova, cinder\n"
        )
    )
    assert one == ("one", "rabbit://one", "north", ["bills"], EXCHANGES)
    assert two == ("two", "rabbit://two", "south", ["notifications"], ["nova", "cinder"])


def test_the_environment_names_a_source_too(load, monkeypatch):
    monkeypatch.setenv("OS_SOURCE_ONE__TRANSPORT_URL", "rabbit://secret")
    (source,) = sources(load("[collector]\nsources = one\n"))
    assert source.transport_url == "rabbit://secret"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[collector]\nsources = one\n", r"\[source_one\] transport_url is not set"),
        ("[collector]\nsources = one, one\n", "a name occurs twice"),
        ("[collector]\nsources = a:b\n", "'a:b' is no name of a source"),
    ],
)
def test_a_source_that_cannot_be_is_told_at_start(load, text, problem):
    with pytest.raises(cfg.Error, match=problem):
        sources(load(text))


@pytest.mark.parametrize("line", ["priorities = loud", "batch_size = 0"])
def test_a_wrong_value_is_told_at_start(load, line):
    with pytest.raises(cfg.Error):
        load(f"[collector]\n{line}\n")
