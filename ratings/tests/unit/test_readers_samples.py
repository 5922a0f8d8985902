"""Ceilometer's samples: what is read from them, and why some cannot be."""

import json
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import md5

import pytest
import yaml

from ratings import plugins
from ratings.core import mappings
from ratings.core.definitions import Definitions
from ratings.core.errors import DefinitionError, InvalidInput
from ratings.core.model import Event, Ignored, Unreadable
from ratings.readers import Reader, split
from ratings.tests import data
from ratings.tests.journals import instant

SHIPPED = Reader(plugins.with_meters(plugins.definitions()))
REQUESTS = [
    json.dumps(request).encode() for request in json.loads(data.text("ceilometer_samples.json"))
]

MAPPINGS = """
trusted_sources: [openstack, "region-*"]
mappings:
  - meter: storage
    unit: GiB
    conversion: 1/1073741824
    resource_id: "%s-disk"
    filters: ["resource_metadata.size > `5`", "resource_metadata.tags[0]"]
    metadata:
      kind: {sources: [resource_metadata.kind, "resource_metadata.\\"old.kind\\""], template: k-%s}
  - {meter: storage, name: storage.count, volume: 1, trusted_sources: ["*"]}
  - meter: database
    volume: {sources: [resource_metadata.volume.size, resource_metadata.size]}
    tenant_id: {sources: [project_id, resource_metadata.owner]}
  - {meter: summed, filters: ["sum(resource_metadata.sizes) > `1`"]}
ignore: [network.*]
"""


def reader(text=MAPPINGS):
    return Reader(mappings.join(Definitions({}, {}, ()), yaml.safe_load(text), timedelta(hours=1)))


def sample(**changes):
    found = {
        "name": "storage",
        "type": "gauge",
        "unit": "B",
        "volume": 3221225472,
        "project_id": "acme",
        "resource_id": "r1",
        "timestamp": "2026-01-01T10:05:00+00:00",
        "resource_metadata": {"size": 6, "tags": ["a"], "kind": "fast"},
        "source": "openstack",
        "id": "1",
        "monotonic_time": None,
    }
    found.update(changes)
    return {key: value for key, value in found.items() if value is not ...}


def read(**changes):
    return [
        received.reading
        for received in reader().read_sample(json.dumps(sample(**changes)).encode(), "RegionOne")
    ]


def code(**changes):
    (reading,) = {r.code: r for r in read(**changes) if isinstance(r, Unreadable)}.values()
    return reading.code


def test_a_sample_is_an_event_for_each_mapping_of_its_meter():
    storage, count = read()
    assert isinstance(storage, Event)
    assert (storage.resource_type, storage.resource_id) == ("storage", "r1-disk")
    assert (storage.event_type, storage.action) == ("storage", "sample")
    assert storage.content == {"value": Decimal(3), "kind": "k-fast"}
    assert storage.event_time == instant("10:05")
    assert storage.tenant_id == "acme"
    assert (count.resource_type, count.content) == ("storage.count", {"value": 1})
    assert storage.message_id != count.message_id


def test_a_sample_is_told_apart_by_what_it_is_of_and_not_by_its_id():
    ids = [event.message_id for event in read()]
    assert [event.message_id for event in read(id="2", volume=7)] == ids
    assert [event.message_id for event in read(timestamp="2026-01-01T10:05:00")] == ids
    for changed in ({"resource_id": "r2"}, {"timestamp": "2026-01-01T10:06:00"}):
        assert not set(ids) & {event.message_id for event in read(**changed)}
    (elsewhere, _) = reader().read_sample(json.dumps(sample()).encode(), "RegionTwo")
    assert elsewhere.reading.message_id not in ids


def test_the_names_of_older_releases_are_understood():
    old = {f"counter_{name}": value for name, value in sample().items() if name in OLD}
    old |= {name: value for name, value in sample().items() if name not in OLD}
    (found, _) = reader().read_sample(json.dumps(old).encode(), "RegionOne")
    assert found.reading == read()[0]


OLD = ("name", "type", "unit", "volume")


def test_numbers_stay_exact():
    body = json.dumps(sample()).replace("3221225472", "0.3").encode()
    (found, _) = reader().read_sample(body, "RegionOne")
    assert Fraction(found.reading.content["value"]) == Fraction(3, 10) / 2**30


def test_a_metadata_that_is_null_is_known_to_be_empty_and_one_that_is_missing_is_not_known():
    tags = {"size": 6, "tags": ["a"]}
    assert read(resource_metadata={**tags, "kind": None})[0].content["kind"] == ""
    assert "kind" not in read(resource_metadata=tags)[0].content
    assert read(resource_metadata={**tags, "kind": "", "old.kind": "x"})[0].content["kind"] == "k-x"


def test_what_does_not_pass_the_filters_is_ignored():
    (count,) = read(resource_metadata={"size": 5, "tags": ["a"]})
    assert count.resource_type == "storage.count"
    (ignored,) = read(name="summed", resource_metadata={"sizes": [1]})
    assert isinstance(ignored, Ignored)
    assert ignored.event_time == instant("10:05")


def test_who_is_not_trusted_cannot_take_the_place_of_who_is():
    (own,) = read(name="database", resource_metadata={"size": 1})
    (forged,) = read(name="database", resource_metadata={"size": 1}, source="user")
    assert isinstance(own, Event)
    assert isinstance(forged, Ignored)
    assert forged.message_id != own.message_id
    assert isinstance(read(name="database", source="region-2")[0], Event)


def test_a_mapping_may_trust_other_sources_than_the_file():
    (count,) = read(source="user")
    assert count.resource_type == "storage.count"


def test_the_first_value_that_is_there_is_measured():
    (found,) = read(name="database", resource_metadata={"volume": {"size": 8}, "size": 1})
    assert found.content["value"] == 8
    (found,) = read(name="database", resource_metadata={"volume": {}, "size": 1})
    assert found.content["value"] == 1


def test_the_owner_may_stand_elsewhere():
    (found,) = read(name="database", project_id=None, resource_metadata={"size": 1, "owner": "me"})
    assert found.tenant_id == "me"


def test_a_volume_that_is_null_measures_nothing():
    assert "value" not in read(volume=None)[0].content


def test_a_long_resource_id_is_shortened_as_distil_does():
    long = f"{'x' * 300}-disk"
    assert read(resource_id="x" * 300)[0].resource_id == md5(long.encode()).hexdigest()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": None}, "meter_missing"),
        ({"name": "spaceship"}, "meter_unknown"),
        ({"name": "x" * 300}, "meter_unknown"),
        ({"resource_id": ""}, "resource_id_missing"),
        ({"resource_id": 7}, "resource_id_invalid"),
        ({"timestamp": "yesterday"}, "event_time_invalid"),
        ({"project_id": None}, "tenant_id_missing"),
        ({"project_id": 7}, "tenant_id_invalid"),
        ({"volume": ...}, "volume_missing"),
        ({"name": "database"}, None),
        ({"volume": -1}, "quantity_invalid"),
        ({"volume": True}, "quantity_invalid"),
        ({"volume": "many"}, "quantity_invalid"),
        ({"resource_metadata": {"size": 6, "tags": [1], "kind": {}}}, "fact_invalid"),
        ({"name": "summed", "resource_metadata": {"sizes": "many"}}, "mapping_failed"),
        ({"name": "database", "resource_metadata": None}, "volume_missing"),
    ],
)
def test_what_cannot_be_understood_has_a_code(changes, expected):
    if expected is None:
        assert isinstance(read(**changes)[0], Event)
    else:
        assert code(**changes) == expected


def test_what_is_parked_twice_is_parked_once_whatever_its_id():
    for changes in ({"volume": -1}, {"timestamp": "yesterday"}, {"name": None}):
        one, other = read(**changes), read(**changes, id="2")
        assert [r.message_id for r in one] == [r.message_id for r in other]


def test_a_region_without_a_name_parks_the_sample():
    (found,) = reader().read_sample(json.dumps(sample()).encode(), "")
    assert found.reading.code == "region_invalid"


def test_a_number_beyond_all_bounds_parks_the_sample():
    body = json.dumps(sample()).replace("3221225472", "1" * 9000).encode()
    (found,) = reader().read_sample(body, "RegionOne")
    assert found.reading.code == "number_invalid"


@pytest.mark.parametrize("body", ['{"name": "x"}', '{"traits": []}', "{}"])
def test_what_is_no_sample_is_refused(body):
    with pytest.raises(InvalidInput) as refused:
        reader().read_sample(body.encode(), "RegionOne")
    assert refused.value.code == "body_no_sample"


@pytest.mark.parametrize(("body", "expected"), [("{", "body_not_json"), ("5", "body_no_event")])
def test_what_is_no_json_object_is_refused(body, expected):
    with pytest.raises(InvalidInput) as refused:
        reader().read_sample(body.encode(), "RegionOne")
    assert refused.value.code == expected


def test_any_door_knows_a_sample_by_its_shape():
    body = json.dumps(sample()).encode()
    assert reader().read(body, "RegionOne") == reader().read_sample(body, "RegionOne")


def test_a_flat_event_cannot_pass_for_a_sample():
    flat = {
        "resource_id": "r1",
        "resource_type": "storage",
        "event_type": "upload",
        "event_time": "2026-01-01T10:05:00",
        "region": "RegionOne",
        "tenant_id": "acme",
        "content": {"value": 1},
        "volume": 7,
    }
    with pytest.raises(InvalidInput) as refused:
        reader().read(json.dumps(flat).encode(), "RegionOne")
    assert refused.value.code == "resource_type_invalid"


def test_a_flat_event_cannot_be_parked_as_a_sample_and_requeued_as_what_it_is():
    """An approval of an operator, say, by somebody who may deliver samples."""
    flat = {
        "resource_id": "v1",
        "resource_type": "volume",
        "event_type": "ratings.reconciliation.delete",
        "event_time": "2026-01-01T10:05:00",
        "region": "Elsewhere",
        "tenant_id": "acme",
        "content": {},
        "volume": 7,
    }
    with pytest.raises(InvalidInput) as refused:
        reader().read_sample(json.dumps(flat).encode(), "RegionOne")
    assert refused.value.code == "body_no_sample"


def test_every_sample_that_a_real_ceilometer_sent_is_mapped_or_ignored():
    readings = [
        received.reading
        for request in REQUESTS
        for body in split(request)
        for received in SHIPPED.read_sample(body, "RegionOne")
    ]
    assert not [reading for reading in readings if isinstance(reading, Unreadable)]
    rated = {reading.resource_type for reading in readings if isinstance(reading, Event)}
    assert rated == {
        *("backup.size", "bandwidth", "cpu", "disk.ephemeral.size", "disk.root.size"),
        *("image.download", "image.size", "instance.uptime", "manila.share.size", "memory"),
        *("snapshot.size", "vcpus", "volume.size"),
    }
    ignored = {reading.event_type for reading in readings if isinstance(reading, Ignored)}
    assert ignored == {
        *("compute.instance.booting.time", "disk.device.usage", "image.serve"),
        "image.size",  # of an image that was deleted
        *(f"volume.provider.pool.capacity.{what}" for what in CAPACITIES),
    }


CAPACITIES = ("allocated", "free", "provisioned", "total", "virtual_free")


def test_what_a_real_sample_says_is_read():
    found = {}
    for request in REQUESTS:
        for body in split(request):
            for received in SHIPPED.read_sample(body, "RegionOne"):
                found.setdefault(getattr(received.reading, "resource_type", None), received.reading)
    assert found["cpu"].content["value"] == Decimal("123.456789")
    assert found["cpu"].content["flavor"] == "m1.small"
    assert found["instance.uptime"].content["status"] == "active"
    assert found["image.size"].content["value"] * 2**30 == 2252013568
    assert found["volume.size"].content["volume_type"].startswith("5b2c1d0e")
    assert found["disk.root.size"].content["image_ref"].startswith("155d900f")


@pytest.mark.parametrize("expression", ["a[", "a ==", "nosuch(a)"])
def test_an_expression_that_is_none_is_told_at_start(expression):
    text = f"mappings: [{{meter: m, filters: ['{expression}']}}]"
    if expression.startswith("nosuch"):
        body = json.dumps(sample(name="m")).encode()
        (found,) = reader(text).read_sample(body, "RegionOne")
        assert found.reading.code == "mapping_failed"
    else:
        with pytest.raises(DefinitionError, match="mapping m of m"):
            reader(text)
