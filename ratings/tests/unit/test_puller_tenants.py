"""The projects of a Keystone, as openstacksdk lists them over HTTP."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from ratings import conf as options
from ratings.collectors.tenants import listing
from ratings.core.pulls import SourceError

PAGES = [
    [{"id": "b5cd", "name": "prod-web"}, {"id": "a111", "name": "prod-test"}],
    [{"id": "c222", "name": "service"}],
]


class Keystone(BaseHTTPRequestHandler):
    """What of Keystone's API a list of the projects takes; `pages` is what it lists."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        """Say nothing."""

    def do_GET(self):
        path, _, query = self.path.partition("?")
        url = f"http://127.0.0.1:{self.server.server_port}/v3"
        if path.rstrip("/") in ("", "/v3"):
            link = {"rel": "self", "href": f"{url}/"}
            version = {"id": "v3.14", "status": "stable", "links": [link]}
            self._answer(200, {"version": version} if "v3" in path else {"versions": [version]})
        elif self.server.broken or self.headers["X-Auth-Token"] != "a token":
            self._answer(403, {"error": {"code": 403, "message": "not you", "title": "Forbidden"}})
        else:
            number = int(query.removeprefix("marker=") or 0) if "marker" in query else 0
            more = number + 1 < len(PAGES)
            following = f"{url}/projects?marker={number + 1}" if more else None
            told = {"projects": PAGES[number], "links": {"next": following}}
            self._answer(200, told | {"truncated": self.server.truncated})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        url = f"http://127.0.0.1:{self.server.server_port}/v3"
        endpoint = {"interface": "public", "region": "RegionOne", "region_id": "RegionOne"}
        service = {"type": "identity", "name": "keystone", "endpoints": [endpoint | {"url": url}]}
        token = {
            "methods": ["password"],
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "user": {"id": "u", "name": "ratings", "domain": {"id": "default", "name": "Default"}},
            "catalog": [service],
        }
        self._answer(201, {"token": token}, {"X-Subject-Token": "a token"})

    def _answer(self, status, document, headers=()):
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **dict(headers)}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def keystone():
    with ThreadingHTTPServer(("127.0.0.1", 0), Keystone) as server:
        server.broken = server.truncated = False
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def projects(keystone, tmp_path, monkeypatch):
    """The list, with options of ``[puller]``."""
    auth = {
        "auth_url": f"http://127.0.0.1:{keystone.server_port}/v3",
        "username": "ratings",
        "password": "an open secret",
        "project_name": "admin",
        "user_domain_id": "default",
        "project_domain_id": "default",
    }
    cloud = {"auth": auth, "region_name": "RegionOne", "identity_api_version": "3"}
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"ratings": cloud}}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))

    def listed(**told):
        conf = options.load([], default_config_files=[])
        for name, value in told.items():
            conf.set_override(name, value, group="puller")
        return listing(conf)

    return listed


def test_all_projects_are_tenants_on_whatever_page_they_are(projects):
    assert projects()() == ["a111", "b5cd", "c222"]


def test_they_are_chosen_by_their_names_too(projects):
    assert projects(include=["prod-*"], ignore=["*-test"])() == ["b5cd"]


def test_a_keystone_that_does_not_list_them_is_an_error_that_passes(projects, keystone):
    keystone.broken = True
    found = projects()
    with pytest.raises(SourceError, match="Keystone does not list the projects") as caught:
        found()
    assert caught.value.code == "tenants_not_listed"
    keystone.broken = False
    assert len(found()) == 3


def test_a_list_that_keystone_has_cut_off_is_none(projects, keystone):
    keystone.truncated = True
    with pytest.raises(SourceError, match="list_limit"):
        projects()()
