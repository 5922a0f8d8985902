"""When events cannot be kept anywhere there is no answer: Ceilometer sends again what got none."""

import http.client
import json
import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

EVENT = {
    "message_id": "5f0f1d62-1c3d-4a53-8e0a-000000000001",
    "event_type": "compute.instance.create.end",
    "generated": "2026-01-10T00:00:00",
    "traits": [["resource_id", 1, "web-1"], ["tenant_id", 1, "acme"], ["state", 1, "active"]],
}


@pytest.fixture
def service(database):
    """The address of ``ratings-api`` on `database`, without a spool."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ratings.cmd.api"],
        env=os.environ
        | {
            "OS_API__PORT": "0",
            "OS_API__WORKERS": "1",
            "OS_DEFAULT__AUTH_STRATEGY": "noauth",
            "OS_SPOOL__MAX_BYTES": "0",
            "OS_DATABASE__CONNECTION": database.url.render_as_string(hide_password=False),
        },
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    line = process.stdout.readline()
    assert "listening at http://" in line, line
    yield urlsplit(line.split()[-1])
    os.killpg(process.pid, signal.SIGTERM)
    process.wait()
    process.stdout.close()


def ask(service, method, path, body=None):
    connection = http.client.HTTPConnection(service.hostname, service.port, timeout=60)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or "{}")
    finally:
        connection.close()


def lose(database, administrator):
    """What a cloud's operator calls an outage."""
    database.dispose()
    with administrator.connect() as connection:
        connection.execute(text(f"DROP DATABASE {database.url.database} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {database.url.database}"))
        connection.execute(text(f"ALTER DATABASE {database.url.database} ALLOW_CONNECTIONS false"))


@pytest.mark.slow
def test_events_get_no_answer_while_the_database_is_gone(service, database, administrator):
    status, answer = ask(service, "POST", "/v1/events", [EVENT])
    assert (status, answer["rated"]) == (202, 1)

    lose(database, administrator)
    with pytest.raises(http.client.RemoteDisconnected):
        ask(service, "POST", "/v1/events", [EVENT | {"message_id": "another"}])

    status, answer = ask(service, "GET", "/v1/resources")
    assert (status, answer["errors"][0]["code"]) == (503, "database_unavailable")
    assert ask(service, "GET", "/healthcheck")[0] == 200


def test_a_server_that_cannot_close_a_connection_says_that_it_must_be_sent_again(
    client, database, administrator
):
    lose(database, administrator)
    answer = client.post("/v1/events", json=[EVENT])
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["code"] == "database_unavailable"
