"""The version documents, as every client of OpenStack reads them."""

import pytest
from keystoneauth1.discover import Discover
from keystoneauth1.session import Session


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
