"""Measures of a real Gnocchi, as the source tells them."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ratings import conf as options
from ratings.collectors import gnocchi as collector
from ratings.core.pulls import SourceError, SourceUnreachable, Span

HOUR = timedelta(hours=1)
BUCKET = timedelta(minutes=5)
# Gnocchi tells when it heard of a resource, so measures are of about now.
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
VCPUS = {"meter": "vcpus", "resource_type": "instance"}
SIZE = {"meter": "volume.size", "resource_type": "volume"}


def connected(gnocchi, section, **told):
    conf = options.load([], default_config_files=[])
    values = {"auth_mode": "basic", "endpoint": gnocchi.url, "timeout": 30, **told}
    for name, value in values.items():
        conf.set_override(name, value, group="gnocchi")
    return collector.connect(conf, section)


def pulled(source, tenant_id, start, end):
    found = [json.loads(body, parse_float=Decimal) for body in source.pull(tenant_id, start, end)]
    return sorted(found, key=lambda one: (one["name"], one["resource_id"], one["timestamp"]))


def every(step, start, end, value):
    count = (end - start) // step
    return [(start + number * step, value) for number in range(count)]


@pytest.fixture(params=["batches", "refreshed"])
def refresh(request):
    """Whether Gnocchi is asked metric by metric."""
    return request.param == "refreshed"


@pytest.fixture
def tenant(request):
    """A tenant of the test's own."""
    return f"tenant-{uuid.uuid4().hex[:8]}"


def server(gnocchi, tenant, measures, **told):
    resource_id = str(uuid.uuid4())
    told = {"display_name": "web-1", "flavor_name": "m1.small"} | told
    gnocchi.add("instance", resource_id, tenant, measures, **told)
    return resource_id


def test_measures_come_with_what_is_known_of_their_resource(gnocchi, tenant, refresh):
    start = NOW - 3 * HOUR
    measures = {"vcpus": every(timedelta(minutes=1), start, start + HOUR, 2)}
    measures["vcpus"][3] = (start + timedelta(minutes=3), 1)
    resource_id = server(gnocchi, tenant, measures)
    found = pulled(connected(gnocchi, [VCPUS], refresh=refresh), tenant, start, start + HOUR)
    assert len(found) == 12
    assert found[0] == {
        "name": "vcpus",
        "source": "gnocchi",
        "timestamp": start.isoformat(),
        "volume": Decimal("1.8"),
        "resource_id": resource_id,
        "project_id": tenant,
        "resource_metadata": {"display_name": "web-1", "flavor_name": "m1.small"},
    }
    assert {one["volume"] for one in found[1:]} == {2}


def test_windows_side_by_side_take_each_measure_once(gnocchi, tenant, refresh):
    start = NOW - 4 * HOUR
    server(gnocchi, tenant, {"vcpus": every(BUCKET, start, NOW, 1)})
    source = connected(gnocchi, [VCPUS], refresh=refresh)
    times = [
        one["timestamp"]
        for hour in range(4)
        for one in pulled(source, tenant, start + hour * HOUR, start + (hour + 1) * HOUR)
    ]
    assert times == [at.isoformat() for at, _ in every(BUCKET, start, NOW, 1)]


def test_resources_measured_at_different_times_have_no_measures_of_each_other(
    gnocchi, tenant, refresh
):
    start = NOW - 2 * HOUR
    first = server(gnocchi, tenant, {"vcpus": [(start, 1)]})
    second = server(gnocchi, tenant, {"vcpus": [(start + BUCKET, 2)]})
    server(gnocchi, tenant, {"vcpus": []})
    server(gnocchi, tenant, {"memory": [(start, 512)]})
    source = connected(gnocchi, [VCPUS], refresh=refresh)
    found = {one["resource_id"]: one["volume"] for one in pulled(source, tenant, start, NOW)}
    assert found == {first: 1, second: 2}


def test_tenants_are_apart(gnocchi, tenant):
    start = NOW - 2 * HOUR
    server(gnocchi, tenant, {"vcpus": [(start, 1)]})
    source = connected(gnocchi, [VCPUS])
    assert len(pulled(source, tenant, start, NOW)) == 1
    assert pulled(source, "nobody", start, NOW) == []


def test_there_may_be_more_resources_than_a_page_and_more_metrics_than_a_request(
    gnocchi, tenant, monkeypatch
):
    monkeypatch.setattr(collector, "PAGE", 3)
    monkeypatch.setattr(collector, "METRICS", 2)
    start = NOW - 2 * HOUR
    expected = {server(gnocchi, tenant, {"vcpus": [(start, n)]}): n for n in range(1, 8)}
    found = pulled(connected(gnocchi, [VCPUS]), tenant, start, NOW)
    assert {one["resource_id"]: one["volume"] for one in found} == expected


def test_an_id_that_is_no_uuid_is_told_as_ceilometer_knows_it(gnocchi, tenant):
    gnocchi.add("volume", f"{tenant}-backups", tenant, {"volume.size": [(NOW - HOUR, 5)]})
    (found,) = pulled(connected(gnocchi, [SIZE]), tenant, NOW - HOUR, NOW)
    assert found["resource_id"] == f"{tenant}-backups"


def test_a_resource_that_has_ended_is_told_to_its_end(gnocchi, tenant):
    start = NOW - 2 * HOUR
    measures = {"vcpus": every(BUCKET, start, start + HOUR, 1)}
    resource_id = server(gnocchi, tenant, measures, started_at=start.isoformat())
    gnocchi.api.resource.update("instance", resource_id, {"ended_at": NOW.isoformat()})
    source = connected(gnocchi, [VCPUS])
    assert len(pulled(source, tenant, start, NOW)) == 12
    assert pulled(source, tenant, NOW + 48 * HOUR, NOW + 49 * HOUR) == []


def test_a_volume_that_is_handed_over_is_told_by_its_new_owner_for_both(gnocchi, tenant):
    resource_id = str(uuid.uuid4())
    measures = [(NOW - HOUR, 5), (NOW + 2 * HOUR, 5)]
    gnocchi.add("volume", resource_id, tenant, {"volume.size": measures}, display_name="old")
    gnocchi.api.resource.update(
        "volume", resource_id, {"project_id": f"{tenant}-2", "display_name": "new"}
    )
    source = connected(gnocchi, [SIZE])
    found = pulled(source, f"{tenant}-2", NOW - HOUR, NOW + 3 * HOUR)
    assert [(one["project_id"], one["resource_metadata"]["display_name"]) for one in found] == [
        (tenant, "old"),
        (f"{tenant}-2", "new"),
    ]
    assert pulled(source, tenant, NOW - HOUR, NOW + 3 * HOUR) == []


def test_a_history_may_be_longer_than_a_page(gnocchi, tenant, monkeypatch):
    monkeypatch.setattr(collector, "PAGE", 2)
    measures = {"vcpus": [(NOW - HOUR, 1), (NOW + 2 * HOUR, 1)]}
    resource_id = server(gnocchi, tenant, measures, flavor_name="flavor 0")
    for number in range(1, 7):
        gnocchi.api.resource.update("instance", resource_id, {"flavor_name": f"flavor {number}"})
    source = connected(gnocchi, [VCPUS])
    found = pulled(source, tenant, NOW - HOUR, NOW + 3 * HOUR)
    flavors = [one["resource_metadata"]["flavor_name"] for one in found]
    assert flavors == ["flavor 0", "flavor 6"]
    (history,) = source.pull.__self__._resources("instance", tenant, Span(NOW - HOUR, NOW))
    assert [one["flavor_name"] for one in history[0]] == [f"flavor {n}" for n in range(7)]


def test_another_aggregation_and_another_name_can_be_asked_for(gnocchi, tenant):
    start = NOW - 2 * HOUR
    measures = {"cpus": [(start, 1), (start + timedelta(minutes=1), 4)]}
    server(gnocchi, tenant, measures, policy="rich")
    section = [VCPUS | {"metric": "cpus", "aggregation": "max"}]
    (found,) = pulled(connected(gnocchi, section), tenant, start, NOW)
    assert (found["name"], found["volume"]) == ("vcpus", 4)


def test_an_aggregation_that_the_archive_policy_does_not_keep_is_an_error(gnocchi, tenant, refresh):
    server(gnocchi, tenant, {"vcpus": [(NOW - HOUR, 1)]})
    source = connected(gnocchi, [VCPUS | {"aggregation": "max"}], refresh=refresh)
    with pytest.raises(SourceError, match="answered 404") as caught:
        pulled(source, tenant, NOW - HOUR, NOW)
    assert caught.value.code == "source_refused"


def test_what_gnocchi_has_not_processed_yet_is_there_when_it_is_asked_to_refresh(gnocchi, tenant):
    resource_id = server(gnocchi, tenant, {"vcpus": [(NOW - 2 * HOUR, 1)]})
    gnocchi.measure(resource_id, {"vcpus": [(NOW - HOUR, 2)]}, refresh=False)
    span = tenant, NOW - HOUR, NOW
    assert pulled(connected(gnocchi, [VCPUS]), *span) == []
    (found,) = pulled(connected(gnocchi, [VCPUS], refresh=True), *span)
    assert found["volume"] == 2


def test_a_type_that_gnocchi_does_not_have_is_an_error(gnocchi, tenant):
    source = connected(gnocchi, [VCPUS | {"resource_type": "nothing"}])
    with pytest.raises(SourceError, match="answered 404"):
        pulled(source, tenant, NOW - HOUR, NOW)


def test_a_gnocchi_that_is_not_there_is_unreachable(gnocchi, tenant):
    source = connected(gnocchi, [VCPUS], endpoint="http://127.0.0.1:9")
    with pytest.raises(SourceUnreachable, match="v1/search/resource/instance"):
        pulled(source, tenant, NOW - HOUR, NOW)


def test_a_user_who_is_not_let_in_is_denied(gnocchi, tenant):
    source = connected(gnocchi, [VCPUS], auth_mode="noauth")
    with pytest.raises(SourceUnreachable) as caught:
        pulled(source, tenant, NOW - HOUR, NOW)
    assert caught.value.code == "source_denied"
