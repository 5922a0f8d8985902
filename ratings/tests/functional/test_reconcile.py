"""``ratings-manage reconcile``, with a file, and with a cloud that openstacksdk talks to."""

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from wsgiref.simple_server import WSGIRequestHandler, make_server

import openstack
import pytest
import yaml

from ratings.cmd import clouds
from ratings.cmd.clouds import CloudUnusable, listed
from ratings.readers.inventories import Given, parse
from ratings.tests.journals import DEFINITIONS, journal, price
from ratings.tests.ledgers import add_prices, ledger, rate

LIST = """
taken_at: 2026-01-02T00:00:00Z
region: RegionOne
resource_types: [volume]
resources:
  - {resource_type: volume, resource_id: grown, tenant_id: acme, size: 30}
"""

#: What Nova and Cinder answer, as their API references show it (2.96 and 3.70), shortened.
SERVER = {
    "id": "i1",
    "name": "web",
    "status": "SHUTOFF",
    "tenant_id": "acme",
    "created": "2026-01-01T00:00:00Z",
    "OS-EXT-STS:vm_state": "stopped",
    "flavor": {
        "vcpus": 2,
        "ram": 2048,
        "disk": 20,
        "ephemeral": 5,
        "swap": 0,
        "original_name": "m1.small",
        "extra_specs": {},
    },
}
ANSWERS = {
    "/compute/servers/detail": {
        "servers": [SERVER, SERVER | {"id": "i2", "OS-EXT-STS:vm_state": "building"}]
    },
    "/volume/types": {"volume_types": [{"id": "type-1", "name": "ssd"}]},
    "/volume/volumes/detail": {
        "volumes": [
            {
                "id": "v1",
                "name": "",
                "size": 30,
                "status": "in-use",
                "volume_type": "ssd",
                "created_at": "2026-01-01T00:00:00.000000",
                "os-vol-tenant-attr:tenant_id": "acme",
            }
        ]
    },
    "/volume/snapshots/detail": {
        "snapshots": [
            {
                "id": "s1",
                "name": "backup",
                "size": 30,
                "status": "available",
                "created_at": "2026-01-01T00:00:00.000000",
                "os-extended-snapshot-attributes:project_id": "acme",
            }
        ]
    },
}


class Quiet(WSGIRequestHandler):
    def log_message(self, format, *args):
        """Say nothing."""


@pytest.fixture
def services():
    """Nova and Cinder as far as they are asked; the requests are kept."""
    asked = []

    def serve(environ, start_response):
        path = environ["PATH_INFO"]
        asked.append((environ["REQUEST_METHOD"], path, environ["QUERY_STRING"]))
        name = path.strip("/").split("/")[0]
        version = {"id": "v3.0" if name == "volume" else "v2.1", "status": "CURRENT"}
        version |= {"version": "3.70" if name == "volume" else "2.96", "min_version": "2.1"}
        link = f"http://{environ['HTTP_HOST']}/{name}/"
        version["links"] = [{"rel": "self", "href": link}]
        answer = ANSWERS.get(path.rstrip("/"), {"versions": [version]})
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    with make_server("127.0.0.1", 0, serve, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


@pytest.fixture
def connect(services):
    url, _ = services

    def to(cloud):
        assert cloud == "mine"
        return openstack.connection.Connection(
            auth_type="none",
            auth={"endpoint": url},
            region_name="RegionOne",
            compute_endpoint_override=f"{url}/compute",
            block_storage_endpoint_override=f"{url}/volume",
            volume_endpoint_override=f"{url}/volume",
        )

    return to


AT = datetime(2026, 1, 2, tzinfo=UTC)


def inventory(service, connect):
    return parse(listed("mine", service, AT, connect), DEFINITIONS, Given("a cloud"))


def test_nova_lists_instances_as_its_notifications_would(services, connect):
    found = inventory("nova", connect)
    assert (found.taken_at, found.types) == (AT, {"instance"})
    (one,) = found.listed.values()
    assert one.key == ("RegionOne", "instance", "i1")
    assert one.tenant_id == "acme"
    assert one.facts == {
        "name": "web",
        "status": "shutoff",
        "vcpu": 2,
        "ram": 2048,
        "disk": 25,
        "flavor": "m1.small",
    }
    assert one.created_at == AT - timedelta(days=1)


def test_cinder_lists_volumes_and_snapshots_with_the_ids_of_types(services, connect):
    found = inventory("cinder", connect)
    assert found.types == {"volume", "volume_snapshot"}
    volume = found.listed["RegionOne", "volume", "v1"]
    assert volume.facts == {"status": "in-use", "size": 30, "volume_type": "type-1"}
    assert found.listed["RegionOne", "volume_snapshot", "s1"].tenant_id == "acme"


@pytest.mark.parametrize("service", sorted(clouds.SERVICES))
def test_a_cloud_is_only_read_and_of_all_projects(services, connect, service):
    inventory(service, connect)
    _, asked = services
    assert {method for method, _, _ in asked} == {"GET"}
    details = [query for _, path, query in asked if path.endswith("/detail")]
    assert details
    assert all("all_tenants=" in query or "all_projects=" in query for query in details)


def test_a_cloud_that_gives_no_list_is_one_sentence():
    def refused(cloud):
        raise ConnectionError("nobody listens")

    with pytest.raises(CloudUnusable, match="mine: ConnectionError: nobody listens"):
        listed("mine", "nova", AT, refused)


def test_a_nova_that_does_not_tell_sizes_is_refused(services, connect, monkeypatch):
    old = SERVER | {"flavor": {"id": "1"}}
    monkeypatch.setitem(ANSWERS, "/compute/servers/detail", {"servers": [old]})
    with pytest.raises(CloudUnusable, match=r"2\.47"):
        inventory("nova", connect)


@pytest.fixture
def manage(database, tmp_path):
    add_prices(database, [price("volume", "0.5")])
    events = "00:00 create size=10 at=grown id=a\n00:00 create size=10 at=gone id=b"
    rate(database, journal(events, "volume"))
    (tmp_path / "list.yaml").write_text(LIST)
    url = database.url.render_as_string(hide_password=False)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "ratings.cmd.manage", "reconcile", *arguments],
            env=os.environ | {"HOME": str(tmp_path), "OS_DATABASE__CONNECTION": url},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    return run


def test_the_command_shows_what_differs_and_writes_what_is_approved(manage, database):
    shown = manage("--list", "list.yaml")
    assert (shown.returncode, shown.stderr) == (1, "")
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert lines[1][:3] == ["resize_missing", "volume", "grown"]
    assert lines[1][6:8] == ["240", "USD"]
    assert lines[2][:3] == ["unknown_to_cloud", "volume", "gone"]
    assert lines[2][6:8] == ["120", "USD"]
    assert shown.stdout.endswith(
        "2 discrepancies; the page on reconciliation explains each code.\n"
    )
    some = manage("--list", "list.yaml", "--code", "unknown_to_cloud", "--approve", "--by", "eve")
    assert some.returncode == 0
    assert some.stdout.endswith("Approved 1 resources: 1 rated.\n")
    assert manage("--list", "list.yaml", "--approve", "--by", "eve").returncode == 0
    before = ledger(database)
    again = manage("--list", "list.yaml", "--approve", "--by", "eve")
    assert (again.returncode, again.stdout) == (0, "No discrepancies.\n")
    assert ledger(database) == before


def test_without_a_list_the_command_shows_the_journal(manage, database):
    assert manage().stdout == "No discrepancies.\n"
    rate(database, journal("01:00 exists size=20 at=grown id=c", "volume"))
    shown = manage("--code", "resize_missing", "--id", "grown", "--tenant", "acme")
    assert shown.returncode == 1
    assert "size is 20, not 10" in shown.stdout
    assert manage("--code", "create_missing").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--approve", "--by", "eve"], "needs a list"),
        (["--list", "list.yaml", "--approve"], "who approves"),
        (["--cloud", "mine"], "belong together"),
        (["--cloud", "mine", "--list", "x", "--service", "nova"], "not both"),
        (["--save", "x"], "--save keeps"),
        (["--list", "list.yaml", "--instant", "2026-01-01"], "part of an approval"),
        (["--list", "nowhere.yaml"], "nowhere.yaml"),
        (["--cloud", "nowhere", "--service", "nova"], "nowhere"),
        (["--list", "broken.yaml"], "the list:"),
    ],
)
def test_what_does_not_belong_together_is_refused_in_one_line(manage, tmp_path, arguments, says):
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump({"resources": [{"size": "1"}]}))
    refused = manage(*arguments)
    assert refused.returncode == 1
    assert says in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert refused.stdout == ""


def test_a_list_that_is_too_young_is_shown_and_not_written(manage, tmp_path):
    young = LIST.replace("2026-01-02T00:00:00Z", datetime.now(UTC).isoformat())
    (tmp_path / "young.yaml").write_text(young)
    refused = manage("--list", "young.yaml", "--approve", "--by", "eve")
    assert refused.returncode == 1
    assert "younger than" in refused.stderr
