"""``ratings-manage bootstrap-catalog`` with a real Keystone."""

import os
import subprocess
import sys

import pytest
from keystoneauth1.exceptions import ConnectFailure, EndpointNotFound
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session

from ratings.client import Client
from ratings.tests.keystones import REGION, Keystone

PUBLIC, INTERNAL = "https://rating.example", "http://10.0.0.5:9999"


@pytest.fixture
def environment(keystone):
    """As an administrator's shell has it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    return kept | {
        "OS_AUTH_URL": keystone.url,
        "OS_USERNAME": Keystone.admin,
        "OS_PASSWORD": "admin",
        "OS_PROJECT_NAME": "admin",
        "OS_USER_DOMAIN_ID": "default",
        "OS_PROJECT_DOMAIN_ID": "default",
        "OS_REGION_NAME": REGION,
    }


@pytest.fixture
def bootstrap(environment, tmp_path):
    """A function that runs the command and gives its exit code, and what it says."""

    def run(*arguments, variables=(), **options):
        done = subprocess.run(
            [sys.executable, "-m", "ratings.cmd.manage", "bootstrap-catalog", *arguments],
            env={**environment, "HOME": str(tmp_path), **dict(variables)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            **options,
        )
        return done.returncode, (done.stdout + done.stderr).splitlines()

    return run


@pytest.fixture
def clean(keystone):
    """Afterwards nothing of it is in the catalog."""
    yield
    for service in services(keystone):
        keystone.ask("DELETE", f"/services/{service['id']}")


def services(keystone):
    return keystone.ask("GET", "/services?type=rating").json()["services"]


def urls(keystone, name="ratings"):
    """The endpoints of a service: interface and region -> URL."""
    (service,) = (each for each in services(keystone) if each["name"] == name)
    listed = keystone.ask("GET", f"/endpoints?service_id={service['id']}").json()["endpoints"]
    return {(each["interface"], each["region_id"]): each["url"] for each in listed}


BOTH = ("--public-url", PUBLIC, "--internal-url", INTERNAL)


def test_the_service_is_registered_once_and_follows_its_url(bootstrap, keystone, clean):
    assert bootstrap(*BOTH) == (
        0,
        [
            "Service ratings of the type rating created.",
            f"Endpoint public of RegionOne created: {PUBLIC}",
            f"Endpoint internal of RegionOne created: {INTERNAL}",
        ],
    )
    assert bootstrap(*BOTH) == (0, ["Keystone knows all of it already."])
    assert bootstrap("--internal-url", "http://10.0.0.6:9999") == (
        0,
        [f"Endpoint internal of RegionOne changed from {INTERNAL} to http://10.0.0.6:9999"],
    )
    assert urls(keystone) == {
        ("public", REGION): PUBLIC,
        ("internal", REGION): "http://10.0.0.6:9999",
    }


def test_each_region_has_endpoints_of_its_own(bootstrap, keystone, clean):
    bootstrap(*BOTH)
    assert bootstrap("--region", "RegionTwo", "--admin-url", "http://10.1.0.5:9999") == (
        0,
        [
            "Region RegionTwo created.",
            "Endpoint admin of RegionTwo created: http://10.1.0.5:9999",
        ],
    )
    assert urls(keystone) == {
        ("public", REGION): PUBLIC,
        ("internal", REGION): INTERNAL,
        ("admin", "RegionTwo"): "http://10.1.0.5:9999",
    }


def test_the_service_user_can_log_in_with_its_role(bootstrap, keystone, tmp_path):
    (tmp_path / "password").write_text("a secret\n")
    given = ("--service-user", "rater", "--service-project", "machines")
    assert bootstrap(*given) == (
        1,
        ["ratings-manage: the user rater is to be created: give it a password"],
    )
    assert bootstrap(*given, "--service-password-file", "password") == (
        0,
        [
            "Project machines created.",
            "User rater created.",
            "User rater has the role service on the project machines.",
        ],
    )
    auth = Password(
        auth_url=keystone.url,
        username="rater",
        password="a secret",
        project_name="machines",
        user_domain_id="default",
        project_domain_id="default",
    )
    assert auth.get_access(Session()).role_names == ["service"]
    for other in ((), ("--service-password", "another")):
        assert bootstrap(*given, *other) == (0, ["Keystone knows all of it already."])
    auth.invalidate()
    assert auth.get_access(Session()).role_names == ["service"]


def test_the_password_may_come_from_a_variable_or_a_pipe(bootstrap, keystone):
    variables = {"RATINGS_SERVICE_PASSWORD": "from a variable"}
    assert bootstrap("--service-user", "one", variables=variables)[0] == 0
    piped = ("--service-user", "two", "--service-password-file", "-")
    assert bootstrap(*piped, input="from a pipe\n")[0] == 0
    assert keystone.token("one", "from a variable", project="service")
    assert keystone.token("two", "from a pipe", project="service")


def test_the_client_finds_it_in_the_catalog(bootstrap, keystone, clean):
    bootstrap("--public-url", "http://127.0.0.1:1", "--internal-url", "http://127.0.0.1:2/v1")
    auth = Password(
        auth_url=keystone.url,
        username="acme-reader",
        password="acme-reader",
        project_name="acme",
        user_domain_id="default",
        project_domain_id="default",
    )
    for interface, port in ((None, 1), ("internal", 2)):
        client = Client(Session(auth=auth), region_name=REGION, interface=interface)
        # Nobody answers there.
        with pytest.raises(ConnectFailure, match=f"http://127.0.0.1:{port}/v1/status"):
            client.status.get()
    with pytest.raises(EndpointNotFound):
        Client(Session(auth=auth), region_name="RegionTwo").status.get()


def test_another_rating_service_is_left_alone(bootstrap, keystone, clean):
    keystone.service("rating", "http://cloudkitty.example")
    code, (said,) = bootstrap(*BOTH)
    assert code == 1
    assert "the service of the type rating is rating, not ratings" in said
    assert set(urls(keystone, "rating").values()) == {"http://cloudkitty.example"}
    assert len(services(keystone)) == 1
    assert bootstrap("--service-name", "rating", *BOTH)[0] == 0
    assert urls(keystone, "rating")["public", REGION] == PUBLIC


def test_what_is_not_clear_changes_nothing(bootstrap, keystone, clean):
    bootstrap("--public-url", PUBLIC)
    (service,) = services(keystone)
    twin = {
        "interface": "public",
        "region_id": REGION,
        "service_id": service["id"],
        "url": INTERNAL,
    }
    keystone.ask("POST", "/endpoints", json={"endpoint": twin})
    code, (said,) = bootstrap("--internal-url", INTERNAL, "--public-url", "http://new.example")
    assert code == 1
    assert "RegionOne has several public endpoints: " in said
    assert ("internal", REGION) not in urls(keystone)


@pytest.mark.parametrize(
    ("arguments", "variables", "reason"),
    [
        ((), {}, "name the URL of an endpoint, or --service-user"),
        (BOTH, {"OS_REGION_NAME": ""}, "the cloud has no region: name one with --region"),
        (BOTH, {"OS_PASSWORD": "wrong"}, "Unauthorized"),
        (BOTH, {"OS_USERNAME": "acme-reader", "OS_PASSWORD": "acme-reader"}, "Unauthorized"),
        (("--cloud", "nowhere", *BOTH), {}, "nowhere was not found"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(bootstrap, keystone, arguments, variables, reason):
    code, (said,) = bootstrap(*arguments, variables=variables)
    assert code == 1
    assert said.startswith("ratings-manage: ")
    assert reason in said
    assert services(keystone) == []
