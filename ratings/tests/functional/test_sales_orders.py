"""Sales orders over HTTP: the same bytes for ever, or no order at all."""

import json
import subprocess

import httpx
import pytest

from ratings import plugins
from ratings.api.app import make_app
from ratings.db import binaries
from ratings.tests.functional.conftest import NOW

VOLUME = {
    "resource_id": "data-1",
    "resource_type": "volume",
    "resource_name": "data",
    "event_type": "create",
    "event_time": "2026-01-05T00:00:00Z",
    "region": "RegionOne",
    "tenant_id": "acme",
    "content": {"size": 3},
}


def post(client, noun, body, status):
    answer = client.post(f"/v1/{noun}", json=body)
    assert answer.status_code == status, answer.text
    return answer


@pytest.fixture
def issued(client):
    """The answer to the first order of acme, 2026-01-05 to 2026-01-11."""
    price = {"resource_type": "volume", "unit_price": "0.0000000000012345678901", "per": "second"}
    post(client, "prices", price, 201)
    post(client, "events", VOLUME, 202)
    return post(client, "sales_orders", {"tenant_id": "acme", "end": "2026-01-11"}, 201)


def test_an_order_is_the_same_bytes_for_ever(client, issued):
    assert client.get("/v1/sales_orders/1").content == issued.content
    late = {"event_type": "resize", "event_time": "2026-01-06T00:00:00Z", "content": {"size": 2}}
    moved = {"event_type": "update", "event_time": "2026-01-07T00:00:00Z", "tenant_id": "globex"}
    renamed = {"event_type": "update", "event_time": "2026-01-12T00:00:00Z", "resource_name": "x"}
    for change in (late, moved, renamed):
        post(client, "events", VOLUME | {"content": {}} | change, 202)
    successor = {"unit_price": 7, "start_at": "2026-01-06T12:00:00Z", "retroactive": True}
    assert client.put("/v1/prices/1", json=successor).status_code == 200
    assert client.get("/v1/sales_orders/1").content == issued.content
    second = post(client, "sales_orders", {"tenant_id": "acme"}, 201)
    assert second.json()["corrections"]
    assert client.get("/v1/sales_orders/2").content == second.content
    assert client.get("/v1/sales_orders/1").content == issued.content


def test_numbers_of_an_order_are_exact_and_plain(issued):
    line = json.loads(issued.content, parse_float=str)["lines"][0]
    assert line["unit_price"] == "0.0000000000012345678901"
    assert line["amount"] == "0.00000192"


def test_an_order_outlives_a_dump_and_a_restore(client, issued, database, conf, settings, request):
    program = binaries.find(None, request.getfixturevalue("pg_bindir")).joinpath
    restored = request.getfixturevalue("empty_database")
    dump = subprocess.run(
        [program("pg_dump"), "--format=custom", libpq(database)], capture_output=True, check=True
    )
    subprocess.run(
        [program("pg_restore"), "--exit-on-error", "--dbname", libpq(restored)],
        input=dump.stdout,
        check=True,
    )
    app = make_app(conf, restored, settings, plugins.exports(conf), lambda: NOW)
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://ratings") as other:
        assert other.get("/v1/sales_orders/1").content == issued.content


def libpq(engine):
    """The URL of a database as PostgreSQL's own programs want it."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_an_order_that_is_not_what_was_issued_is_not_shown(client, issued, database, caplog):
    with database.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        conn.exec_driver_sql("UPDATE records SET quantity = 4")
    answer = client.get("/v1/sales_orders/1")
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["code"] == "digest_mismatch"
    assert issued.json()["digest"] in caplog.text
