"""``ratings-manage``, run as an operator runs it."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from ratings.db import migration
from ratings.spool import Entry, Spool
from ratings.tests.ledgers import rows

NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def manage(tmp_path):
    """A function that runs the command with some variables, outside of any configuration."""

    def run(*arguments, **variables):
        return subprocess.run(
            [sys.executable, "-m", "ratings.cmd.manage", *arguments],
            env=os.environ | {"HOME": str(tmp_path)} | variables,
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture
def variables(empty_database):
    url = empty_database.url.render_as_string(hide_password=False)
    return {"OS_DATABASE__CONNECTION": url}


def test_db_sync_can_be_run_again_and_again(manage, variables):
    first = manage("db_sync", **variables)
    assert first.stdout == f"The database went from revision None to {migration.head()}.\n"
    second = manage("db_sync", **variables)
    assert second.stdout == f"The database was at revision {migration.head()} already.\n"
    assert (first.returncode, second.returncode) == (0, 0)


def test_db_version_and_db_check_tell_where_the_database_is(manage, variables):
    assert manage("db_version", **variables).stdout == "None\n"
    missing = manage("db_check", **variables)
    assert missing.returncode == 1
    assert missing.stdout.startswith("database is at None")
    manage("db_sync", "--revision", migration.head(), **variables)
    assert manage("db_version", **variables).stdout == f"{migration.head()}\n"
    assert manage("db_check", **variables).returncode == 0


def test_the_database_can_be_named_in_a_file(manage, variables, tmp_path):
    file = tmp_path / "ratings.conf"
    file.write_text(f"[database]\nconnection = {variables['OS_DATABASE__CONNECTION']}\n")
    assert manage("--config-file", str(file), "db_version").stdout == "None\n"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://localhost/ratings", "mysql is not supported"),
        ("postgresql://127.0.0.1:1/ratings", "the database says: connection failed"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line_and_no_traceback(manage, url, says):
    failed = manage("db_sync", OS_DATABASE__CONNECTION=url)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"ratings-manage: {says}")
    assert "Traceback" not in failed.stderr


def test_an_unknown_command_shows_the_usage(manage):
    failed = manage("db_sink")
    assert failed.returncode == 2
    assert "usage: ratings-manage" in failed.stderr


def test_the_contract_is_printed_without_a_database(manage):
    printed = manage("openapi", "--url", "https://rating.example.org/")
    found = json.loads(printed.stdout)
    assert found["servers"][0]["url"] == "https://rating.example.org"
    # Nobody has said that everybody may do everything.
    assert found["paths"]["/v1/prices"]["post"]["security"] == [{"token": []}]
    assert "/v1/openapi.json" in found["paths"]


def test_a_spool_is_shown_and_drained_by_hand(manage, database, tmp_path):
    directory = tmp_path / "of-a-dead-host"
    spool = Spool(directory, max_bytes=10**6, alarm_percent=50, clock=lambda: NOW)
    body = b'{"message_id": "m-1", "event_type": "unheard.of", "generated": "2026-01-01T00:00:00"}'
    spool.append(Entry("events", "RegionOne", NOW, body))
    spool.seal()
    url = database.url.render_as_string(hide_password=False)
    variables = {"OS_DATABASE__CONNECTION": url, "OS_DEFAULT__STATE_PATH": str(tmp_path)}

    shown = manage("spool", "show", "--directory", str(directory), **variables)
    assert f"{directory}: 1 entries, " in shown.stdout
    assert "The oldest waits since 2026-02-01T00:00:00Z." in shown.stdout
    drained = manage("spool", "drain", "--directory", str(directory), **variables)
    assert (drained.stdout, drained.returncode) == ("Drained 1 entries, 0 are left.\n", 0)
    assert len(rows(database, "SELECT id FROM parked_events")) == 1

    assert ": 0 entries, 0 of " in manage("spool", "show", **variables).stdout
    slip = manage("spool", "drain", "--directory", str(tmp_path / "slip"), **variables)
    assert (slip.returncode, slip.stderr.count("is no directory")) == (1, 1)
