"""The Python client, on a real API without authentication."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from keystoneauth1.exceptions import ConnectFailure
from keystoneauth1.noauth import NoAuth
from keystoneauth1.session import Session

from ratings import budgeting
from ratings.client import Client
from ratings.client.budgets import Threshold
from ratings.client.errors import BadRequest, Conflict, NotFound, Refused, Unreadable
from ratings.client.prices import Tier
from ratings.db import collections
from ratings.tests.functional.conftest import NOW
from ratings.tests.ledgers import rater

LIFE = [
    ("create", "2026-01-10T06:00:00Z"),
    ("exists", "2026-01-10T12:00:00Z"),
    ("delete", "2026-01-11T00:00:00Z"),
]


@pytest.fixture
def rating(url):
    return Client(Session(auth=NoAuth(endpoint=url)))


def volume(action, at, resource_id="data", size="7", tenant_id="acme"):
    return {
        "resource_id": resource_id,
        "resource_type": "volume",
        "resource_name": "Daten für Ü",
        "event_type": action,
        "event_time": at,
        "region": "RegionOne",
        "tenant_id": tenant_id,
        "content": {"size": Decimal(size)},
    }


@pytest.fixture
def charged(rating):
    """The client of an API that has rated the life of a volume."""
    rating.prices.create("volume", Decimal("0.000100000000000000000001"))
    rating.events.post([volume(*moment) for moment in LIFE])
    return rating


def test_a_price_comes_back_as_it_was_sent_to_the_last_digit(rating):
    made = rating.prices.create(
        "volume",
        Decimal("0.000100000000000000000001"),
        match={"volume_type": "ssd"},
        start_at=datetime(2026, 1, 1, 12, tzinfo=UTC),
        tiers=[Tier(above=Decimal(1000), unit_price=Decimal("0.00005"))],
    )
    assert made.unit_price == Decimal("0.000100000000000000000001")
    assert made.tiers == (Tier(Decimal(1000), Decimal("0.00005")),)
    assert made.start_at == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert made.match == {"volume_type": "ssd"}
    assert rating.prices.get(made.id) == made
    assert list(rating.prices.list(resource_type="volume")) == [made]


def test_a_price_is_taken_over_from_and_removed(rating):
    old = rating.prices.create("vcpu", 2, name="a vCPU")
    new = rating.prices.set(old.id, unit_price="2.5", start_at="2026-03-01")
    assert (new.unit_price, new.name) == (Decimal("2.5"), "a vCPU")
    assert rating.prices.get(old.id).end_at == new.start_at == datetime(2026, 3, 1, tzinfo=UTC)
    rating.prices.delete(new.id)
    assert [price.id for price in rating.prices.list()] == [old.id]


def test_what_a_volume_costs_is_exact(charged):
    first, second = charged.records.list(resource_id="data")
    assert first.unit_price == Decimal("0.000100000000000000000001")
    assert (first.quantity, first.amount) == (7, Decimal("0.0042"))
    assert first.end == second.start == datetime(2026, 1, 10, 12, tzinfo=UTC)
    (resource,) = charged.resources.list(tenant_id="acme", deleted=True)
    assert resource == charged.resources.get("data", region="RegionOne")
    assert (resource.resource_name, resource.consumption) == ("Daten für Ü", Decimal("0.0126"))
    assert [span.consumption for span in charged.records.spans("data")] == [
        Decimal("0.0042"),
        Decimal("0.0084"),
    ]


def test_usage_and_summaries_are_exact(charged):
    (usage,) = charged.usage.list("acme", start="2026-01-10", end=datetime(2026, 1, 10, 8))
    assert (usage.quantity, usage.seconds, usage.priced) == (14, 7200, True)
    (row,) = charged.summary.list(groupby=["tenant_id", "day"], end="2026-02-01")
    assert (row.tenant_id, row.day, row.amount) == ("acme", "2026-01-10", Decimal("0.0126"))
    assert (row.component, row.records, row.unpriced) == (None, 2, 0)


def test_an_order_is_drafted_issued_found_explained_and_exported(charged):
    draft = charged.sales_drafts.get("acme", "2026-02-01")
    drafted = charged.sales_drafts.export("acme", "json", "2026-02-01")
    assert json.loads(drafted.content)["status"] == "draft"
    order = charged.sales_orders.create("acme", "2026-02-01")
    assert (draft.id, draft.status, order.status) == (None, "draft", "issued")
    assert draft.lines == order.lines
    assert order.total == sum(line.amount for line in order.lines) == Decimal("0.0126")
    assert charged.sales_orders.get(order.id) == order
    assert charged.sales_orders.at("acme", "2026-01-15") == order
    assert charged.sales_orders.at("acme", "2026-02-01") is None
    assert list(charged.sales_orders.range("acme", start="2026-01-01")) == [order]
    (found,) = charged.sales_orders.list(date="2026-01-15")
    assert (found.digest, found.lines) == (order.digest, ())

    told = charged.sales_orders.explain(order.id, 1)
    record, _ = told.records
    assert told.line == order.lines[0]
    assert record.working.sentence.startswith("7 GiB x 0.000100000000000000000001 USD")
    assert record.begins.causes[0].event.content == {"name": "Daten für Ü", "size": 7}
    assert charged.records.explain(record.id).billed_in == order.id

    file = charged.sales_orders.export(order.id, "csv")
    assert file.media_type.startswith("text/csv")
    assert file.name.endswith(".csv")
    assert file.content.count(b"\n") == 2


def test_every_page_of_a_list_is_read_and_none_too_early(rating):
    rating.events.post([volume("create", LIFE[0][1], f"v{n:02}") for n in range(7)])
    rows = rating.resources.list(tenant_id="acme", page_size=3)
    assert next(rows).resource_id == "v00"
    # Beyond the first page: heard of since it was read.
    rating.events.post(volume("create", LIFE[0][1], "v07"))
    assert [row.resource_id for row in rows] == [f"v{n:02}" for n in range(1, 8)]


def test_a_page_may_be_empty_and_have_a_next_one(rating):
    rating.prices.create("volume", "0.01")
    rating.events.post([volume("exists", "2026-01-10T06:00:00Z", f"v{n}") for n in range(3)])
    rating.events.post(volume("exists", "2026-01-10T12:00:00Z", "v2", size="9"))
    (found,) = rating.discrepancies.list(code="resize_missing", page_size=1)
    assert (found.resource_id, found.amount) == ("v2", Decimal("0.12"))
    assert found.start == datetime(2026, 1, 10, 6, tzinfo=UTC)


def test_events_that_nobody_understands_are_told_listed_and_tried_again(rating):
    receipt = rating.events.post(
        b'{"message_id": "1", "event_type": "nas.create.end", "generated": "2026-01-10T06:00:00",'
        b' "traits": []}',
        region="RegionOne",
    )
    assert (receipt.received, receipt.parked, receipt.spooled) == (1, 1, None)
    assert [problem.code for problem in receipt.problems] == ["event_type_unknown"]
    (parked,) = rating.parked_events.list(code="event_type_unknown")
    assert (parked.message_id, parked.attempts) == ("1", 1)
    assert rating.parked_events.requeue(ids=[parked.id]).parked == 1
    assert rating.parked_events.requeue().tried == 1
    assert rating.status.get().parked == 1


def test_the_journal_tells_what_was_sent(charged):
    told = charged.events.list(resource_id="data", event_type="create")
    (event,) = told
    assert (event.action, event.content["size"]) == ("create", 7)
    assert charged.events.post(volume(*LIFE[0])).duplicate == 1


def test_samples_are_sent_too(rating):
    receipt = rating.samples.post(
        {
            "name": "network.outgoing.bytes",
            "type": "cumulative",
            "unit": "B",
            "volume": Decimal("1E+3"),
            "resource_id": "port",
            "project_id": "acme",
            "timestamp": "2026-01-10T06:00:00+00:00",
            "resource_metadata": {},
            "source": "openstack",
            "id": "1",
        }
    )
    assert receipt.received >= 1


def test_terms_are_agreed_moved_and_ended(rating):
    made = rating.terms.create(
        "credit", "10.50", "welcome", tenant_id="acme", start_at="2026-01-01"
    )
    assert (made.value, made.remaining, made.currency) == (Decimal("10.5"), Decimal("10.5"), "USD")
    assert rating.terms.get(made.id) == made
    assert rating.terms.set(made.id, "2026-06-01").end_at == datetime(2026, 6, 1, tzinfo=UTC)
    assert [term.id for term in rating.terms.list(tenant_id="acme", kind="credit")] == [made.id]
    rating.terms.delete(made.id)
    assert list(rating.terms.list(kind="credit")) == []


@pytest.fixture
def running(rating):
    """The client of an API that rates a volume that costs 7.000000000001 each month."""
    rating.prices.create("volume", "7.000000000001", per="month")
    rating.events.post(volume(*LIFE[0], size="1"))
    return rating


def test_a_budget_is_made_stands_raises_an_alert_and_goes(running, database):
    thresholds = [Threshold("actual", Decimal("80.5")), Threshold("forecast", 100)]
    made = running.budgets.create(
        "month", "7.00", thresholds, tenant_id="acme", description="Läden"
    )
    assert (made.amount, made.currency, made.created_at) == (7, "USD", NOW)
    assert (list(made.thresholds), made.description) == (thresholds, "Läden")
    assert list(running.budgets.list(tenant_id="acme")) == [made]
    assert list(running.budgets.list(tenant_id="globex")) == []
    standing = running.budgets.get(made.id)
    assert (standing.spent, standing.forecast) == (0, Decimal("7.000000000001"))
    assert (standing.start_at, standing.end_at) == (NOW, datetime(2026, 3, 1, tzinfo=UTC))
    assert standing.thresholds == made.thresholds

    assert list(running.budget_alerts.list()) == []
    list(budgeting.check_each(database, rater(database), (), lambda: NOW))
    running.budgets.delete(made.id)
    assert list(running.budgets.list()) == []
    (alert,) = running.budget_alerts.list(tenant_id="acme", budget_id=made.id)
    assert (alert.kind, alert.percent, alert.start_at) == ("forecast", 100, NOW)
    assert (alert.spent, alert.forecast) == (0, Decimal("7.000000000001"))
    assert list(running.budget_alerts.list(budget_id=made.id + 1)) == []


def test_a_budget_that_cannot_be_watched_is_refused(rating):
    with pytest.raises(BadRequest) as refused:
        rating.budgets.create("year", 7, [Threshold("actual", 80)], tenant_id="acme")
    assert refused.value.code == "budget_invalid"
    with pytest.raises(NotFound):
        rating.budgets.get(1)


def test_what_will_have_been_spent_is_foreseen(running):
    found = running.forecast.get("acme", start=NOW)
    assert (found.spent, found.forecast) == (0, Decimal("7.000000000001"))
    assert (found.at, found.end) == (NOW, datetime(2026, 3, 1, tzinfo=UTC))
    assert running.forecast.get("acme", start=NOW, end="2026-02-15").forecast < 7
    with pytest.raises(BadRequest) as refused:
        running.forecast.get("acme", end="2026-02-01")
    assert refused.value.code == "end_not_ahead"


def test_collections_are_listed_and_asked_for(rating, database):
    gnocchi, day = ("gnocchi", "RegionOne"), timedelta(days=1)
    with database.begin() as conn:
        collections.enrol(conn, gnocchi, ["acme", "globex"], NOW - day, NOW)
    with collections.claimed(database, gnocchi, NOW, NOW) as (conn, claim):
        collections.collected(conn, claim, NOW, 48, NOW)
    with collections.claimed(database, gnocchi, NOW, NOW) as (conn, claim):
        collections.failed(conn, claim, ("source_refused", "no metric"), NOW + day, 0, NOW)
    acme, globex = rating.collect.list(source="gnocchi", region="RegionOne", page_size=1)
    assert (acme.collected_from, acme.collected_until) == (NOW - day, NOW)
    assert (acme.samples, acme.attempts, acme.code) == (48, 0, None)
    assert (globex.attempts, globex.code, globex.detail) == (1, "source_refused", "no metric")
    assert list(rating.collect.list(failing=True)) == [globex]
    assert list(rating.collect.list(failing=False, tenant_id="acme")) == [acme]

    asked = rating.collect.create(tenant_ids=["acme", "nobody"], since=NOW - day / 2)
    assert (asked.requested, asked.unknown) == (1, ("nobody",))
    (again,) = rating.collect.list(tenant_id="acme")
    assert (again.requested_at, again.collected_until) == (NOW, NOW - day / 2)
    assert rating.collect.create().requested == 2
    assert rating.collect.create(source="prometheus").requested == 0
    assert rating.collect.create(region="Mars").requested == 0


def test_a_tenant_is_billed_in_its_currency(rating):
    assert rating.tenants.set("a/b c", "EUR").currency == "EUR"
    assert rating.tenants.get("a/b c").default is False
    assert [tenant.tenant_id for tenant in rating.tenants.list()] == ["a/b c"]


def test_the_state_of_the_service_is_told(charged):
    status = charged.status.get()
    assert (status.balanced, status.received, status.regions[0].region) == (True, 3, "RegionOne")
    assert charged.spool.get().max_bytes == 0


def test_what_is_refused_says_why(rating):
    rating.prices.create("vcpu", 1)
    with pytest.raises(Conflict) as refused:
        rating.prices.create("vcpu", 2)
    error = refused.value
    assert (error.code, error.status, error.title) == ("price_overlap", 409, "Conflict")
    assert error.request_id.startswith("req-")
    assert str(error).startswith("409 Conflict: another price of vcpu")
    with pytest.raises(NotFound, match="there is no price 99"):
        rating.prices.get(99)
    with pytest.raises(BadRequest, match="end must lie after start"):
        next(rating.records.list(start="2026-02-01", end="2026-01-01"))


def test_every_reason_of_a_refusal_is_told(rating):
    with pytest.raises(BadRequest) as refused:
        rating.events.post([volume("create", "yesterday"), volume("fly", LIFE[0][1])])
    assert [each.code for each in refused.value.errors] == [
        "event_time_invalid",
        "event_type_invalid",
    ]


@pytest.mark.parametrize("number", [0.1, Decimal("NaN")])
def test_what_is_no_exact_number_is_not_sent(rating, number):
    with pytest.raises(TypeError):
        rating.prices.create("vcpu", number)
    assert list(rating.prices.list()) == []


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_an_id_that_is_a_path_is_not_asked_for(rating, name):
    with pytest.raises(ValueError, match="is no id"):
        rating.resources.get(name)


def test_an_endpoint_may_have_the_version_in_it(url):
    for endpoint in (f"{url}/v1", f"{url}/v1/", f"{url}/"):
        rating = Client(Session(auth=NoAuth()), endpoint_override=endpoint)
        assert rating.status.get().balanced


def test_what_is_no_rating_api_is_called_so(url):
    elsewhere = Client(Session(auth=NoAuth(endpoint=f"{url}/v1/prices")))
    with pytest.raises(Refused):
        elsewhere.status.get()
    # A page that answers 200, whatever stands after the question mark.
    page = Client(Session(auth=NoAuth(endpoint=f"{url}/healthcheck?")))
    with pytest.raises(Unreadable):
        page.status.get()
    with pytest.raises(Unreadable):
        next(page.prices.list())


def test_nobody_there_is_an_exception_of_keystoneauth1():
    with pytest.raises(ConnectFailure):
        Client(Session(auth=NoAuth(endpoint="http://127.0.0.1:1"))).status.get()
