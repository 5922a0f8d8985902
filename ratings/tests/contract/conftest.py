"""A service with some history, and Schemathesis beside it."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

ABSENT = "NOT TESTED: the contract; Schemathesis is not installed (extra contract)"


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("contract")
            item.add_marker("slow")


@pytest.fixture(scope="session")
def schemathesis():
    """The command that runs it."""
    if importlib.util.find_spec("schemathesis") is None:
        pytest.fail(ABSENT) if os.environ.get("CI") == "true" else pytest.skip(ABSENT)
    return Path(sys.executable).with_name("st")


@pytest.fixture
def url(schemathesis):
    """Where a `ratings-api` listens that has a PostgreSQL of its own, and a past."""
    with tempfile.TemporaryDirectory(prefix="ratings-") as state_path:
        log = Path(state_path) / "log"
        with log.open("w") as kept:
            process = subprocess.Popen(
                [sys.executable, "-m", "ratings.cmd.api"],
                env=os.environ
                | {
                    "OS_API__PORT": "0",
                    "OS_API__WORKERS": "2",
                    "OS_DEFAULT__AUTH_STRATEGY": "noauth",
                    "OS_DEFAULT__STATE_PATH": state_path,
                },
                stdout=subprocess.PIPE,
                stderr=kept,
                text=True,
            )
        try:
            line = process.stdout.readline()
            assert line.startswith("ratings-api: listening at "), log.read_text()
            found = line.split()[-1]
            live(found)
            yield found
            assert "Traceback" not in log.read_text(), log.read_text()[-4000:]
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


def live(url):
    """Two tenants who use something, one of whom was billed; and an event that is parked."""
    for component in ("vcpu", "volume"):
        post(url, "prices", {"resource_type": component, "unit_price": "0.5"})
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=40)
    for resource_id, tenant_id in (("web-1", "acme"), ("web-2", "initech")):
        flat(url, resource_id, tenant_id, "create", first, {"vcpu": 2, "ram": 2048, "disk": 20})
        flat(url, resource_id, tenant_id, "resize", first + timedelta(days=1), {"vcpu": 4})
        flat(url, resource_id, tenant_id, "exists", today, {"vcpu": 4})
    post(url, "events", {"event_type": "spaceship.launch", "traits": [], "generated": "2026"})
    post(url, "sales_orders", {"tenant_id": "acme", "end": (today - timedelta(30)).isoformat()})


def flat(url, resource_id, tenant_id, action, at, content):
    event = {
        "resource_id": resource_id,
        "resource_type": "instance",
        "event_type": action,
        "event_time": at.isoformat(),
        "region": "RegionOne",
        "tenant_id": tenant_id,
        "content": content,
    }
    post(url, "events", event)


def post(url, noun, body):
    request = urllib.request.Request(
        f"{url}/v1/{noun}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status < 300
