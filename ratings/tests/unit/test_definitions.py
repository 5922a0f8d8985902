"""The definitions file: what ships is complete, and what is wrong is told with its place."""

import copy

import pytest

from ratings.core.definitions import parse
from ratings.core.errors import DefinitionError
from ratings.core.model import ACTIONS
from ratings.readers import Reader
from ratings.tests import data

SHIPPED = data.definitions()
RUNNING = {"active", "paused", "rescued"}


def wrong(path, value, check=parse):
    """What is said of the shipped document when the value at `path` is another."""
    document = copy.deepcopy(data.document())
    *parents, last = path.split("/")
    place = document
    for key in parents:
        place = place[key]
    place[last] = value
    with pytest.raises(DefinitionError) as refusal:
        check(document)
    return str(refusal.value)


def read(document):
    return Reader(parse(document))


@pytest.mark.parametrize("event_type", sorted(data.stories("ceilometer_events.json")))
def test_every_captured_event_type_is_known_by_a_rule_or_a_pattern_not_both(event_type):
    assert (event_type in SHIPPED.rules) is not SHIPPED.ignores(event_type)


def test_no_rule_is_hidden_by_a_pattern():
    assert [event_type for event_type in SHIPPED.rules if SHIPPED.ignores(event_type)] == []


def test_every_rule_has_an_action_and_a_reader_can_be_made_of_them():
    Reader(SHIPPED)

    assert {rule.action for rules in SHIPPED.rules.values() for rule in rules} <= set(ACTIONS)


def test_the_shipped_resource_types_have_their_components_and_units():
    assert SHIPPED.units() == {
        "vcpu": "vcpu",
        "ram": "MiB",
        "disk": "GiB",
        "instance": "instance",
        "volume": "GiB",
        "volume_snapshot": "GiB",
        "volume_backup": "GiB",
        "share": "GiB",
        "image": "GiB",
        "instance_snapshot": "GiB",
        "floating_ip": "floating_ip",
        "router": "router",
        "network": "network",
        "subnet": "subnet",
        "port": "port",
        "vpn": "vpn",
        "load_balancer": "load_balancer",
        "zone": "zone",
        "node": "node",
    }


def test_a_running_instance_is_charged_whole_and_a_stopped_one_for_its_disk():
    components = {c.name: c for c in SHIPPED.types["instance"].components}

    assert components["vcpu"].charged_in == components["ram"].charged_in == RUNNING
    assert components["disk"].charged_in is None
    assert {status for _, status in components["disk"].unless} == {
        "building",
        "shelved_offloaded",
        "soft_delete",
    }
    assert components["instance"].when_priced


def test_a_public_image_is_not_charged():
    for name in ("image", "instance_snapshot"):
        assert SHIPPED.types[name].components[0].unless == (("visibility", "public"),)


def test_an_event_type_without_rule_or_pattern_is_not_ignored():
    assert not SHIPPED.ignores("coffee.brewed")
    assert not SHIPPED.ignores("compute.instance.create.end")


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("resource_type", {}, "the file: unknown key resource_type"),
        ("resource_types", [], "resource_types: expected a mapping"),
        ("resource_types/port", None, "port: expected a mapping"),
        ("resource_types/port/colour", "red", "port: unknown key colour"),
        ("resource_types/port/components", None, "port.components: expected a mapping"),
        ("resource_types/port/components/port", "1", "port.components.port: expected a mapping"),
        (
            "resource_types/volume/components/volume/quantity",
            "sise",
            "volume.components.volume: quantity 'sise' is no numeric fact",
        ),
        (
            "resource_types/volume/components/volume/quantity",
            "name",
            "volume.components.volume: quantity 'name' is no numeric fact",
        ),
        ("resource_types/port/components/vcpu", {"unit": "core"}, "component vcpu: units"),
        ("resource_types/volume/facts/size/kind", "float", "volume.facts.size: kind 'float'"),
        ("resource_types/volume/facts/size/trait", "x", "volume.facts.size: unknown key trait"),
        ("resource_types/volume/events/volume.retype", "explode", "volume.events.volume.retype"),
        ("resource_types/volume/events/volume.retype", 7, "volume"),
        ("resource_types/volume/events/volume.retype", [7], "volume"),
        (
            "resource_types/volume/events/volume.retype",
            {"action": "retype", "if": {}},
            "volume.events.volume.retype: unknown key if",
        ),
        (
            "resource_types/volume/events/volume.retype",
            {"action": "retype", "when": "error"},
            "volume.events.volume.retype condition: expected a mapping",
        ),
        (
            "resource_types/volume/events/volume.retype",
            {"action": "retype", "each": {"of": "volumes"}},
            "volume.events.volume.retype.each: unknown key of",
        ),
    ],
)
def test_a_wrong_definition_is_refused_with_its_place(path, value, place):
    assert wrong(path, value).startswith(place)


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ({"action": "retype", "when": {"colour": "red"}}, "'colour' is no fact or signal"),
        ({"action": "retype", "unless": {"size": "1"}}, "'size' is no text"),
        ({"action": "retype", "time": "name"}, "'name' is no time"),
        ({"action": "retype", "time": "deleted_at"}, "'deleted_at' is no fact or signal"),
        ({"action": "retype", "facts": ["colour"]}, "'colour' is no fact or signal"),
    ],
)
def test_a_rule_may_only_name_what_its_type_has(rule, fault):
    said = wrong("resource_types/volume/events/volume.retype", rule, check=read)

    assert said.startswith(f"volume.events.volume.retype: {fault}")


def test_the_rules_of_one_event_type_agree_about_the_list_they_read():
    said = wrong("resource_types/image/events/image.exists", {"action": "exists"}, check=read)

    assert said == "image.exists: its rules disagree about `each`"


def test_a_new_resource_type_is_an_edit_of_data():
    document = data.document()
    document["resource_types"]["cup"] = {
        "components": {"coffee": {"unit": "litre", "quantity": "litres"}},
        "facts": {
            "resource_id": {"traits": "cup_id"},
            "litres": {"kind": "number", "traits": "millilitres", "divide": 1000},
        },
        "events": {"coffee.brewed": "create"},
    }
    body = (
        b'{"event_type": "coffee.brewed", "generated": "2026-01-01",'
        b' "traits": [["cup_id", 1, "c-1"], ["millilitres", 2, 250]]}'
    )

    ((event, _),) = read(document).read(body, "RegionOne")

    assert (event.resource_type, event.resource_id) == ("cup", "c-1")
    assert str(event.content["litres"]) == "0.25"
