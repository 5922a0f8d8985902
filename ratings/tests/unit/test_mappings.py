"""The file of meter mappings: what it makes, and where it is wrong."""

from datetime import timedelta
from fractions import Fraction

import pytest
import yaml

from ratings import conf as options
from ratings import plugins, shipped
from ratings.core import mappings
from ratings.core.errors import DefinitionError
from ratings.tests import data
from ratings.tests.journals import instant

HOUR = timedelta(hours=1)


def parse(text, window=HOUR):
    return mappings.parse(yaml.safe_load(text), window)


def join(text):
    return mappings.join(data.definitions(), yaml.safe_load(text), HOUR)


def test_a_mapping_is_a_resource_type_with_its_services_as_components():
    joined = join("""
        mappings:
          - meter: volume.size
            service: b1.standard
            services: {5b2c: b1.nvme, 77aa: b1.nvme}
            unit: GiB
            transformer: storage_max
            metadata: {volume_type: resource_metadata.volume_type}""")
    assert joined.units()["b1.standard"] == joined.units()["b1.nvme"] == "GiB"
    assert [c.name for c in joined.types["volume.size"].components] == ["b1.standard", "b1.nvme"]
    assert joined.types["volume.size"].sampling.by == "volume_type"
    assert joined.types["volume"] == data.definitions().types["volume"]


def test_a_mapping_needs_no_more_than_a_meter():
    meters, types = parse("mappings: [{meter: x}]")
    assert types["x"].transformer == "gauge_max"
    assert [(c.name, c.unit) for c in types["x"].components] == [("x", "x")]
    assert meters.mappings["x"][0].conversion == 1


@pytest.mark.parametrize(
    ("told", "conversion"),
    [
        ("1/1073741824", Fraction(1, 2**30)),
        ("0.001", Fraction(1, 1000)),
        ("1000", 1000),
        ("1e-9", Fraction(1, 10**9)),
    ],
)
def test_a_conversion_is_exact(told, conversion):
    meters, _ = parse(f"mappings: [{{meter: x, conversion: {told}}}]")
    assert meters.mappings["x"][0].conversion == conversion


def test_windows_begin_at_the_epoch_and_end_with_each_day():
    _, types = parse("mappings: [{meter: x}]", timedelta(hours=8))
    sampling = types["x"].sampling
    assert sampling.begin(instant("07:59:59")) == instant("00:00")
    assert sampling.begin(instant("08:00")) == instant("08:00")
    assert sampling.begin(instant("23:00")) == instant("16:00")


@pytest.mark.parametrize("seconds", [0, -3600, 7, 5000, 2 * 86400])
def test_a_window_that_is_no_fraction_of_a_day_is_refused(seconds):
    with pytest.raises(DefinitionError, match="fraction of a day"):
        parse("mappings: []", timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("meters: []", "the file: unknown key meters"),
        ("mappings: 5", "mappings: expected a list"),
        ("mappings: [5]", "mapping 1"),
        ("mappings: [{name: x}]", "mapping 1 .*meter"),
        ("mappings: [{meter: x, volumes: 1}]", r"mapping 1 \(x\): unknown key volumes"),
        ("mappings: [{meter: x}, {meter: x}]", "mapping 2 .*two called 'x'"),
        ("mappings: [{meter: x, conversion: 1/3}]", "written out as a decimal"),
        ("mappings: [{meter: x, conversion: 0}]", "written out as a decimal"),
        ("mappings: [{meter: x, conversion: much}]", "no number and no fraction"),
        ("mappings: [{meter: x, volume: -1}]", "negative"),
        ("mappings: [{meter: x, volume: {}}]", "names no source"),
        ("mappings: [{meter: x, volume: {from: x}}]", "unknown key from"),
        ("mappings: [{meter: x, resource_id: disk}]", "needs %s, once"),
        ("mappings: [{meter: x, resource_id: '%s%s'}]", "needs %s, once"),
        ("mappings: [{meter: x, metadata: {value: a}}]", "'value' is no name for a fact"),
        ("mappings: [{meter: x, metadata: {tenant_id: a}}]", "no name for a fact"),
        ("mappings: [{meter: x, metadata: []}]", "expected a mapping"),
        ("mappings: [{meter: x, record_metadata: [a]}]", "'a' is no fact of its metadata"),
        ("mappings: [{meter: x, service_by: a}]", "'a' is no fact of its metadata"),
        ("mappings: [{meter: x, transformer: storage_max, services: {a: b}}]", "'volume_type'"),
        ("mappings: [{meter: x, transformer: uptime}]", "uptime needs the metadata 'status'"),
        ("mappings: [{meter: x, transformer: from_image}]", "needs the metadata 'image_ref'"),
        ("mappings: [{meter: x, transformer_config: {lead_in: 1}}]", "unknown key lead_in"),
        (
            "mappings: [{meter: x, transformer: uptime, metadata: {status: s},"
            " transformer_config: {lead_in: soon}}]",
            "lead_in: 'soon' is no int",
        ),
        (
            "mappings: [{meter: x, transformer: uptime, metadata: {status: s},"
            " transformer_config: {lead_in: -1}}]",
            "lead_in: is negative",
        ),
        ("mappings: [{meter: x, unit: a}, {meter: y, service: x, unit: b}]", "component x: units"),
        ("ignore: 7", "ignore: expected a list"),
        ("trusted_sources: 7\nmappings: [{meter: x}]", "trusted_sources: expected a list"),
    ],
)
def test_a_mistake_is_told_with_its_place(text, fault):
    with pytest.raises(DefinitionError, match=fault):
        join(text)


def test_a_mapping_cannot_take_the_name_of_a_resource_type_of_the_definitions():
    with pytest.raises(DefinitionError, match="give the mapping another `name`"):
        join("mappings: [{meter: volume}]")


def test_a_component_of_mappings_and_definitions_has_one_unit():
    with pytest.raises(DefinitionError, match="component volume: units 'GiB' and 'GB'"):
        join("mappings: [{meter: x, service: volume, unit: GB}]")


def test_a_transformer_of_others_is_told_what_it_likes():
    _, types = parse("mappings: [{meter: x, transformer: mine, transformer_config: {a: [1]}}]")
    assert types["x"].sampling.config == {"a": [1]}


def test_the_mappings_that_ship_charge_nothing_that_has_no_price():
    """Whoever sends samples beside events is not charged twice, unless two prices say so."""
    shipped_types = plugins.with_meters(plugins.definitions()).types.values()
    sampled = [kind for kind in shipped_types if kind.sampling is not None]
    assert sampled
    assert all(c.when_priced for kind in sampled for c in kind.components)
    charged_by_events = plugins.definitions().units()
    assert not {c.name for kind in sampled for c in kind.components} & set(charged_by_events)


def test_the_length_of_a_window_comes_from_the_configuration():
    conf = options.load([], default_config_files=[])
    conf.set_override("window", 900, group="rating")
    assert plugins.settings(conf).definitions.meters.window == timedelta(minutes=15)


def test_a_file_of_mappings_that_is_wrong_is_named(tmp_path):
    path = tmp_path / "meters.yaml"
    for text in ("a: [", "mappings: [{meter: x, filters: ['a[']}]"):
        path.write_text(text)
        with pytest.raises(DefinitionError, match=r"meters\.yaml"):
            plugins.with_meters(plugins.definitions(), path)


def test_a_mapping_whose_transformer_is_missing_keeps_the_service_from_starting(tmp_path):
    path = tmp_path / "meters.yaml"
    path.write_text("mappings: [{meter: x, transformer: warp}]")
    conf = options.load([], default_config_files=[])
    conf.set_override("meter_mappings", str(path), group="rating")
    with pytest.raises(DefinitionError, match=r"no transformer 'warp'"):
        plugins.settings(conf)


def test_the_file_that_ships_is_found():
    assert (shipped.defaults() / "meter_mappings.yaml").is_file()
