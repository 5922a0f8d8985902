"""``Idempotency-Key``: asked again, answered again, and done once; whatever dies between."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from webob import Request

from ratings import conf as options
from ratings import orders, plugins, repricing
from ratings.api.app import make_services, serve
from ratings.db import idempotency_keys
from ratings.tests.functional.conftest import NOW
from ratings.tests.functional.test_authorisation import by_headers, who
from ratings.tests.ledgers import rows, scalar

PRICE = {"resource_type": "vcpu", "unit_price": "0.02"}
TERM = {"kind": "discount_percent", "value": 5, "reason": "friends", "start_at": "2026-02-01"}
EVENTS = [
    {
        "resource_id": "web-1",
        "resource_type": "instance",
        "event_type": event_type,
        "event_time": f"2026-01-{day}T00:00:00Z",
        "region": "RegionOne",
        "tenant_id": "acme",
        "content": {"vcpu": 1},
    }
    for event_type, day in (("create", 10), ("exists", 11))
]
WRITES = {
    "a price": ("POST", "prices", PRICE),
    "another price": ("PUT", "prices/1", {"unit_price": 1, "start_at": "2026-02-01"}),
    "the end of a price": ("DELETE", "prices/1", None),
    "a term": ("POST", "terms", TERM),
    "the end of a term": ("PUT", "terms/1", {"end_at": "2026-03-01"}),
    "no term": ("DELETE", "terms/1", None),
    "a currency": ("PUT", "tenants/initech", {"currency": "EUR"}),
    "an order": ("POST", "sales_orders", {"tenant_id": "acme", "end": "2026-01-20"}),
    "a requeue": ("POST", "parked_events/requeue", {}),
}


@pytest.fixture
def lived(client):
    """The API with a price, a term, usage, and a parked event."""
    for path, body in (("terms", TERM), ("events", EVENTS), ("events", [{"traits": []}])):
        assert client.post(f"/v1/{path}", json=body).status_code < 300
    assert client.post("/v1/prices", json={**PRICE, "resource_type": "ram"}).status_code == 201
    return client


def ask(client, verb, path, body, key="one", **headers):
    given = {"Idempotency-Key": key, **headers}
    return client.request(verb, f"/v1/{path}", json=body, headers=given)


def code(answer):
    return answer.json()["errors"][0]["code"]


@pytest.mark.parametrize(("verb", "path", "body"), WRITES.values(), ids=WRITES)
def test_a_write_is_carried_out_once_and_answered_the_same(lived, database, verb, path, body):
    first = ask(lived, verb, path, body)
    assert first.status_code < 300, first.text
    assert "idempotent-replayed" not in first.headers
    before = books(database)
    again = ask(lived, verb, path, body)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers.get("content-type") == first.headers.get("content-type")
    assert books(database) == before


def books(database):
    """All that a write can change."""
    tables = ("prices", "terms", "tenants", "sales_orders", "records", "events", "parked_events")
    return [sorted(map(repr, rows(database, f"SELECT * FROM {table}"))) for table in tables]


def test_quotation_marks_are_not_part_of_a_key(client):
    assert ask(client, "POST", "prices", PRICE, key='"one"').status_code == 201
    assert ask(client, "POST", "prices", PRICE, key="one").headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        ("POST", "prices", {**PRICE, "unit_price": "0.03"}),
        ("POST", "terms", TERM),
        ("PUT", "prices/1", {"unit_price": 1}),
    ],
)
def test_a_key_is_for_one_request(client, database, verb, path, body):
    assert ask(client, "POST", "prices", PRICE).status_code == 201
    before = books(database)
    refused = ask(client, verb, path, body)
    assert (refused.status_code, code(refused)) == (422, "idempotency_key_reused")
    assert books(database) == before


def test_another_caller_may_use_the_same_key(settings, database):
    conf = options.load([], default_config_files=[])
    services = make_services(conf, database, settings, plugins.exports(conf), lambda: NOW)
    app = serve(conf, services, by_headers())

    def asked(admin, body):
        request = Request.blank("/v1/prices", method="POST", headers={"Idempotency-Key": "one"})
        request.environ.update(who(admin))
        request.body, request.content_type = json.dumps(body).encode(), "application/json"
        return request.get_response(app).status_int

    other = {**PRICE, "resource_type": "ram"}
    assert asked("acme-admin", PRICE) == 201
    assert asked("initech-admin", other) == 201
    assert asked("acme-admin", other) == 422


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a\\b", 'half"', "caf\xe9", "a b"])
def test_what_is_no_key_is_refused(client, key):
    refused = client.post("/v1/prices", json=PRICE, headers=[(b"Idempotency-Key", key.encode())])
    assert (refused.status_code, code(refused)) == (400, "idempotency_key_invalid")
    assert client.get("/v1/prices").json()["prices"] == []


def test_what_was_refused_is_judged_anew(client):
    wrong = ask(client, "POST", "prices", {**PRICE, "per": "fortnight"})
    assert code(wrong) == "price_invalid"
    assert ask(client, "POST", "prices", PRICE).status_code == 201


def test_a_request_without_a_key_leaves_none(client, database):
    assert client.post("/v1/prices", json=PRICE).status_code == 201
    assert scalar(database, "SELECT count(*) FROM idempotency_keys") == 0


def test_events_need_no_key_and_may_have_one(client, database):
    for duplicates in (0, 2):
        receipt = ask(client, "POST", "events", EVENTS).json()
        assert (receipt["received"], receipt["duplicate"]) == (2, duplicates)
    assert scalar(database, "SELECT count(*) FROM idempotency_keys") == 0


def test_a_key_is_forgotten_after_a_day(client, database):
    assert ask(client, "POST", "prices", PRICE).status_code == 201
    with database.begin() as conn:
        conn.exec_driver_sql(
            "UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 second'"
        )
    ram = {**PRICE, "resource_type": "ram"}
    assert ask(client, "POST", "prices", ram).json()["id"] == 2
    again = ask(client, "POST", "prices", ram)
    assert (again.json()["id"], again.headers["idempotent-replayed"]) == (2, "true")


def test_old_keys_are_taken_away_by_new_ones(client, database):
    for n in range(3):
        ask(client, "PUT", f"tenants/t{n}", {"currency": "EUR"}, key=f"key-{n}")
    with database.begin() as conn:
        conn.exec_driver_sql("UPDATE idempotency_keys SET created_at = now() - interval '2 days'")
    ask(client, "POST", "prices", PRICE, key="new")
    assert rows(database, "SELECT key FROM idempotency_keys") == [("new",)]


def test_while_it_is_carried_out_nobody_else_may_use_its_key(lived, api, database, monkeypatch):
    """The first request is held up in the midst of its transaction."""
    begun, go_on = threading.Event(), threading.Event()
    follow = repricing._follow

    def held_up(*arguments):
        begun.set()
        assert go_on.wait(30)
        return follow(*arguments)

    monkeypatch.setattr(repricing, "_follow", held_up)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(ask, lived, "POST", "prices", PRICE)
        assert begun.wait(30)
        second = ask(lived, "POST", "prices", PRICE)
        go_on.set()
        assert (second.status_code, code(second)) == (409, "idempotency_key_in_use")
        assert first.result().status_code == 201
    third = ask(lived, "POST", "prices", PRICE)
    assert (third.content, third.status_code) == (first.result().content, 201)


def test_many_at_once_do_it_once(lived, database):
    order = ("POST", "sales_orders", {"tenant_id": "acme", "end": "2026-01-20"})
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(ask, lived, *order) for _ in range(8)]
        statuses = [answer.result().status_code for answer in answers]
        bodies = {a.result().content for a in answers if a.result().status_code == 201}
    assert set(statuses) <= {201, 409}
    assert len(bodies) == 1
    assert scalar(database, "SELECT count(*) FROM sales_orders") == 1


@pytest.mark.parametrize("where", ["before", "after"])
def test_what_dies_before_the_end_has_neither_effect_nor_answer(
    lived, database, monkeypatch, where
):
    """Just before the answer is kept, or just after: the transaction is not committed."""
    insert = idempotency_keys.insert

    def killed(*arguments):
        if where == "after":
            insert(*arguments)
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(idempotency_keys, "insert", killed)
        assert ask(lived, "POST", "prices", PRICE).status_code == 500
    assert scalar(database, "SELECT count(*) FROM idempotency_keys") == 0
    again = ask(lived, "POST", "prices", PRICE)
    assert again.status_code == 201
    assert "idempotent-replayed" not in again.headers


def test_what_dies_after_the_commit_is_answered_when_it_is_asked_again(
    lived, database, monkeypatch
):
    """The order is issued; its process dies before anybody hears of it."""

    def killed(*arguments):
        raise RuntimeError("killed")

    order = ("POST", "sales_orders", {"tenant_id": "acme", "end": "2026-01-20"})
    with monkeypatch.context() as patched:
        patched.setattr(orders, "_cut_newcomers", killed)
        assert ask(lived, *order).status_code == 500
    again = ask(lived, *order)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.content == lived.get(f"/v1/sales_orders/{again.json()['id']}").content
    assert scalar(database, "SELECT count(*) FROM sales_orders") == 1


def test_the_lock_of_a_key_goes_with_its_transaction(database):
    key = idempotency_keys.Key("", "one")
    with database.connect() as first, database.connect() as second:
        assert idempotency_keys.lock(first, key)
        assert not idempotency_keys.lock(second, key)
        second.rollback()
        first.rollback()
        assert idempotency_keys.lock(second, key)
