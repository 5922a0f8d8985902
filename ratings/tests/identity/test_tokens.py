"""The API with tokens of a real Keystone: who is let in, and how the others are told."""

import base64
import threading
import uuid
from wsgiref.simple_server import make_server

import httpx
import pytest

from ratings import conf as options
from ratings import plugins
from ratings.api import authentication, senders
from ratings.api.app import make_app
from ratings.tests.functional.conftest import NOW, Quiet, Server
from ratings.tests.identity.conftest import PERSONAS
from ratings.tests.ledgers import scalar
from ratings.tests.neighbours import flat

EVENT = flat("acme", "web", "create", "10")


@pytest.fixture(scope="session")
def conf(keystone, tmp_path_factory):
    """As an operator would write it; nothing is cached, so that each request asks Keystone."""
    home = tmp_path_factory.mktemp("api")
    lines = [f"{name} = {value}" for name, value in keystone.authtoken("ratings").items()]
    (home / "senders.yaml").write_text(
        f"one: {{secret: '{senders.hashed('open')}', regions: [RegionOne]}}\n"
    )
    lines += ["token_cache_time = -1", "http_request_max_retries = 0"]
    lines += ["[ingest]", f"credentials_file = {home}/senders.yaml"]
    (home / "ratings.conf").write_text("\n".join(["[keystone_authtoken]", *lines]))
    found = options.load(["--config-file", str(home / "ratings.conf")])
    authentication.check(found)
    return found


@pytest.fixture
def ids(keystone):
    return keystone.ids


@pytest.fixture
def client(conf, database):
    app = make_app(conf, database, plugins.settings(conf), plugins.exports(conf), lambda: NOW)
    with make_server("127.0.0.1", 0, app, Server, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        with httpx.Client(base_url=url, timeout=60) as found:
            yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def ask(client):
    def asked(method, path, token=None, *, headers=(), **more):
        told = {**({"X-Auth-Token": token} if token else {}), **dict(headers)}
        return client.request(method, path, headers=told, **more)

    return asked


def refusal(answer):
    (error,) = answer.json()["errors"]
    assert error["status"] == answer.status_code
    assert set(error) == {"request_id", "code", "status", "title", "detail"}
    return answer.status_code, error["code"]


UNAUTHENTICATED = (401, "unauthenticated")
FORBIDDEN = (403, "forbidden")


def unauthenticated(answer, keystone):
    """Refused with a word on where tokens are to be had, and no other."""
    challenges = answer.headers.get_list("WWW-Authenticate")
    return refusal(answer) == UNAUTHENTICATED and challenges == [f'Keystone uri="{keystone.url}"']


def test_without_a_valid_token_nobody_is_let_in(ask, keystone):
    for token in (None, "", "nonsense", "gAAAAAB" + "x" * 180, str(uuid.uuid4())):
        assert unauthenticated(ask("GET", "/v1/prices", token), keystone), token


def test_a_revoked_token_is_no_token(ask, keystone):
    token = keystone.token("acme-reader", project="acme")
    assert ask("GET", "/v1/prices", token).status_code == 200
    keystone.revoke(token)
    assert unauthenticated(ask("GET", "/v1/prices", token), keystone)


def test_an_expired_token_is_no_token(ask, keystone):
    token = keystone.expired("acme-reader", "acme")
    assert unauthenticated(ask("GET", "/v1/prices", token), keystone)


def test_a_service_vouches_for_an_expired_token_and_lends_it_nothing(ask, keystone):
    expired = keystone.expired("acme-reader", "acme")
    vouching = {"X-Service-Token": keystone.token("ceilometer", project="service")}
    assert ask("GET", "/v1/prices", expired, headers=vouching).status_code == 200
    for method, path in (("GET", "/v1/status"), ("POST", "/v1/events")):
        assert refusal(ask(method, path, expired, headers=vouching)) == FORBIDDEN
    assert unauthenticated(ask("GET", "/v1/prices", headers=vouching), keystone)
    assert unauthenticated(ask("GET", "/v1/prices", "nonsense", headers=vouching), keystone)
    member = keystone.token("globex-member", project="globex")
    for worthless in (member, expired, "nonsense"):
        headers = {"X-Service-Token": worthless}
        assert unauthenticated(ask("GET", "/v1/prices", expired, headers=headers), keystone)


def test_what_is_open_needs_no_token_and_minds_no_bad_one(ask):
    for path in ("/", "/v1", "/healthcheck"):
        for token in (None, "nonsense"):
            assert ask("GET", path, token).status_code == 200


def test_identity_headers_of_a_client_count_for_nothing(ask, keystone):
    forged = {
        "X-Identity-Status": "Confirmed",
        "X-Roles": "admin",
        "X-Project-Id": "acme",
        "X-User-Id": "somebody",
        "ratings.caller": "admin",
    }
    assert unauthenticated(ask("GET", "/v1/status", headers=forged), keystone)
    token = keystone.token("acme-reader", project="acme")
    assert refusal(ask("GET", "/v1/status", token, headers=forged)) == FORBIDDEN


@pytest.mark.parametrize("role", PERSONAS)
def test_every_persona_of_a_project_reads_what_is_the_projects(ask, keystone, ids, role):
    deal = {"resource_type": "vcpu", "unit_price": 1, "tenant_id": ids.acme}
    admin = keystone.token("globex-admin", project="globex")
    assert ask("POST", "/v1/prices", admin, json=deal).status_code == 201
    assert ask("POST", "/v1/events", admin, json=EVENT | {"tenant_id": ids.acme}).json()["rated"]
    token = keystone.token(f"acme-{role}", project="acme")
    found = ask("GET", "/v1/resources", token).json()["resources"]
    assert [row["tenant_id"] for row in found] == [ids.acme]
    for path in ("records", "usage", "summary", "sales_orders", "prices", "terms"):
        assert ask("GET", f"/v1/{path}?tenant_id={ids.acme}", token).status_code == 200
    if role != "admin":
        neighbour = keystone.token(f"globex-{role}", project="globex")
        assert ask("GET", "/v1/resources", neighbour).json()["resources"] == []
        assert ask("GET", "/v1/prices", neighbour).json()["prices"] == []
        assert ask("GET", "/v1/resources/web", neighbour).status_code == 404
        assert refusal(ask("GET", f"/v1/usage?tenant_id={ids.acme}", neighbour)) == FORBIDDEN


@pytest.mark.parametrize("role", ["manager", "member", "reader"])
def test_who_is_no_administrator_changes_nothing(ask, keystone, database, role):
    token = keystone.token(f"acme-{role}", project="acme")
    for method, path in (
        ("POST", "/v1/prices"),
        ("PUT", "/v1/tenants/acme"),
        ("POST", "/v1/sales_orders"),
        ("POST", "/v1/events"),
        ("DELETE", "/v1/terms/1"),
        ("GET", "/v1/status"),
        ("GET", "/v1/events"),
    ):
        assert refusal(ask(method, path, token)) == FORBIDDEN
    assert scalar(database, "SELECT count(*) FROM events") == 0


def test_a_service_delivers_and_does_nothing_else(ask, keystone):
    token = keystone.token("ceilometer", project="service")
    assert ask("POST", "/v1/events", token, json=EVENT).json()["rated"] == 1
    for path in ("/v1/prices", "/v1/resources", "/v1/status", "/v1/events"):
        assert refusal(ask("GET", path, token)) == FORBIDDEN
    approved = EVENT | {"event_type": "ratings.reconciliation.exists", "message_id": "other"}
    assert refusal(ask("POST", "/v1/events", token, json=approved)) == FORBIDDEN


def test_the_system_s_administrator_sees_everything_and_the_domain_s_nothing(ask, keystone):
    system = keystone.token("operator", scope={"system": {"all": True}})
    assert ask("GET", "/v1/status", system).status_code == 200
    assert ask("GET", "/v1/resources", system).status_code == 200
    domain = keystone.token("registrar", scope={"domain": {"id": "default"}})
    assert refusal(ask("GET", "/v1/status", domain)) == FORBIDDEN
    unscoped = keystone.token("acme-reader")
    assert refusal(ask("GET", "/v1/prices", unscoped)) == FORBIDDEN


def test_credentials_of_a_sender_are_for_delivering_only(ask, keystone):
    assert ask("POST", "/v1/events", json=EVENT, headers=basic("one:open")).json()["rated"] == 1
    wrong = ask("POST", "/v1/events", json=EVENT, headers=basic("one:closed"))
    assert refusal(wrong) == UNAUTHENTICATED
    assert wrong.headers["WWW-Authenticate"].startswith("Basic ")
    for method, path in (("GET", "/v1/events"), ("POST", "/v1/prices"), ("GET", "/v1/status")):
        assert unauthenticated(ask(method, path, headers=basic("one:open")), keystone)


def basic(credentials):
    return {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"}


def test_while_keystone_is_away_tokens_wait_and_senders_do_not(ask, keystone):
    token = keystone.token("acme-reader", project="acme")
    with keystone.away():
        answer = ask("GET", "/v1/prices", token)
        assert refusal(answer) == (503, "identity_unavailable")
        assert str(keystone.root) not in answer.text
        assert unauthenticated(ask("GET", "/v1/prices"), keystone)
        delivered = ask("POST", "/v1/events", json=EVENT, headers=basic("one:open"))
        assert delivered.json()["rated"] == 1
        assert ask("GET", "/v1").status_code == 200
    assert ask("GET", "/v1/prices", token).status_code == 200


def test_a_service_user_that_keystone_does_not_know_is_no_fault_of_the_caller(
    keystone, conf, database
):
    told = options.load(["--config-file", conf.config_file[0]])
    authentication.check(told)
    told.set_override("password", "wrong", group="keystone_authtoken")
    app = make_app(told, database, plugins.settings(told), plugins.exports(told), lambda: NOW)
    transport = httpx.WSGITransport(app)
    with httpx.Client(transport=transport, base_url="http://ratings") as client:
        told = {"X-Auth-Token": keystone.token("acme-reader", project="acme")}
        assert refusal(client.get("/v1/prices", headers=told)) == (503, "identity_unavailable")
