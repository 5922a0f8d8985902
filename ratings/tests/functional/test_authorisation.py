"""Who may do what, without a Keystone: requests come as its middleware would hand them on."""

import base64
import json

import pytest
from webob import Request

from ratings import conf as options
from ratings import plugins
from ratings.api import authentication, senders
from ratings.api.app import MIDDLEWARES, make_services, serve
from ratings.api.authentication import identified
from ratings.tests import neighbours
from ratings.tests.functional.conftest import NOW
from ratings.tests.ledgers import scalar
from ratings.tests.neighbours import TENANTS, flat, other

SECRET = "an open secret"
CERTIFIED = "agent.example.com"

IMPLIED = {
    "admin": "admin,manager,member,reader",
    "manager": "manager,member,reader",
    "member": "member,reader",
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """With Keystone, and with two senders who have no token."""
    found = options.load([], default_config_files=[])
    known = {
        "one": {"secret": str(senders.hashed(SECRET)), "regions": ["RegionOne"]},
        CERTIFIED: {"tls": True, "regions": ["RegionTwo"]},
    }
    path = tmp_path_factory.mktemp("senders") / "senders.yaml"
    path.write_text(json.dumps(known))
    found.set_override("credentials_file", str(path), group="ingest")
    found.set_override("tls_name_variable", "SSL_CLIENT_S_DN_CN", group="ingest")
    return found


def recognised(app, conf):
    """In the place of `tokens`: the headers of auth_token are there, or nobody asks."""
    known = identified(app)

    def asked(environ, start_response):
        return (known if "HTTP_X_IDENTITY_STATUS" in environ else app)(environ, start_response)

    return asked


def by_headers():
    """The middlewares, without one that asks Keystone."""
    return [recognised if each is authentication.tokens else each for each in MIDDLEWARES]


@pytest.fixture
def app(guarded, settings, database):
    services = make_services(guarded, database, settings, plugins.exports(guarded), lambda: NOW)
    return serve(guarded, services, by_headers())


@pytest.fixture
def ask(app):
    """Sends a request as somebody, such as ``acme-reader``; the response."""

    def asked(method, path, persona=None, *, body=None, **environ):
        request = Request.blank(path, method=method)
        if body is not None:
            request.body = json.dumps(body).encode()
            request.content_type = "application/json"
        request.environ.update(who(persona) if persona else {}, **environ)
        return request.get_response(app)

    return asked


def who(persona):
    """What auth_token says of ``acme-reader``."""
    tenant, _, role = persona.rpartition("-")
    return {
        "HTTP_X_IDENTITY_STATUS": "Confirmed",
        "HTTP_X_USER_ID": persona,
        "HTTP_X_PROJECT_ID": tenant,
        "HTTP_X_ROLES": IMPLIED.get(role, role),
    }


@pytest.fixture
def there(ask):
    """What two tenants have."""

    def administrator(method, path, json=None):
        found = ask(method, path, "cloud-admin", body=json)
        assert found.status_int < 300, found.text
        return found.json

    return neighbours.settle(administrator)


def basic(name="one", secret=SECRET):
    return {"HTTP_AUTHORIZATION": f"Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}"}


def refusal(response):
    (error,) = response.json["errors"]
    assert error["status"] == response.status_int
    assert error["request_id"] == response.headers["X-Openstack-Request-Id"]
    return response.status_int, error["code"]


EVENT = flat("acme", "web", "create", "10")
FORBIDDEN = (403, "forbidden")

FOR_ADMINISTRATORS = [
    ("GET", "/v1/events"),
    ("GET", "/v1/parked_events"),
    ("POST", "/v1/parked_events/requeue"),
    ("POST", "/v1/prices"),
    ("PUT", "/v1/prices/1"),
    ("DELETE", "/v1/prices/1"),
    ("POST", "/v1/terms"),
    ("PUT", "/v1/terms/1"),
    ("DELETE", "/v1/terms/1"),
    ("GET", "/v1/tenants"),
    ("GET", "/v1/tenants/acme"),
    ("PUT", "/v1/tenants/acme"),
    ("POST", "/v1/sales_orders"),
    ("GET", "/v1/discrepancies"),
    ("GET", "/v1/status"),
    ("GET", "/v1/spool"),
]


@pytest.mark.parametrize("persona", ["acme-reader", "acme-member", "acme-manager", "x-service"])
@pytest.mark.parametrize(("method", "path"), FOR_ADMINISTRATORS)
def test_what_concerns_the_cloud_is_for_administrators(ask, persona, method, path):
    assert refusal(ask(method, path, persona, body=[] if method != "GET" else None)) == FORBIDDEN


@pytest.mark.parametrize("persona", ["acme-reader", "acme-member", "acme-manager"])
@pytest.mark.parametrize("path", ["/v1/events", "/v1/samples"])
def test_who_has_a_project_delivers_nothing(ask, database, persona, path):
    assert refusal(ask("POST", path, persona, body=[EVENT])) == FORBIDDEN
    assert scalar(database, "SELECT count(*) FROM events") == 0


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/resources", "/v1/resources/acme-web", "/v1/records", "/v1/records/acme-web"),
        *("/v1/usage", "/v1/summary", "/v1/sales_orders", "/v1/sales_drafts", "/v1/prices"),
        *("/v1/terms", "/v1/sales_orders/1", "/v1/prices/1", "/v1/sales_orders/1/lines/1"),
    ],
)
def test_a_service_and_who_has_no_role_read_nothing(ask, path):
    assert refusal(ask("GET", path, "acme-service")) == FORBIDDEN
    assert refusal(ask("GET", path, "acme-")) == FORBIDDEN


def test_what_is_refused_is_refused_before_it_is_read(ask):
    body = {"body": ["no price at all"]}
    assert refusal(ask("POST", "/v1/prices?nonsense", "acme-member", **body)) == FORBIDDEN


@pytest.mark.parametrize("persona", ["acme-reader", "acme-member", "acme-manager"])
def test_a_tenant_reads_what_is_its_own(ask, there, persona):
    mine = ask("GET", "/v1/resources", persona).json["resources"]
    assert [(r["resource_id"], r["tenant_id"]) for r in mine] == [
        ("acme-web", "acme"),
        ("twin", "acme"),
        ("volume-2", "acme"),
    ]
    for noun in ("records", "sales_orders", "usage"):
        found = ask("GET", f"/v1/{noun}", persona).json[noun]
        assert {row["tenant_id"] for row in found} == {"acme"}, noun
    assert ask("GET", "/v1/sales_drafts", persona).json["tenant_id"] == "acme"
    names = [p["name"] for p in ask("GET", "/v1/prices", persona).json["prices"]]
    assert names == [None, None, None, None, "acme deal"]
    reasons = {term["reason"] for term in ask("GET", "/v1/terms", persona).json["terms"]}
    assert reasons == {"acme bargain", "winter"}


def test_an_administrator_reads_everything(ask, there):
    found = ask("GET", "/v1/resources", "cloud-admin").json["resources"]
    assert {row["tenant_id"] for row in found} == {"acme", "globex"}
    assert ask("GET", "/v1/sales_drafts?tenant_id=globex", "cloud-admin").status_int == 200
    assert refusal(ask("GET", "/v1/usage", "cloud-admin")) == (400, "query_invalid")


@pytest.mark.parametrize(
    "path",
    [
        *("resources", "records", "usage", "summary", "sales_orders", "sales_drafts"),
        *("prices", "terms"),
    ],
)
def test_who_asks_for_another_tenant_is_refused(ask, there, path):
    assert refusal(ask("GET", f"/v1/{path}?tenant_id=globex", "acme-member")) == FORBIDDEN
    assert ask("GET", f"/v1/{path}?tenant_id=acme", "acme-member").status_int == 200
    twice = ask("GET", f"/v1/{path}?tenant_id=globex&tenant_id=acme", "acme-member")
    assert refusal(twice) == (400, "query_invalid")


@pytest.mark.parametrize("tenant", TENANTS)
def test_what_belongs_to_another_tenant_does_not_exist(ask, there, tenant):
    """The answer is the one for what nobody has, but for the id."""
    foreign = other(tenant)
    paths = [(f"/v1/sales_orders/{i}", "/v1/sales_orders/999") for i in there.orders[foreign]]
    paths += [(f"/v1/prices/{i}", "/v1/prices/999") for i in there.prices[foreign]]
    paths += [(f"/v1/terms/{i}", "/v1/terms/999") for i in there.terms[foreign]]
    paths += [
        (f"/v1/records/{i}/explain", "/v1/records/999/explain") for i in there.records[foreign]
    ]
    order = there.orders[foreign][0]
    paths += [
        (f"/v1/sales_orders/{order}/lines/1", "/v1/sales_orders/999/lines/1"),
        (f"/v1/sales_orders/{order}/lines/99", "/v1/sales_orders/999/lines/99"),
        (f"/v1/resources/{foreign}-web", "/v1/resources/nothing"),
        (f"/v1/records/{foreign}-web", "/v1/records/nothing"),
    ]
    for path, nothing in paths:
        found, expected = ask("GET", path, f"{tenant}-reader"), ask("GET", nothing, "x-reader")
        assert refusal(found) == refusal(expected) == (404, "not_found"), path
        detail = [answer.json["errors"][0]["detail"] for answer in (found, expected)]
        name, other_name = path.split("/")[3], nothing.split("/")[3]
        assert detail[0].replace(name, other_name) == detail[1], path


def test_one_id_in_the_regions_of_two_tenants_is_not_ambiguous_to_them(ask, there):
    assert refusal(ask("GET", "/v1/resources/twin", "cloud-admin")) == (409, "resource_ambiguous")
    assert ask("GET", "/v1/resources/twin", "acme-reader").json["region"] == "RegionOne"
    assert ask("GET", "/v1/records/twin", "globex-reader").status_int == 200


def test_of_a_volume_that_changed_hands_each_sees_its_own_time(ask, there):
    """volume-1 was acme's until the fifteenth, and is globex's since then."""
    assert refusal(ask("GET", "/v1/resources/volume-1", "acme-reader")) == (404, "not_found")
    now = ask("GET", "/v1/resources/volume-1", "globex-reader").json
    all_of_it = ask("GET", "/v1/resources/volume-1", "cloud-admin").json
    assert (now["consumption"], all_of_it["consumption"]) == (24, 48)
    spans = {t: ask("GET", "/v1/records/volume-1", f"{t}-reader").json["records"] for t in TENANTS}
    assert [row["start_at"][8:10] for row in spans["acme"]] == ["05", "08"]
    assert [row["start_at"][8:10] for row in spans["globex"]] == ["15", "17", "20"]
    used = ask("GET", "/v1/usage", "acme-reader").json["usage"]
    (given_away,) = [row for row in used if row["resource_id"] == "volume-1"]
    assert (given_away["resource_name"], given_away["quantity"]) == (None, 2400)


def test_a_bill_does_not_tell_what_a_new_owner_calls_its_volume(ask, there):
    for path in (f"/v1/sales_orders/{there.orders['acme'][0]}", "/v1/sales_orders/4"):
        order = ask("GET", path, "cloud-admin").json
        assert other(order["tenant_id"]) not in json.dumps(order)


def test_a_marker_of_another_tenant_tells_nothing_of_it(ask, there):
    """Else a page would begin where that record begins."""
    for record in there.records["globex"]:
        found = ask("GET", f"/v1/records?marker={record}", "acme-reader")
        assert found.json == {"records": [], "links": []}


def test_a_token_for_no_project_reads_nothing_unless_it_is_an_administrators(ask, there):
    system = {"HTTP_X_PROJECT_ID": None, "HTTP_OPENSTACK_SYSTEM_SCOPE": "all"}
    for path in ("/v1/usage?tenant_id=None", "/v1/resources", "/v1/prices"):
        assert refusal(ask("GET", path, "-reader", **system)) == FORBIDDEN
    assert len(ask("GET", "/v1/resources", "-admin", **system).json["resources"]) == 6


def test_who_administers_a_domain_does_not_administer_the_cloud(ask, there):
    domain = {"HTTP_X_PROJECT_ID": None, "HTTP_X_DOMAIN_ID": "default"}
    for path in ("/v1/resources", "/v1/status", "/v1/prices"):
        assert refusal(ask("GET", path, "-admin", **domain)) == FORBIDDEN


def test_without_anybody_there_is_no_answer_but_to_open_paths(ask):
    for path in ("/", "/v1", "/healthcheck"):
        assert ask("GET", path).status_int == 200
    for path in ("/v1/prices", "/v1/status", "/v1/resources?tenant_id=acme"):
        assert refusal(ask("GET", path)) == (401, "unauthenticated")


def test_a_sender_delivers_for_its_regions(ask, database):
    for region, event_id in (("RegionOne", "a"), ("RegionOne", "b")):
        event = EVENT | {"region": region, "message_id": event_id}
        found = ask("POST", f"/v1/events?region={region}", body=[event], **basic())
        assert found.json["rated"] == 1
    certified = {"SSL_CLIENT_S_DN_CN": CERTIFIED}
    found = ask("POST", "/v1/events", body=EVENT | {"region": "RegionTwo"}, **certified)
    assert found.json["duplicate"] + found.json["rated"] == 1


FOREIGN = (403, "region_forbidden")


def test_a_sender_delivers_for_no_other_region(ask, database):
    two = EVENT | {"region": "RegionTwo"}
    assert refusal(ask("POST", "/v1/events?region=RegionTwo", body=[], **basic())) == FOREIGN
    assert refusal(ask("POST", "/v1/events", body=two, **basic())) == FOREIGN
    certified = {"SSL_CLIENT_S_DN_CN": CERTIFIED}
    assert refusal(ask("POST", "/v1/events", body=[EVENT], **certified)) == FOREIGN
    mixed = ask("POST", "/v1/events", body=[EVENT, two], **basic())
    assert refusal(mixed) == FOREIGN
    assert mixed.json["errors"][0]["detail"].startswith("event 1: ")
    assert scalar(database, "SELECT count(*) FROM events") == 0
    strange = {"message_id": "m", "event_type": "x.y", "generated": "x", "traits": []}
    assert refusal(ask("POST", "/v1/events", body=strange, **certified)) == FOREIGN


WRONG = [basic(secret="another"), basic(name="two"), basic(secret=""), basic(name=CERTIFIED)]


@pytest.mark.parametrize("credentials", [*WRONG, {"HTTP_AUTHORIZATION": "Basic ?"}])
def test_wrong_credentials_are_refused(ask, database, credentials):
    for _ in range(2):
        found = ask("POST", "/v1/events", body=EVENT, **credentials)
        assert refusal(found) == (401, "unauthenticated")
        assert found.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert scalar(database, "SELECT count(*) FROM events") == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/events"),
        ("GET", "/v1/samples"),
        ("POST", "/v1/prices"),
        ("POST", "/v1/parked_events/requeue"),
        ("GET", "/v1/resources"),
        ("GET", "/v1/status"),
    ],
)
@pytest.mark.parametrize("credentials", [basic(), {"SSL_CLIENT_S_DN_CN": CERTIFIED}])
def test_credentials_of_a_sender_are_good_for_nothing_else(ask, method, path, credentials):
    if (method, path) == ("GET", "/v1/samples"):
        assert refusal(ask(method, path, **credentials)) == (405, "method_not_allowed")
    else:
        found = ask(method, path, body={} if method == "POST" else None, **credentials)
        assert refusal(found) == (401, "unauthenticated")


def test_a_header_of_a_client_says_nothing_of_its_certificate(ask):
    header = {"HTTP_SSL_CLIENT_S_DN_CN": CERTIFIED}
    assert refusal(ask("POST", "/v1/events", body=EVENT, **header)) == (401, "unauthenticated")


APPROVED = EVENT | {"event_type": "ratings.reconciliation.create"}


@pytest.mark.parametrize("body", [APPROVED, [EVENT, APPROVED]])
def test_only_administrators_approve(ask, database, body):
    for sender in ({"persona": "x-service"}, basic()):
        assert refusal(ask("POST", "/v1/events", body=body, **sender)) == FORBIDDEN
    assert scalar(database, "SELECT count(*) FROM events") == 0
    assert ask("POST", "/v1/events", "cloud-admin", body=body).status_int == 202


def test_a_policy_file_gives_a_role_of_its_own_what_it_says(settings, database, tmp_path):
    """An auditor who may read the usage of every tenant, if it says which, and nothing else."""
    path = tmp_path / "policy.yaml"
    path.write_text('"ratings:usage:list": "role:auditor or rule:project_reader"\n')
    (tmp_path / "ratings.conf").write_text(f"[oslo_policy]\npolicy_file = {path}\n")
    conf = options.load(["--config-file", str(tmp_path / "ratings.conf")])
    services = make_services(conf, database, settings, plugins.exports(conf), lambda: NOW)
    app = serve(conf, services, by_headers())

    def get(url):
        return Request.blank(url, environ=who("audit-auditor")).get_response(app)

    assert get("/v1/usage?tenant_id=acme").json == {"usage": [], "links": []}
    assert refusal(get("/v1/records?tenant_id=acme")) == FORBIDDEN
    assert refusal(get("/v1/prices")) == FORBIDDEN


def test_pages_of_named_origins_may_ask_and_others_may_not(settings, database, tmp_path):
    path = tmp_path / "ratings.conf"
    path.write_text("[cors]\nallowed_origin = https://horizon.example.com\n")
    conf = options.load(["--config-file", str(path)])
    services = make_services(conf, database, settings, plugins.exports(conf), lambda: NOW)
    app = serve(conf, services, by_headers())

    def sent(method, origin, **environ):
        request = Request.blank("/v1/prices", method=method, headers={"Origin": origin})
        request.environ.update(environ)
        return request.get_response(app)

    wanted = {
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET",
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "X-Auth-Token",
    }
    allowed = sent("OPTIONS", "https://horizon.example.com", **wanted)
    assert allowed.status_int == 200
    assert allowed.headers["Access-Control-Allow-Headers"] == "X-Auth-Token"
    refused = sent("GET", "https://horizon.example.com")
    assert refusal(refused) == (401, "unauthenticated")
    assert refused.headers["Access-Control-Allow-Origin"] == "https://horizon.example.com"
    for method in ("OPTIONS", "GET"):
        found = sent(method, "https://elsewhere.example.com", **wanted)
        assert "Access-Control-Allow-Origin" not in found.headers
