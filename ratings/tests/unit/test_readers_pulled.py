"""What Gnocchi and Prometheus answer, as samples."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ratings import plugins
from ratings.core.errors import DefinitionError
from ratings.core.model import Event, Unreadable
from ratings.core.pulls import AnswerInvalid, Span
from ratings.readers import Reader, gnocchi, prometheus
from ratings.readers.pulled import decoded

DEFINITIONS = plugins.with_meters(plugins.definitions())
READER = Reader(DEFINITIONS)
DAY = datetime(2026, 1, 1, tzinfo=UTC)

SERVER = {
    "id": "2fcb3c0b-3a6c-4a1a-9a2c-6b2b3c4d5e01",
    "original_resource_id": "srv-1",
    "project_id": "acme",
    "user_id": "u",
    "type": "instance",
    "started_at": "2026-01-01T05:00:00+00:00",
    "ended_at": None,
    "revision_start": "2026-01-01T05:00:00.000001+00:00",
    "revision_end": None,
    "display_name": "web-1",
    "flavor_name": "m1.small",
    "image_ref": None,
    "metrics": {"vcpus": "5ad7f27b-a317-4861-81cd-38628c418181"},
    "creator": "c",
}


def at(text):
    return datetime.fromisoformat(f"2026-01-01T{text}:00+00:00")


WINDOW = Span(at("06:00"), at("07:00"))


def read(bodies):
    """What the reader of samples makes of what another reader gives."""
    found = [received for body in bodies for received in READER.read_sample(body, "RegionOne")]
    return [received.reading for received in found]


def pull(kind, text):
    (found,) = kind.pulls([yaml.safe_load(text)], 3600)
    return found


VCPUS = pull(gnocchi, "{meter: vcpus, resource_type: instance}")
SIZES = pull(
    prometheus,
    """
    {meter: volume.size, query: 'size{project="%s"}', step: 300, resource_id: id,
     metadata: {display_name: title}}
    """,
)


# Gnocchi


def test_a_measure_becomes_the_sample_that_ceilometer_would_have_published():
    measures = decoded(b'[["2026-01-01T06:00:00+00:00", 300.0, 2.588235294117647]]')
    (reading,) = read(gnocchi.samples(VCPUS, [SERVER], measures, WINDOW))
    published = {
        "name": "vcpus",
        "type": "gauge",
        "unit": "vcpu",
        "volume": Decimal("2.588235294117647"),
        "project_id": "acme",
        "resource_id": "srv-1",
        "timestamp": "2026-01-01T06:00:00+00:00",
        "resource_metadata": {"display_name": "web-1", "flavor_name": "m1.small"},
        "source": "openstack",
        "id": "another one each time",
        "monotonic_time": None,
    }
    body = msgspec.json.Encoder(decimal_format="number").encode(published)
    assert [reading] == read([body])
    assert reading.content["value"] == Decimal("2.588235294117647")
    assert reading.tenant_id == "acme"


def test_a_window_takes_its_start_and_leaves_its_end_to_the_next():
    measures = [[f"2026-01-01T{time}:00+00:00", 300, 1] for time in ("05:55", "06:00", "06:55")]
    measures.append(["2026-01-01T07:00:00+00:00", 300, 1])
    times = [r.event_time for r in read(gnocchi.samples(VCPUS, [SERVER], measures, WINDOW))]
    assert times == [at("06:00"), at("06:55")]


def test_measures_of_other_granularities_are_left_out():
    measures = decoded(
        b'[["2026-01-01T06:00:00+00:00", 3600.0, 7], ["2026-01-01T06:00", 300.0, 2]]'
    )
    (reading,) = read(gnocchi.samples(VCPUS, [SERVER], measures, WINDOW))
    assert reading.content["value"] == 2


def test_a_measure_gets_the_owner_and_the_facts_of_its_time():
    told = [
        {"revision_start": "2026-01-01T06:02:00+00:00", "project_id": "acme", "flavor_name": "s"},
        {"revision_start": "2026-01-01T06:10:00+00:00", "project_id": "acme", "flavor_name": "l"},
        {"revision_start": "2026-01-01T06:20:00+00:00", "project_id": "globex"},
    ]
    history = [SERVER | revision for revision in told]
    measures = [[f"2026-01-01T06:{minute}:00Z", 300, 1] for minute in ("00", "05", "10", "25")]
    readings = read(gnocchi.samples(VCPUS, history, measures, WINDOW))
    assert [(r.tenant_id, r.content["flavor"]) for r in readings] == [
        ("acme", "s"),  # before Gnocchi heard of it
        ("acme", "s"),
        ("acme", "l"),
        ("globex", "m1.small"),
    ]


def test_the_history_of_a_resource_matters_if_it_changed_since_the_window_began():
    assert not gnocchi.changed_since(SERVER, at("05:01"))
    assert gnocchi.changed_since(SERVER, at("05:00"))
    assert gnocchi.changed_since({}, at("05:00"))


def test_metadata_can_have_other_names_than_attributes():
    volume = {"project_id": "acme", "id": "v1", "label": "backups", "revision_start": None}
    sizes = pull(
        gnocchi,
        "{meter: volume.size, resource_type: volume, metric: gb, metadata: {display_name: label}}",
    )
    assert sizes.named == "gb"
    (reading,) = read(gnocchi.samples(sizes, [volume], [["2026-01-01T06:00", 300, 5]], WINDOW))
    assert (reading.resource_id, reading.content["name"]) == ("v1", "backups")


@pytest.mark.parametrize("volume", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_parked(volume):
    measures = decoded(f'[["2026-01-01T06:00:00+00:00", 300.0, {volume}]]'.encode())
    (reading,) = read(gnocchi.samples(VCPUS, [SERVER], measures, WINDOW))
    assert isinstance(reading, Unreadable)
    assert reading.code == "quantity_invalid"


@pytest.mark.parametrize("measures", [None, {}, [1], [["2026-01-01T06:00"]], [["soon", 300, 1]]])
def test_what_are_no_measures_is_refused(measures):
    with pytest.raises(AnswerInvalid):
        list(gnocchi.samples(VCPUS, [SERVER], measures, WINDOW))


def test_an_answer_that_is_no_json_is_refused():
    for body in (b"", b"<html>", b"[" * 100_000, b"[1e99999999999999999999]", b'["\xff"]'):
        with pytest.raises(AnswerInvalid):
            decoded(body)


# Prometheus


def matrix(*series, **more):
    result = [{"metric": labels, "values": values} for labels, values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}


LABELS = {"__name__": "size", "id": "v1", "title": "backups", "volume_type": "ssd"}


def seconds(text):
    return (at(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def test_a_value_of_a_series_becomes_a_sample():
    answer = decoded(
        b'{"status": "success", "data": {"resultType": "matrix", "result": [{"metric":'
        b' {"__name__": "size", "id": "v1", "title": "backups", "volume_type": "ssd"},'
        b' "values": [[1767247200.125, "1.5e+1"]]}]}}'
    )
    (reading,) = read(prometheus.samples(SIZES, answer, "acme", WINDOW))
    assert isinstance(reading, Event)
    assert reading.event_time == at("06:00") + timedelta(milliseconds=125)
    assert (reading.resource_id, reading.tenant_id) == ("v1", "acme")
    assert reading.content == {"value": 15, "name": "backups", "volume_type": "ssd"}


def test_a_value_at_the_end_of_a_window_belongs_to_the_next():
    values = [[seconds(time), "1"] for time in ("05:59", "06:00", "06:59", "07:00")]
    readings = read(prometheus.samples(SIZES, matrix((LABELS, values)), "acme", WINDOW))
    assert [reading.event_time for reading in readings] == [at("06:00"), at("06:59")]


@given(
    st.lists(st.integers(0, 3 * 3600 * 1000), unique=True, max_size=30),
    st.lists(st.integers(1, 3 * 60 - 1), max_size=5),
)
def test_windows_side_by_side_take_each_value_once(milliseconds, minutes):
    """However the time is cut, what a window is asked for is what it takes."""
    cuts = [at("06:00") + timedelta(minutes=m) for m in sorted({0, 3 * 60, *minutes})]
    begin = seconds("06:00") * 1000
    values = [[Decimal(begin + m) / 1000, "1"] for m in sorted(milliseconds)]
    taken = []
    for start, end in pairwise(cuts):
        answer = matrix((LABELS, values))
        bodies = prometheus.samples(SIZES, answer, "acme", Span(start, end))
        taken += [msgspec.json.decode(body)["timestamp"] for body in bodies]
    expected = [
        (at("06:00") + timedelta(milliseconds=m)).isoformat()
        for m in sorted(milliseconds)
        if m < 3 * 3600 * 1000
    ]
    assert taken == expected


@given(st.integers(0, 7200), st.integers(1, 7200), st.sampled_from([15, 60, 300, 3600]))
def test_a_range_is_asked_for_at_the_multiples_of_its_step(offset, length, step):
    sizes = msgspec.structs.replace(SIZES, step=step)
    span = Span(DAY + timedelta(seconds=offset), DAY + timedelta(seconds=offset + length))
    asked = prometheus.question(sizes, "acme", span)
    epoch = int(DAY.timestamp())
    wanted = [s for s in range(epoch + offset, epoch + offset + length) if s % step == 0]
    if asked is None:
        assert wanted == []
        return
    path, parameters = asked
    first, last = (Fraction(parameters[name]) for name in ("start", "end"))
    assert path == "query_range"
    assert list(range(int(first), int(last) + 1, step)) == wanted
    assert parameters["step"] == str(step)


def test_without_a_step_every_sample_of_a_selector_is_asked_for():
    raw = msgspec.structs.replace(SIZES, step=None)
    assert prometheus.question(raw, "acme", WINDOW) == (
        "query",
        {"query": 'size{project="acme"}[3600001ms]', "time": "1767250800.000"},
    )


def test_the_name_of_a_tenant_stays_within_its_quotes():
    _, parameters = prometheus.question(SIZES, 'a"} or up{x="\\', WINDOW)
    assert parameters["query"] == 'size{project="a\\"} or up{x=\\"\\\\"}'


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "ten"])
def test_a_value_that_is_no_number_is_parked(value):
    answer = matrix((LABELS, [[seconds("06:00"), value]]))
    (reading,) = read(prometheus.samples(SIZES, answer, "acme", WINDOW))
    assert isinstance(reading, Unreadable)
    assert reading.code == "quantity_invalid"


def test_a_series_without_the_label_of_the_resource_is_parked():
    answer = matrix(({"__name__": "size"}, [[seconds("06:00"), "1"]]))
    (reading,) = read(prometheus.samples(SIZES, answer, "acme", WINDOW))
    assert reading.code == "resource_id_missing"


def test_two_series_of_one_resource_are_refused_and_not_taken_for_one():
    answer = matrix(
        ({"id": "v1", "disk": "a"}, [[seconds("06:00"), "1"]]),
        ({"id": "v1", "disk": "b"}, [[seconds("06:00"), "2"]]),
    )
    with pytest.raises(AnswerInvalid, match="two series tell of 'v1'") as caught:
        list(prometheus.samples(SIZES, answer, "acme", WINDOW))
    assert caught.value.code == "series_ambiguous"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"status": "error", "error": "parse error"},
        {"status": "success", "data": None},
        {"status": "success", "data": {"resultType": "vector", "result": []}},
        matrix() | {"warnings": ["a store is missing"]},
        {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}}]}},
        matrix((LABELS, [["now", "1"]])),
        matrix((LABELS, [[1767247200, 1]])),
        matrix((LABELS, [[10**30, "1"]])),
        matrix((LABELS, [[1]])),
    ],
)
def test_an_answer_that_is_not_whole_is_refused(answer):
    with pytest.raises(AnswerInvalid):
        list(prometheus.samples(SIZES, answer, "acme", WINDOW))


# The file


@pytest.mark.parametrize(
    ("kind", "text", "complaint"),
    [
        (gnocchi, "{meter: vcpus}", "resource_type"),
        (gnocchi, "{meter: vcpus, resource_type: instance, unit: vcpu}", "unit"),
        (gnocchi, "{meter: '', resource_type: instance}", "meter"),
        (gnocchi, "{meter: vcpus, resource_type: i, granularity: 7}", "no multiple of 7 s"),
        (prometheus, "{meter: m, query: up, resource_id: id}", "does not ask for a tenant"),
        (prometheus, "{meter: m, query: 'up{p=\"%s\"}', resource_id: id, step: 7}", "of 7 s"),
        (prometheus, "{meter: m, query: 'up{p=\"%s\"}'}", "resource_id"),
        (prometheus, "{meter: m, query: 'up{p=\"%s\"}', resource_id: id, step: 0}", "step"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_the_place(kind, text, complaint):
    with pytest.raises(DefinitionError, match=complaint):
        pull(kind, text)


def test_two_metrics_of_a_type_cannot_be_one_meter():
    same = {"meter": "vcpus", "resource_type": "instance"}
    with pytest.raises(DefinitionError, match=r"entry 2 .* has this meter already"):
        gnocchi.pulls([same, same | {"aggregation": "max"}], 3600)
