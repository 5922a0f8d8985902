"""``ratings-api``, run as an operator runs it: one command, and nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from ratings.db import migration, postmaster
from ratings.tests.brokers import until
from ratings.tests.functional.conftest import url_text

pytestmark = pytest.mark.slow


@pytest.fixture
def state_path():
    with tempfile.TemporaryDirectory(prefix="ratings-") as path:
        yield Path(path)


@pytest.fixture
def service(state_path):
    """A function that starts the service on a free port; what it prints is in its stdout."""
    started = []

    def start(**variables):
        process = subprocess.Popen(
            [sys.executable, "-m", "ratings.cmd.api"],
            env=os.environ
            | {
                "HOME": str(state_path / "home"),
                "OS_API__PORT": "0",
                "OS_API__WORKERS": "2",
                "OS_DEFAULT__AUTH_STRATEGY": "noauth",
                "OS_DEFAULT__STATE_PATH": str(state_path),
            }
            | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait()
        process.stdout.close()


def url_when_ready(process):
    line = process.stdout.readline()
    assert line.startswith("ratings-api: listening at http://127.0.0.1:"), line
    return line.split()[-1]


def answers(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.status == 200


def server_of(state_path):
    return postmaster.read(state_path / "postgresql" / "data")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_command_gives_a_service_and_stopping_it_leaves_nothing(service, state_path, number):
    # With one worker, an answer says that all have started; gunicorn's signals miss those that
    # have not, and it waits for them.
    process = service(OS_API__WORKERS="1")
    assert answers(url_when_ready(process))
    assert server_of(state_path).ready
    os.killpg(process.pid, number)
    assert process.wait() == 0
    assert process.stdout.read() == ""
    assert server_of(state_path) is None
    assert not (state_path / "home" / ".gunicorn").exists()


def test_a_configured_database_that_was_not_migrated_is_refused(service, empty_database):
    url = empty_database.url.render_as_string(hide_password=False)
    process = service(OS_DATABASE__CONNECTION=url)
    assert process.wait() == 1
    assert process.stdout.read() == (
        "ratings-api: the database is at revision None, this release needs "
        f'{migration.head()}; run "ratings-manage db_sync"\n'
    )
    assert migration.version(empty_database) is None


def test_a_configured_database_that_is_away_does_not_keep_the_service_from_taking_events(
    service, state_path
):
    process = service(OS_DATABASE__CONNECTION="postgresql://127.0.0.1:1/ratings")
    warning = process.stdout.readline()
    assert "events are spooled, for the database cannot be used" in warning
    assert answers(url_when_ready(process) + "/v1/spool")
    assert (state_path / "spool" / "127.0.0.1-1-ratings").is_dir()


def test_a_spool_that_cannot_be_used_is_told_at_start(service, database, state_path):
    (state_path / "file").write_text("")
    process = service(
        OS_DATABASE__CONNECTION=database.url.render_as_string(hide_password=False),
        OS_SPOOL__DIRECTORY=str(state_path / "file" / "spool"),
    )
    assert process.wait() == 1
    assert process.stdout.read().startswith("ratings-api: [Errno")


def test_a_configured_database_is_served_and_no_other_is_started(service, database, state_path):
    url = database.url.render_as_string(hide_password=False)
    assert answers(url_when_ready(service(OS_DATABASE__CONNECTION=url)))
    assert not (state_path / "postgresql").exists()


def test_names_of_the_greatest_length_fit_into_a_url_in_any_script(service, database):
    url = url_when_ready(service(OS_DATABASE__CONNECTION=url_text(database)))
    name = quote("名" * 255)
    assert answers(f"{url}/v1/records?tenant_id={name}&resource_id={name}")


def test_what_a_client_says_of_its_path_and_scheme_counts_for_nothing(service, database):
    url = url_when_ready(service(OS_DATABASE__CONNECTION=url_text(database)))
    forged = {"SCRIPT_NAME": "/behind", "X-Forwarded-Proto": "https"}
    found = httpx.get(f"{url}/v1", headers=forged, timeout=30).json()["version"]
    assert found["links"][0]["href"] == f"{url}/v1"
    assert httpx.get(f"{url}/behind/metrics", headers=forged, timeout=30).status_code == 404


def test_the_wsgi_application_serves_without_a_command_line(database, state_path):
    """As uWSGI would load it; a stray option on its command line is none of ours."""
    code = (
        "import sys; sys.argv.append('--uwsgi-option');"
        " from wsgiref.util import setup_testing_defaults;"
        " from ratings.wsgi import application;"
        " request = {}; setup_testing_defaults(request);"
        " list(application(request, lambda status, headers, *error: print(status)))"
    )
    url = database.url.render_as_string(hide_password=False)
    variables = {
        "OS_DATABASE__CONNECTION": url,
        "OS_DEFAULT__AUTH_STRATEGY": "noauth",
        "OS_DEFAULT__STATE_PATH": str(state_path),
    }
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)
    assert done.stdout == "200 OK\n", done.stderr


def test_systemd_is_told_when_the_service_is_ready_and_when_it_stops(service, database, state_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(state_path / "notify"))
        supervisor.settimeout(60)
        process = service(
            OS_DATABASE__CONNECTION=database.url.render_as_string(hide_password=False),
            OS_API__WORKERS="1",
            NOTIFY_SOCKET=str(state_path / "notify"),
        )
        assert supervisor.recv(1000).startswith(b"READY=1")
        assert answers(url_when_ready(process))
        process.terminate()
        assert supervisor.recv(1000) == b"STOPPING=1"
        assert process.wait() == 0


def metrics_of(url):
    """The samples of ``/metrics``: each name with its labels, and its value."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as response:
        lines = response.read().decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_whichever_worker_is_scraped_tells_of_all(service, database, state_path, number):
    """Also of one that is no more; its connections are gone with it."""
    process = service(
        OS_DATABASE__CONNECTION=database.url.render_as_string(hide_password=False),
        OS_API__WORKERS="3",
        TMPDIR=str(state_path),
    )
    url = url_when_ready(process)
    told = 'ratings_http_requests_total{method="GET",route="/v1/status",status="200"}'
    assert all(answers(f"{url}/v1/status") for _ in range(20))
    assert {metrics_of(url)[told] for _ in range(5)} == {"20.0"}
    assert metrics_of(url)["ratings_database_up"] == "1.0"
    worker = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
    os.kill(int(worker), number)
    until(lambda: not list(state_path.glob(f"ratings-metrics-*/gauge_*_{worker}.db")))
    assert {metrics_of(url)[told] for _ in range(5)} == {"20.0"}
    process.terminate()
    assert process.wait() == 0
    assert not list(state_path.glob("ratings-metrics-*"))
