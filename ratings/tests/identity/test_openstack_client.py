"""The client and ``openstack rating`` with tokens of a real Keystone, and its catalog."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from wsgiref.simple_server import make_server

import pytest
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session
from keystoneauth1.token_endpoint import Token

from ratings import conf as options
from ratings import plugins
from ratings.api.app import make_app
from ratings.client import Client
from ratings.client.errors import Forbidden, NotFound, Unauthorized
from ratings.tests.functional.conftest import NOW, Quiet, Server
from ratings.tests.keystones import REGION


@pytest.fixture
def url(keystone, database, tmp_path):
    """An API that asks Keystone."""
    lines = [f"{name} = {value}" for name, value in keystone.authtoken("ratings").items()]
    (tmp_path / "ratings.conf").write_text("\n".join(["[keystone_authtoken]", *lines]))
    conf = options.load(["--config-file", str(tmp_path / "ratings.conf")])
    app = make_app(conf, database, plugins.settings(conf), plugins.exports(conf), lambda: NOW)
    with make_server("127.0.0.1", 0, app, Server, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def catalog(keystone, url):
    """The API is in the catalog meanwhile."""
    keystone.service("rating", url)
    yield
    for service in keystone.ask("GET", "/services?type=rating").json()["services"]:
        keystone.ask("DELETE", f"/services/{service['id']}")


@pytest.fixture
def client(keystone, catalog):
    """A function that gives the client of a user, whose password is its name."""

    def of(user, project):
        auth = Password(
            auth_url=keystone.url,
            username=user,
            password=user,
            project_name=project,
            user_domain_id="default",
            project_domain_id="default",
        )
        return Client(Session(auth=auth), region_name=REGION)

    return of


@pytest.fixture
def openstack(keystone, catalog, tmp_path):
    """A function that runs the command as a user, whose password is its name."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}

    def run(user, project, *arguments):
        told = {
            "HOME": str(tmp_path),
            "OS_AUTH_URL": keystone.url,
            "OS_USERNAME": user,
            "OS_PASSWORD": user,
            "OS_PROJECT_NAME": project,
            "OS_USER_DOMAIN_ID": "default",
            "OS_PROJECT_DOMAIN_ID": "default",
            "OS_REGION_NAME": REGION,
        }
        return subprocess.run(
            [Path(sys.executable).with_name("openstack"), "rating", *arguments],
            env=kept | told,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture
def charged(client, keystone):
    """Two tenants have a volume each; the administrator's client."""
    admin = client("admin", "admin")
    admin.prices.create("volume", 1, per="month")
    for name in ("acme", "globex"):
        admin.events.post(
            {
                "resource_id": f"{name}-volume",
                "resource_type": "volume",
                "event_type": "create",
                "event_time": "2026-01-01T00:00:00Z",
                "region": REGION,
                "tenant_id": getattr(keystone.ids, name),
                "content": {"size": 7},
            }
        )
    return admin


def test_readers_of_two_projects_see_what_is_theirs(charged, client, keystone):
    for name in ("acme", "globex"):
        reader = client(f"{name}-reader", name)
        (resource,) = reader.resources.list()
        assert resource.resource_id == f"{name}-volume"
        own = getattr(keystone.ids, name)
        assert reader.sales_drafts.get(own).payable == 7
    other = client("acme-reader", "acme")
    with pytest.raises(Forbidden) as refused:
        list(other.usage.list(keystone.ids.globex))
    assert (refused.value.code, refused.value.status) == ("forbidden", 403)
    with pytest.raises(NotFound):
        other.resources.get("globex-volume")
    with pytest.raises(Forbidden):
        other.prices.create("vcpu", 1)
    assert {each.resource_id for each in charged.resources.list()} == {
        "acme-volume",
        "globex-volume",
    }


def test_a_token_that_does_not_count_is_unauthorized(url):
    with pytest.raises(Unauthorized) as refused:
        Client(Session(auth=Token(url, "nonsense"))).status.get()
    assert refused.value.code == "unauthenticated"


def test_the_command_works_for_an_administrator(charged, openstack, keystone):
    made = openstack("admin", "admin", "order", "create", keystone.ids.acme, "-f", "json")
    assert (made.returncode, json.loads(made.stdout)["payable"]) == (0, "7")
    grouped = ("--group-by", "tenant_id", "-f", "json")
    summary = openstack("admin", "admin", "summary", "show", *grouped)
    assert [row["tenant_id"] for row in json.loads(summary.stdout)] == [keystone.ids.acme]


def test_the_command_tells_readers_of_two_projects_what_is_theirs(charged, openstack, keystone):
    for name in ("acme", "globex"):
        # The project of the token is the tenant.
        shown = openstack(f"{name}-reader", name, "usage", "show", "-f", "json")
        (row,) = json.loads(shown.stdout)
        assert (row["resource_id"], row["quantity"]) == (f"{name}-volume", "5208")
    other = openstack("acme-reader", "acme", "draft", "show", keystone.ids.globex)
    assert other.returncode == 1
    assert other.stderr.startswith("403 Forbidden: ")
    assert "(forbidden)" in other.stderr
    assert openstack("acme-reader", "acme", "status", "show").returncode == 1


def test_who_names_no_tenant_means_the_project_of_the_token(charged, openstack, keystone):
    budget = ("budget", "create", "month", "10", "--threshold", "forecast=100", "-f", "json")
    for user in ("acme-manager", "acme-admin"):
        for command in (budget, ("forecast", "show", "-f", "json")):
            told = openstack(user, "acme", *command)
            assert (told.returncode, told.stderr) == (0, "")
            assert json.loads(told.stdout)["tenant_id"] == keystone.ids.acme
    listed = openstack("acme-reader", "acme", "budget", "list", "-f", "json")
    assert [row["id"] for row in json.loads(listed.stdout)] == [1, 2]
    others = openstack("globex-reader", "globex", "budget", "list", "-f", "json")
    assert json.loads(others.stdout) == []
    for forbidden in (budget, ("collect", "list")):
        refused = openstack("acme-reader", "acme", *forbidden)
        assert (refused.returncode, "(forbidden)" in refused.stderr) == (1, True)
