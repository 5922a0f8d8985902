"""What comes from outside is there and whole when a service starts, or it does not start."""

from importlib.metadata import EntryPoint

import pytest

from ratings import conf as options
from ratings import plugins
from ratings.core.errors import DefinitionError


def load(*lines, tmp_path):
    path = tmp_path / "definitions.yaml"
    path.write_text("\n".join(lines))
    return plugins.definitions(path)


def test_the_definitions_that_ship_are_complete():
    settings = plugins.settings(options.load([], default_config_files=[]))
    assert "instance" in settings.definitions.types
    assert "lifecycle" in settings.transformers
    assert settings.currency == "USD"


@pytest.mark.parametrize("text", ["", "[]", "a: [", "resource_types: 5", "spaceships: {}"])
def test_definitions_that_cannot_be_read_name_their_file(text, tmp_path):
    with pytest.raises(DefinitionError, match=r"definitions\.yaml"):
        load(text, tmp_path=tmp_path)


def test_a_resource_type_whose_transformer_is_missing_keeps_the_service_from_starting(tmp_path):
    path = tmp_path / "definitions.yaml"
    path.write_text("resource_types: {spaceship: {transformer: warp, components: {}}}")
    conf = options.load([], default_config_files=[])
    conf.set_override("definitions", str(path), group="rating")
    with pytest.raises(DefinitionError, match=r"no transformer 'warp'"):
        plugins.settings(conf)


def test_a_broken_transformer_keeps_the_service_from_starting():
    broken = EntryPoint("warp", "ratings.no_such_module:transform", plugins.NAMESPACE)
    with pytest.raises(DefinitionError, match=r"ratings\.no_such_module"):
        plugins._refuse(None, broken, ImportError("ratings.no_such_module"))
