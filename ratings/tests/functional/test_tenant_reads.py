"""No answer to a tenant depends on what belongs to another: neither by the API, nor by PostgreSQL.

Two clouds differ only in what globex has. Whatever acme asks, both answer the same, and the name
of globex does not occur. Each of two guards has to hold that for itself: the API, on a database
that shows everything, and PostgreSQL, under an API that takes everybody for an administrator.
"""

import json
import logging
import re
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import ProgrammingError
from webob import Request

from ratings import budgeting, plugins
from ratings import conf as options
from ratings.api.app import MIDDLEWARES, make_services, serve, url_tree
from ratings.db.engine import create_engine
from ratings.db.reading import EVERYTHING, Scope, confine, lifted, reading
from ratings.rater import Rater
from ratings.tests import neighbours
from ratings.tests.conftest import create, url_of
from ratings.tests.functional.conftest import NOW
from ratings.tests.functional.test_authorisation import by_headers, who
from ratings.tests.ledgers import rows
from ratings.tests.neighbours import flat, volume

FOREIGN = "globex"
BUDGET = {"period": "month", "amount": 100, "thresholds": [{"kind": "forecast", "percent": 1}]}


@pytest.fixture(scope="module")
def open_conf():
    found = options.load([], default_config_files=[])
    found.set_override("auth_strategy", "noauth")
    return found


@pytest.fixture(scope="module")
def clouds(postgres, administrator, template, open_conf, settings):
    """Engines on both clouds, and the ids that are in the first."""
    create(administrator, "cloud_one", template)
    first = create_engine(url_of(postgres, "cloud_one"))
    there = neighbours.settle(asking(first, open_conf, settings))
    first.dispose()
    create(administrator, "cloud_two", "cloud_one")
    second = create_engine(url_of(postgres, "cloud_two"))
    _grow(asking(second, open_conf, settings))
    rater = Rater(second, settings, lambda: NOW)
    (checked,) = budgeting.check_each(second, rater, [], lambda: NOW, [FOREIGN])
    assert checked.alerts
    second.dispose()
    bare = [_bared(postgres, administrator, name) for name in ("cloud_one", "cloud_two")]
    second = create_engine(url_of(postgres, "cloud_two"))
    yield [first, second, *bare], there
    for engine in (first, second, *bare):
        engine.dispose()
        with administrator.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {engine.url.database} WITH (FORCE)")


def _bared(postgres, administrator, name):
    """An engine on a copy of a cloud in which PostgreSQL shows everything to everybody."""
    create(administrator, f"{name}_bare", name)
    engine = create_engine(url_of(postgres, f"{name}_bare"))
    with engine.begin() as conn:
        conn.exec_driver_sql("DROP SCHEMA ratings_tenant CASCADE")
        conn.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO ratings_tenant")
        for (table,) in conn.exec_driver_sql("SELECT tablename FROM pg_policies").all():
            conn.exec_driver_sql(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    return engine


def application(engine, conf, settings, middlewares=MIDDLEWARES):
    services = make_services(conf, engine, settings, plugins.exports(conf), lambda: NOW)
    return serve(conf, services, middlewares)


def asking(engine, conf, settings):
    app = application(engine, conf, settings)

    def ask(method, path, json=None):
        found = get(app, path, method=method, body=json)
        assert found.status_int < 300, found.text
        return found.json

    return ask


def get(app, path, environ=(), *, method="GET", body=None):
    request = Request.blank(path, method=method)
    request.environ.update(dict(environ))
    if body is not None:
        request.body, request.content_type = json.dumps(body).encode(), "application/json"
    return request.get_response(app)


def _grow(ask):
    """What globex has more of in the second cloud."""
    events = [
        flat(FOREIGN, "globex-web", "resize", "22", content={"vcpu": 8, "ram": 4096, "disk": 40}),
        flat(FOREIGN, "globex-new", "create", "06"),
        flat(FOREIGN, "acme-web", "create", "06", region="RegionTwo"),
        volume(FOREIGN, "volume-1", "resize", "22") | {"resource_name": "globex's secret"},
        volume(FOREIGN, "volume-1", "delete", "23"),
        volume(FOREIGN, "volume-2", "exists", "13"),
    ]
    assert ask("POST", "/v1/events", json=events)["rated"] == len(events)
    ask("PUT", "/v1/prices/6", json={"unit_price": "0.07", "start_at": "2026-01-26"})
    term = {"kind": "minimum", "value": 99, "currency": "USD", "start_at": "2026-01-26"}
    ask("POST", "/v1/terms", json={**term, "tenant_id": FOREIGN, "reason": "globex minimum"})
    ask("POST", "/v1/budgets", json=BUDGET | {"tenant_id": FOREIGN, "description": "globex budget"})
    ask("POST", "/v1/sales_orders", json={"tenant_id": FOREIGN, "end": "2026-01-31"})
    strange = {"event_type": "globex.more", "generated": "2026-01-10T00:00:00", "traits": []}
    ask("POST", "/v1/events", json={"message_id": "globex-more", **strange})


@pytest.fixture(scope="module", params=["both guards", "the API alone"])
def guarded(clouds, settings, request):
    """What acme gets of each cloud, from an API that knows that it is acme."""
    conf = options.load([], default_config_files=[])
    engines = clouds[0][:2] if request.param == "both guards" else clouds[0][2:]
    around = by_headers()
    apps = [application(engine, conf, settings, around) for engine in engines]
    return lambda path: [get(app, path, who("acme-reader")) for app in apps]


@pytest.fixture(scope="module")
def unguarded(clouds, open_conf, settings):
    """What an administrator gets of each cloud when PostgreSQL shows acme's rows alone."""
    engines = [create_engine(engine.url) for engine in clouds[0][:2]]
    for engine in engines:
        event.listen(engine, "begin", lambda conn: confine(conn, "acme"))
    apps = [application(engine, open_conf, settings) for engine in engines]
    yield lambda path: [get(app, path) for app in apps]
    for engine in engines:
        engine.dispose()


def routes():
    """(path, contract) of all that can be read."""
    waiting = [("", url_tree(None))]
    while waiting:
        path, resource = waiting.pop()
        for name, own in (("get_all", path or "/"), ("get_one", f"{path}/{{id}}")):
            if hasattr(resource, name):
                yield own, getattr(resource, name).contract
        waiting += [(f"{path}/{name}", child) for name, child in resource.children.items()]
        waiting += [(f"{path}/{{id}}/{name}", part) for name, part in resource.members.items()]


ROUTES = sorted(routes(), key=lambda route: route[0])

RESOURCES = ["acme-web", "globex-web", "globex-new", "twin", "volume-1", "volume-2", "nothing"]
INSTANTS = [f"2026-01-{day}" for day in ("01", "05", "10", "15", "17", "20", "25", "31")]
NUMBERS = [*range(1, 60), 999]
WORDS = {
    "tenant_id": ["acme"],
    "resource_id": RESOURCES,
    "resource_type": ["instance", "volume", "vcpu"],
    "region": ["RegionOne", "RegionTwo"],
    "component": ["vcpu", "volume", "ram"],
    "status": ["active", "delete"],
    "deleted": ["true", "false"],
    "superseded": ["true", "false"],
    "kind": ["credit", "discount_percent", "minimum"],
    "code": ["event_type_unknown", "silent"],
    "event_type": ["create", "exists", "transfer"],
    "groupby": ["tenant_id", "resource_id", "region,component", "day", "month,tenant_id", ""],
    "format": ["csv", "json", "focus", "beancount"],
    "limit": ["1", "3", "1000"],
    **dict.fromkeys(("start", "end", "date", "at", "since"), INSTANTS),
}


@st.composite
def urls(draw):
    """A URL that can be read, with any ids and parameters."""
    path, contract = draw(st.sampled_from(ROUTES))
    ids = st.sampled_from([*map(str, NUMBERS), *RESOURCES, "acme"])
    while "{id}" in path:
        path = path.replace("{id}", draw(ids), 1)
    names = [] if contract.query is None else [a.name for a in contract.query._wsme_attributes]
    query = {}
    for name in names:
        if draw(st.booleans()):
            pool = INSTANTS if name == "marker" and path.startswith("/v1/records/") else NUMBERS
            query[name] = draw(st.sampled_from(WORDS.get(name, pool)))
    return f"{path}?{urlencode(query)}" if query else path


def told(response, path):
    """What an answer says, without what it repeats of the request."""
    text = re.sub(r'"(request_id|href)": ?"[^"]*"', "", response.text)
    if response.status_int >= 400:
        for part in path.partition("?")[0].split("/")[3:]:
            text = text.replace(part, "") if part else text
    return response.status_int, text


ANY = examples(
    max_examples=600,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@ANY
@given(path=urls())
def test_the_api_tells_a_tenant_nothing_of_another(guarded, path):
    one, two = (told(response, path) for response in guarded(path))
    assert one == two
    assert FOREIGN not in one[1]


@ANY
@given(path=urls())
def test_postgresql_shows_a_tenant_nothing_of_another(unguarded, path):
    logging.disable(logging.CRITICAL)
    one, two = (told(response, path) for response in unguarded(path))
    logging.disable(logging.NOTSET)
    assert one == two
    assert FOREIGN not in one[1]


def test_the_two_clouds_differ(clouds, open_conf, settings):
    """Else the tests above would say nothing."""
    apps = [application(engine, open_conf, settings) for engine in clouds[0][:2]]
    for path, contract in ROUTES:
        if contract.scoped and "{" not in path:
            query = f"?tenant_id={FOREIGN}"
            one, two = (get(app, path + query).text for app in apps)
            assert one != two, path


@pytest.mark.parametrize("path", [path for path, _ in ROUTES if "{" not in path])
def test_asked_for_another_tenant_postgresql_has_nothing(unguarded, path):
    logging.disable(logging.CRITICAL)
    for response in unguarded(f"{path}?tenant_id={FOREIGN}"):
        if response.status_int < 400:
            assert [v for v in response.json.values() if v and isinstance(v, list)] == []
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("noun", ["records", "summary", "sales_orders", "usage", "sales_drafts"])
def test_a_tenant_sees_all_that_is_its_own(clouds, guarded, open_conf, settings, noun):
    app = application(clouds[0][1], open_conf, settings)
    expected = get(app, f"/v1/{noun}?tenant_id=acme").json
    _, found = guarded(f"/v1/{noun}")
    for row in expected.get("usage", ()):
        # An administrator is told what a volume is called that acme gave away.
        if row["resource_name"].startswith(FOREIGN):
            row["resource_name"] = None
    expected.pop("links", None)
    assert {name: found.json[name] for name in expected} == expected
    assert FOREIGN not in found.text


def test_a_session_that_forgets_the_tenant_sees_nothing(clouds):
    with clouds[0][0].connect() as conn:
        conn.exec_driver_sql("SET LOCAL ROLE ratings_tenant")
        for table in ("records", "resources", "sales_orders", "sales_order_lines"):
            assert conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0


@pytest.mark.parametrize(
    "sql",
    [
        *("SELECT content FROM events", "SELECT body FROM events", "SELECT * FROM parked_events"),
        *("SELECT * FROM tallies", "SELECT * FROM outbox", "DELETE FROM records"),
        *(
            "UPDATE public.resources SET name = 'mine'",
            "INSERT INTO tenants VALUES ('acme', 'EUR')",
        ),
    ],
)
def test_the_role_of_tenants_may_do_nothing_but_read_that(clouds, sql):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        reading(clouds[0][0], Scope("acme")) as conn,
    ):
        conn.exec_driver_sql(sql)


def test_what_is_lifted_comes_back(clouds):
    count = "SELECT count(DISTINCT tenant_id) FROM records"
    with reading(clouds[0][0], Scope("acme")) as conn:
        with lifted(conn):
            assert conn.exec_driver_sql(count).scalar() == 2
        assert conn.exec_driver_sql(count).scalar() == 1
        with pytest.raises(KeyError), lifted(conn):
            raise KeyError
        assert conn.exec_driver_sql(count).scalar() == 1
    with reading(clouds[0][0], EVERYTHING) as conn:
        assert conn.exec_driver_sql(count).scalar() == 2


def test_a_connection_goes_back_to_the_pool_as_it_came(clouds):
    engine = create_engine(clouds[0][0].url, pool_size=1)
    with reading(engine, Scope("acme")):
        pass
    (found,) = rows(engine, "SELECT current_user = session_user, current_setting('search_path')")
    assert found == (True, '"$user", public')
    engine.dispose()
