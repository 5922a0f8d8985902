"""``GET /metrics``: what it tells, what it leaves out, and what it tells when things are down."""

import threading
import time
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text

from ratings import plugins
from ratings.api.app import make_services, serve, url_tree
from ratings.api.observing import route
from ratings.batch import Result
from ratings.core.errors import Unavailable
from ratings.db.engine import create_engine
from ratings.metrics.service import ServiceMetrics
from ratings.metrics.survey import SurveyCollector
from ratings.spool import Entry, Spool
from ratings.tests.functional.conftest import NOW

VOLUME = {
    "event_type": "volume.create.end",
    "generated": "2026-01-31T23:00:00",
    "traits": [
        ["resource_id", 1, "vol-1"],
        ["tenant_id", 1, "acme-tenant"],
        ["size", 2, 5],
    ],
}


def scraped(client, **headers):
    """The samples of a scrape: name -> labels (sorted pairs) -> value."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return parsed(answer.text)


def parsed(body):
    found = {}
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def of(**labels):
    return tuple(sorted(labels.items()))


def sent(number, **more):
    return VOLUME | {"message_id": f"5f0f1d62-1c3d-4a53-8e0a-{number:012}"} | more


def post(client, *events, region="north"):
    answer = client.post(f"/v1/events?region={region}", json=list(events))
    assert answer.status_code == 202


def test_what_came_in_is_told_by_region_and_result(client):
    post(client, sent(1), sent(2, event_type="spaceship.launch.end"))
    post(client, sent(1), region="south")
    post(client, sent(3, event_type="volume.create.start", generated="2026-01-31T22:00:00"))
    found = scraped(client)
    events = found["ratings_events_total"]
    assert events[of(region="north", result="rated")] == 1
    assert events[of(region="north", result="ignored")] == 1
    assert sum(v for labels, v in events.items() if ("result", "duplicate") in labels) == 1
    assert found["ratings_region_parked_events"][of(region="north")] == 1
    assert found["ratings_parked_events"] == {of(code="event_type_unknown"): 1}
    assert found["ratings_parked_oldest_seconds"] == {of(code="event_type_unknown"): 0}
    assert found["ratings_region_lag_seconds"][of(region="north")] == 3600
    assert found["ratings_region_silent_seconds"][of(region="north")] == 0
    assert found["ratings_books_balanced"] == {(): 1}
    assert found["ratings_arrivals_total"] == {
        of(result="rated"): 1,
        of(result="duplicate"): 1,
        of(result="ignored"): 1,
        of(result="parked"): 1,
    }
    assert found["ratings_batch_seconds_count"] == {(): 3}
    assert found["ratings_batch_arrivals_sum"] == {(): 4}


def test_usage_without_a_price_is_told_by_its_component(client):
    post(client, sent(1), sent(2, event_type="volume.delete.end", generated="2026-01-31T23:30:00"))
    found = scraped(client)
    assert found["ratings_unpriced_records"] == {of(component="volume"): 1}
    assert found["ratings_unpriced_components"] == {(): 1}
    assert found["ratings_prices"] == {(): 0}


def test_requests_are_told_by_the_template_of_their_url(client):
    client.get("/v1/resources/vol-1")
    client.get("/v1/resources/vol-2")
    client.get("/v1/status")
    client.get("/healthcheck")
    client.get("/wp-admin/setup.php")
    client.request("BREW", "/v1/status")
    found = scraped(client)["ratings_http_requests_total"]
    assert found == {
        of(route="/v1/resources/{id}", method="GET", status="404"): 2,
        of(route="/v1/status", method="GET", status="200"): 1,
        of(route="/v1/status", method="other", status="405"): 1,
        of(route="/healthcheck", method="GET", status="200"): 1,
        of(route="other", method="GET", status="404"): 1,
    }
    assert (
        scraped(client)["ratings_http_request_seconds_count"][
            of(route="/v1/resources/{id}", method="GET")
        ]
        == 2
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/v1", "/v1"),
        ("/v1/", "/v1"),
        ("/v1/records/a/b/explain", "/v1/records/{id}"),
        ("/v1/records/7/explain", "/v1/records/{id}/explain"),
        ("/v1/sales_orders/7/lines", "/v1/sales_orders/{id}/lines"),
        ("/v1/parked_events/requeue", "/v1/parked_events/requeue"),
        ("/v1/status/7", "other"),
        ("/v2/status", "other"),
        ("/metrics", "/metrics"),
    ],
)
def test_no_id_is_part_of_a_route(path, expected):
    assert route(url_tree(None), path) == expected


def test_no_tenant_and_no_resource_is_told(client):
    post(client, sent(1), sent(2, event_type="volume.delete.end"))
    client.get("/v1/resources/vol-1?tenant_id=acme-tenant")
    told = client.get("/metrics").text
    assert "acme" not in told
    assert "vol-1" not in told


def test_who_asks_for_open_metrics_gets_them(client):
    plain = client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    accept = "application/openmetrics-text; version=1.0.0"
    other = client.get("/metrics", headers={"Accept": accept})
    assert other.headers["content-type"].startswith("application/openmetrics-text")
    assert other.text.endswith("# EOF\n")


def test_metrics_are_only_read(client):
    assert client.head("/metrics").status_code == 200
    assert client.post("/metrics").status_code in (404, 405)


def test_the_connections_of_the_process_are_told(client, database):
    assert scraped(client)["ratings_database_pool_size"] == {(): 5}
    # The one that asks is in use while it asks, and is not when the answer is put together.
    with database.connect(), database.connect():
        found = scraped(client)
    assert found["ratings_database_pool_checked_out"] == {(): 2}
    assert found["ratings_database_pool_overflow"] == {(): 0}


def test_connections_beyond_the_pool_are_told(database):
    engine = create_engine(database.url.render_as_string(hide_password=False), pool_size=1)
    metrics = ServiceMetrics(engine, lambda: NOW)
    with engine.connect(), engine.connect():
        text_, _ = metrics.shown.text("")
        # A third one asked.
        assert parsed(text_.decode())["ratings_database_pool_overflow"][()] >= 1
    engine.dispose()
    text_, _ = metrics.shown.text("")
    found = parsed(text_.decode())
    assert found["ratings_database_pool_overflow"] == {(): 0}
    assert found["ratings_database_pool_checked_out"] == {(): 0}
    engine.dispose()


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path, max_bytes=1000, alarm_percent=50, clock=lambda: NOW)


def test_what_waits_in_the_spool_is_told(conf, settings, database, spool):
    services = make_services(conf, database, settings, plugins.exports(conf), lambda: NOW, spool)
    spool.append(Entry("events", "north", NOW - timedelta(seconds=90), b"[]"))
    body, _ = services.metrics.shown.text("")
    found = parsed(body.decode())
    assert found["ratings_spool_entries"] == {(): 1}
    assert found["ratings_spool_oldest_seconds"] == {(): 90}
    assert found["ratings_spool_max_bytes"] == {(): 1000}
    bytes_ = found["ratings_spool_bytes"][()]
    assert found["ratings_spool_used_ratio"] == {(): bytes_ / 1000}
    assert services.spooling is not None
    services.spooling._look(threading.Event(), 1.0)
    found = parsed(services.metrics.shown.text("")[0].decode())
    assert found["ratings_spool_entries"] == {(): 0}
    assert found["ratings_spool_oldest_seconds"] == {(): 0}
    assert found["ratings_spool_wait_seconds_sum"] == {(): 90}
    assert found["ratings_spool_wait_seconds_count"] == {(): 1}


def test_a_spool_that_cannot_be_read_costs_only_its_own_figures(
    conf, settings, database, spool, tmp_path
):
    services = make_services(conf, database, settings, plugins.exports(conf), lambda: NOW, spool)
    spool.seal()
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.rmdir()
    found = parsed(services.metrics.shown.text("")[0].decode())
    assert "ratings_spool_entries" not in found
    assert found["ratings_database_up"] == {(): 1}


def test_without_a_database_the_process_tells_what_it_knows_itself(conf, settings):
    engine = create_engine("postgresql://127.0.0.1:1/ratings")
    services = make_services(conf, engine, settings, plugins.exports(conf), lambda: NOW)
    app = serve(conf, services)
    told = []
    environ = {"PATH_INFO": "/metrics", "REQUEST_METHOD": "GET"}
    (body,) = app(environ, lambda status, headers, *error: told.append(status))
    found = parsed(body.decode())
    assert told == ["200 OK"]
    assert found["ratings_database_up"] == {(): 0}
    assert found["ratings_database_pool_size"] == {(): 5}
    assert "ratings_build_info" in found
    assert "ratings_events_total" not in found


def test_a_database_that_hangs_is_waited_for_only_so_long(database):
    """Two scrapes: the second does not ask while the first still waits for its answer."""
    hanging, asked = threading.Event(), []

    def ask():
        asked.append(1)
        hanging.wait()
        raise Unavailable("too late")

    collector = SurveyCollector(ask, lambda: NOW, patience=0.05)
    begun = time.monotonic()
    for _ in range(2):
        (up,) = collector.collect()
        assert (up.name, up.samples[0].value) == ("ratings_database_up", 0)
    assert time.monotonic() - begun < 30
    assert len(asked) == 1
    hanging.set()


def test_batches_that_were_not_committed_are_counted(database):
    metrics = ServiceMetrics(database, lambda: NOW)

    def failing(arrivals):
        raise Unavailable("no")

    with pytest.raises(Unavailable):
        metrics.rating.observed(failing)([])
    assert metrics.rating.observed(lambda arrivals: [Result("rated")])([None]) == [Result("rated")]
    found = parsed(metrics.shown.text("")[0].decode())
    assert found["ratings_batch_failures_total"] == {(): 1}
    assert found["ratings_batch_seconds_count"] == {(): 1}


def test_what_is_asked_of_the_database_is_one_small_transaction(client, database):
    post(client, sent(1))
    asked = []
    event.listen(database, "before_cursor_execute", lambda *call: asked.append(call[2]))
    scraped(client)
    assert len(asked) == 6


def test_books_that_do_not_balance_are_told(client, database):
    post(client, sent(1, event_type="spaceship.launch.end"))
    with database.begin() as conn:
        conn.execute(text("DELETE FROM parked_events"))
    assert scraped(client)["ratings_books_balanced"] == {(): 0}
