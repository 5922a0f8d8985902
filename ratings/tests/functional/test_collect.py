"""``/v1/collect``: how far sources were pulled, and asking for it."""

from datetime import timedelta

import pytest

from ratings.db import collections
from ratings.tests.functional.conftest import NOW

DAY = timedelta(days=1)


@pytest.fixture
def pulled(database):
    """Three tenants of a Gnocchi, one of a Prometheus; one could not be collected last time."""
    with database.begin() as conn:
        for source, tenants in (
            ("gnocchi", ["acme", "globex", "initech"]),
            ("prometheus", ["acme"]),
        ):
            collections.enrol(conn, (source, "RegionOne"), tenants, NOW - DAY, NOW - DAY)
    at = NOW - DAY / 2
    with collections.claimed(database, ("gnocchi", "RegionOne"), NOW, at) as (conn, claim):
        collections.collected(conn, claim, at, 48, at)
    with collections.claimed(database, ("gnocchi", "RegionOne"), NOW, at) as (conn, claim):
        error = "source_refused", "no such metric"
        collections.failed(conn, claim, error, NOW + DAY, 0, at)


def collected(client, **query):
    answer = client.get("/v1/collect", params=query)
    assert answer.status_code == 200, answer.text
    return [(row["source"], row["tenant_id"]) for row in answer.json()["collections"]]


def test_the_list_tells_what_was_collected_last_and_what_went_wrong(client, pulled):
    acme, globex, *_ = client.get("/v1/collect").json()["collections"]
    assert acme == {
        "id": acme["id"],
        "source": "gnocchi",
        "region": "RegionOne",
        "tenant_id": "acme",
        "collected_from": "2026-01-31T00:00:00.000000Z",
        "collected_until": "2026-01-31T12:00:00.000000Z",
        "requested_at": None,
        "gone_at": None,
        "next_attempt_at": acme["next_attempt_at"],
        "last_attempt_at": "2026-01-31T12:00:00.000000Z",
        "last_collected_at": "2026-01-31T12:00:00.000000Z",
        "samples": 48,
        "attempts": 0,
        "code": None,
        "detail": None,
    }
    assert (globex["attempts"], globex["code"]) == (1, "source_refused")
    assert globex["detail"] == "no such metric"
    assert globex["collected_until"] == globex["collected_from"]


def test_the_list_can_be_narrowed_and_paged(client, pulled):
    assert collected(client, source="prometheus") == [("prometheus", "acme")]
    assert collected(client, tenant_id="acme", region="RegionOne") == [
        ("gnocchi", "acme"),
        ("prometheus", "acme"),
    ]
    assert collected(client, failing="true") == [("gnocchi", "globex")]
    assert len(collected(client, failing="false")) == 3
    first = client.get("/v1/collect", params={"limit": 3}).json()
    rest = client.get(first["links"][0]["href"]).json()
    assert len(first["collections"]) == 3
    assert [row["source"] for row in rest["collections"]] == ["prometheus"]
    assert rest["links"] == []


def test_a_collection_can_be_asked_for_some_tenants(client, pulled):
    answer = client.post("/v1/collect", json={"tenant_ids": ["globex", "nobody"]})
    assert (answer.status_code, answer.json()) == (202, {"requested": 1, "unknown": ["nobody"]})
    (globex,) = client.get("/v1/collect", params={"tenant_id": "globex"}).json()["collections"]
    assert globex["requested_at"] == globex["next_attempt_at"] == "2026-02-01T00:00:00.000000Z"


def test_without_any_it_is_asked_for_all(client, pulled):
    assert client.post("/v1/collect", json={}).json() == {"requested": 4, "unknown": []}
    assert client.post("/v1/collect", json={"source": "gnocchi"}).json()["requested"] == 3
    assert client.post("/v1/collect", json={"region": "Mars"}).json()["requested"] == 0


def test_what_was_collected_can_be_asked_for_again(client, pulled):
    client.post("/v1/collect", json={"tenant_ids": ["acme"], "since": "2026-01-31T03:00:00Z"})
    for row in client.get("/v1/collect", params={"tenant_id": "acme"}).json()["collections"]:
        early = row["source"] == "prometheus"  # not collected that far yet
        until = f"2026-01-31T{'00' if early else '03'}:00:00.000000Z"
        assert (row["source"], row["collected_until"]) == (row["source"], until)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"tenant_ids": "acme"}, "must be a list of texts"),
        ({"tenant_ids": [1]}, "must be a text"),
        ({"since": "soon"}, "must be an instant"),
        ({"tenants": []}, "unknown: tenants"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(client, body, complaint):
    answer = client.post("/v1/collect", json=body)
    assert answer.status_code == 400
    assert complaint in answer.json()["errors"][0]["detail"]
