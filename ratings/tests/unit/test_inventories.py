"""Lists of what a service has: read whole, or refused with the place."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from ratings.core.errors import InvalidInput
from ratings.readers.inventories import Given, parse
from ratings.tests.journals import DEFINITIONS, instant

GIVEN = Given("a test")

YAML = """
taken_at: 2026-01-31T12:00:00Z
region: RegionOne
resource_types: [instance, volume]
resources:
  - {resource_type: instance, resource_id: i1, tenant_id: acme, status: stopped, vcpu: 2, disk: 10,
     flavor: small, name: web, created_at: "2026-01-01 00:00:00"}
  - {resource_type: volume, resource_id: v1, tenant_id: acme, size: 1.5, region: RegionTwo}
"""
CSV = """resource_type,resource_id,tenant_id,status,vcpu,size
instance,i1,acme,stopped,2,
volume,v1,acme,,,1.5
"""


def test_a_yaml_list_says_all_of_itself():
    found = parse(YAML, DEFINITIONS, GIVEN)
    assert found.taken_at == instant("2026-01-31T12:00")
    assert found.types == {"instance", "volume"}
    assert found.regions == {"RegionOne", "RegionTwo"}
    one = found.listed["RegionOne", "instance", "i1"]
    assert one.facts == {
        "status": "shutoff",
        "vcpu": 2,
        "disk": 10,
        "flavor": "small",
        "name": "web",
    }
    assert one.created_at == instant("2026-01-01T00:00")
    assert found.listed["RegionTwo", "volume", "v1"].facts == {"size": Decimal("1.5")}


def test_a_csv_list_is_told_the_rest():
    at = instant("2026-01-31T12:00")
    found = parse(CSV, DEFINITIONS, Given("a test", at, "RegionOne", ["volume"]))
    assert (found.taken_at, found.types) == (at, {"volume"})
    assert found.listed["RegionOne", "instance", "i1"].facts == {"status": "shutoff", "vcpu": 2}


def test_json_is_the_same_as_yaml():
    import yaml

    document = yaml.load(YAML, yaml.BaseLoader)
    assert parse(json.dumps(document), DEFINITIONS, GIVEN).listed == (
        parse(YAML, DEFINITIONS, GIVEN).listed
    )


def test_what_is_given_goes_before_what_the_list_says():
    at = instant("2026-01-31T12:00") - timedelta(hours=1)
    assert parse(YAML, DEFINITIONS, Given("", at)).taken_at == at


def row(**changes):
    one = {"resource_type": "volume", "resource_id": "v", "tenant_id": "t", "size": "1"} | changes
    return json.dumps({"taken_at": "2026-01-31", "region": "R", "resources": [one]})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "nothing in it"),
        ("a", "columns lack"),
        ("[1, 2]", "no list of mappings"),
        ("{a: 1}", "unknown: a"),
        ("resources: []", "when it was taken"),
        ("{taken_at: 2026-01-01, resources: []}", "its region"),
        ("{taken_at: 2026-01-01, resources: 5}", "no list of mappings"),
        ("{taken_at: 1826-01-01, region: R}", "when it was taken"),
        ("{taken_at: 2026-01-01, region: R, resource_types: [ufo]}", "ufo is no resource type"),
        ("resource_type,resource_id,tenant_id\nvolume,v", "resource 1 has 2 columns"),
        ("[" * 5000, "columns lack"),
        (row(resource_type="ufo"), "resource 1: 'ufo' is no resource type"),
        (row(resource_id=""), "resource_id is no text"),
        (row(tenant_id="x" * 256), "tenant_id is no text"),
        (row(tenant_id=["x"]), "tenant_id is no text"),
        (row(size="much"), "size"),
        (row(size="-1"), "size"),
        (row(size="NaN"), "size"),
        (row(size=["1"]), "size is no fact"),
        (row(requester="x"), "requester is no fact"),
        (row(colour="red"), "colour is no fact of volume"),
        (row(created_at="yesterday"), "created_at"),
        (row(name="a\0b"), "NUL"),
        (row(name="\ud800"), "surrogate"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused_with_the_place(text, says):
    with pytest.raises(InvalidInput, match=says) as refusal:
        parse(text, DEFINITIONS, GIVEN)
    assert refusal.value.code == "list_invalid"
    assert refusal.value.detail.count("the list: ") == 1


def test_a_resource_is_listed_once():
    document = json.loads(row())
    document["resources"] *= 2
    with pytest.raises(InvalidInput, match="listed twice"):
        parse(json.dumps(document), DEFINITIONS, GIVEN)
