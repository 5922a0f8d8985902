"""A real Keystone for the tests of this folder: two tenants, and a user for every persona."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from ratings.tests.keystones import Keystone, programs

#: Users of both tenants, with their role; and one of each that concerns no tenant.
PERSONAS = ("admin", "manager", "member", "reader")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.keystone)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def keystone(tmp_path_factory):
    """The server; `ids` are of its projects by name."""
    if programs() is None:
        what = "NOT TESTED: authentication; there is no Keystone (extra keystone)"
        pytest.fail(what) if os.environ.get("CI") == "true" else pytest.skip(what)
    found = Keystone(tmp_path_factory.mktemp("keystone"))
    found.start()
    try:
        found.ids = SimpleNamespace(
            service=found.project("service"),
            acme=found.project("acme"),
            globex=found.project("globex"),
        )
        for role in PERSONAS:
            for name in ("acme", "globex"):
                found.user(f"{name}-{role}", **{getattr(found.ids, name): [role]})
        found.user("ratings", **{found.ids.service: ["service"]})
        found.user("ceilometer", **{found.ids.service: ["service"]})
        found.user("nobody", **{found.ids.acme: []})
        found.grant(f"/system/users/{found.user('operator')}", "admin")
        found.grant(f"/domains/default/users/{found.user('registrar')}", "admin")
        yield found
    finally:
        found.stop()
