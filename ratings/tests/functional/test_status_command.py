"""``ratings-status upgrade check``: what it finds, and the codes of the convention."""

import json

import pytest
from sqlalchemy import text

from ratings.cmd.status import main
from ratings.db import migration
from ratings.tests.functional.conftest import url_text


@pytest.fixture(autouse=True)
def host(tmp_path, monkeypatch):
    """An operator's host: no configuration but the environment's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OS_DEFAULT__STATE_PATH", str(tmp_path / "state"))


@pytest.fixture
def configured(database, monkeypatch):
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url_text(database))
    return database


def checked(capsys, *arguments):
    """The exit code, and result and details by check."""
    code = main([*arguments, "upgrade", "check", "--json"])
    checks = json.loads(capsys.readouterr().out)["checks"]
    return code, {one["check"]: (one["result"], one["details"]) for one in checks}


def test_where_all_is_well_every_check_succeeds(configured, capsys, tmp_path):
    code, found = checked(capsys)
    assert code == 0
    assert {result for result, _ in found.values()} == {0}
    # Looking at it has made nothing, least of all a spool that belongs to root.
    assert not (tmp_path / "state").exists()


def test_an_embedded_database_is_left_alone(capsys, tmp_path):
    code, found = checked(capsys)
    assert code == 0
    assert "embedded" in found["Database schema"][1]
    assert not (tmp_path / "state").exists()


def test_a_database_of_another_revision_is_a_failure(empty_database, monkeypatch, capsys):
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url_text(empty_database))
    code, found = checked(capsys)
    assert code == 2
    assert found["Database schema"][0] == 2
    assert 'run "ratings-manage db_sync"' in found["Database schema"][1]
    assert found["Definitions"] == (0, None)
    assert migration.version(empty_database) is None


def test_a_database_that_is_away_is_a_failure_without_its_password(monkeypatch, capsys):
    url = "postgresql://ratings:s3cret@127.0.0.1:1/ratings"
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)
    assert main(["upgrade", "check"]) == 2
    shown = capsys.readouterr()
    assert "Connection refused" in shown.out.replace("\n", " ")
    assert "s3cret" not in shown.out + shown.err


def test_a_component_that_the_definitions_have_forgotten_is_a_warning(configured, capsys):
    with configured.begin() as conn:
        conn.execute(text("INSERT INTO components (name, unit) VALUES ('fax', 'page')"))
    code, found = checked(capsys)
    assert code == 1
    assert found["Definitions"][1].startswith("fax: in the ledger, but no longer")


def test_a_component_that_is_counted_in_another_unit_is_a_failure(configured, capsys):
    with configured.begin() as conn:
        conn.execute(text("INSERT INTO components (name, unit) VALUES ('volume', 'furlong')"))
    code, found = checked(capsys)
    assert code == 2
    assert found["Definitions"][1].startswith("volume: the definitions count in another unit")


def test_definitions_that_cannot_be_read_are_a_failure(configured, capsys, monkeypatch, tmp_path):
    (tmp_path / "definitions.yaml").write_text("resource_types: 7")
    monkeypatch.setenv("OS_RATING__DEFINITIONS", str(tmp_path / "definitions.yaml"))
    code, found = checked(capsys)
    assert (code, found["Definitions"][0]) == (2, 2)


def test_a_spool_that_cannot_be_made_is_a_failure(configured, capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OS_SPOOL__DIRECTORY", str(tmp_path / "file" / "spool"))
    code, found = checked(capsys)
    assert (code, found["Spool"][0]) == (2, 2)


def test_to_have_no_spool_is_a_warning(configured, capsys, monkeypatch):
    monkeypatch.setenv("OS_SPOOL__MAX_BYTES", "0")
    code, found = checked(capsys)
    assert (code, found["Spool"][0]) == (1, 1)


def test_a_policy_file_in_json_is_a_failure(configured, capsys, tmp_path):
    (tmp_path / "policy.json").write_text('{"admin": "role:admin"}')
    (tmp_path / "ratings.conf").write_text("[oslo_policy]\npolicy_file = policy.json\n")
    code, found = checked(capsys, "--config-dir", str(tmp_path))
    assert (code, found["Policy File JSON to YAML Migration"][0]) == (2, 2)


def test_a_wrong_value_is_a_failure(configured, capsys, monkeypatch):
    monkeypatch.setenv("OS_API__PORT", "http")
    code, found = checked(capsys)
    assert (code, found["Configuration"][0]) == (2, 2)


def test_a_file_that_is_not_there_is_nothing_the_convention_knows(capsys):
    assert main(["--config-file", "/nowhere/ratings.conf", "upgrade", "check"]) == 255
    assert "/nowhere/ratings.conf" in capsys.readouterr().err
