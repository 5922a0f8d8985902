"""The Keystone of the tests is one."""

import requests


def test_a_token_tells_the_project_and_the_roles(keystone):
    token = keystone.token("acme-member", project="acme")
    told = {"X-Auth-Token": token, "X-Subject-Token": token}
    found = requests.get(f"{keystone.url}/auth/tokens", headers=told, timeout=60).json()["token"]
    assert found["project"]["id"] == keystone.ids.acme
    assert {role["name"] for role in found["roles"]} == {"member", "reader"}
