"""The version documents, as every client of OpenStack reads them."""

import pytest
from keystoneauth1.discover import Discover
from keystoneauth1.session import Session
from webob import Request

from ratings import conf as options
from ratings import plugins
from ratings.api.app import make_app
from ratings.tests.functional.conftest import NOW


@pytest.mark.parametrize("path", ["", "v1", "v1/"])
def test_keystoneauth_finds_the_version(client, path):
    (found,) = Discover(Session(), f"{client.base_url}/{path}").version_data()
    assert found["version"] == (1, 0)
    assert found["status"] == "CURRENT"
    assert found["url"] == f"{client.base_url}/v1"
    assert found["min_microversion"] is None
    assert found["max_microversion"] is None


def test_the_contract_names_the_url_by_which_it_was_asked(client):
    found = client.get("/v1/openapi.json")
    assert found.json()["servers"][0]["url"] == str(client.base_url)
    known = {"If-None-Match": found.headers["etag"]}
    assert client.get("/v1/openapi.json", headers=known).status_code == 304


@pytest.mark.parametrize(
    ("trusted", "href"),
    [("True", "https://cloud.example.com/rating/v1"), ("False", "http://localhost/v1")],
)
def test_links_follow_a_proxy_that_is_trusted_and_no_other(
    settings, database, monkeypatch, trusted, href
):
    monkeypatch.setenv("OS_DEFAULT__AUTH_STRATEGY", "noauth")
    monkeypatch.setenv("OS_OSLO_MIDDLEWARE__ENABLE_PROXY_HEADERS_PARSING", trusted)
    conf = options.load([], default_config_files=[])
    app = make_app(conf, database, settings, plugins.exports(conf), lambda: NOW)
    told = {"Proto": "https", "Host": "cloud.example.com", "Prefix": "/rating"}
    headers = {f"X-Forwarded-{name}": value for name, value in told.items()}
    found = Request.blank("/v1", headers=headers).get_response(app)
    assert found.json["version"]["links"][0]["href"] == href
