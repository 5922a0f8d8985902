"""The migrated database and ratings.db.tables say the same."""

import subprocess
import sys

import pytest
from sqlalchemy import inspect, text

from ratings.db import migration
from ratings.db.tables import metadata


def test_migrations_make_what_the_tables_module_says(database):
    assert migration.check(database) == []


def test_a_migrated_database_is_at_the_newest_revision(database):
    assert migration.version(database) == migration.head()


def test_a_new_database_has_no_revision_and_everything_is_missing(empty_database):
    assert migration.version(empty_database) is None
    differences = migration.check(empty_database)
    assert differences[0] == f"database is at None, the code needs {migration.head()}"
    assert len(differences) > len(metadata.tables)


def test_upgrading_twice_changes_nothing(empty_database):
    migration.upgrade(empty_database)
    migration.upgrade(empty_database)
    assert migration.check(empty_database) == []


def test_a_revision_can_be_named(empty_database):
    migration.upgrade(empty_database, "0001")
    assert migration.version(empty_database) == "0001"


def test_an_unknown_revision_is_refused(empty_database):
    with pytest.raises(migration.MigrationError, match="'9999'"):
        migration.upgrade(empty_database, "9999")
    assert migration.version(empty_database) is None


def test_four_upgrades_at_once_are_one_upgrade(empty_database):
    url = empty_database.url.render_as_string(hide_password=False)
    code = (
        "import sys; from ratings.db import engine, migration;"
        " migration.upgrade(engine.create_engine(sys.argv[1]))"
    )
    commands = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(4)]
    assert [command.wait() for command in commands] == [0, 0, 0, 0]
    assert migration.check(empty_database) == []


def test_upgrading_leaves_the_locks_and_timeouts_of_the_connection_as_they_were(database):
    migration.upgrade(database)
    with database.connect() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "30s"
        assert not connection.scalar(
            text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        )


@pytest.mark.parametrize("kind", ["c", "x"])
def test_a_constraint_that_somebody_dropped_is_noticed(database, kind):
    with database.begin() as connection:
        table, name = connection.execute(
            text(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint"
                " WHERE contype = :kind AND connamespace = 'public'::regnamespace"
                " ORDER BY conname LIMIT 1"
            ),
            {"kind": kind},
        ).one()
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    assert migration.check(database) == [f"table {table} lacks the constraint {name}"]


def test_a_column_that_somebody_added_is_noticed(database):
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE resources ADD COLUMN favourite text"))
    (difference,) = migration.check(database)
    assert "favourite" in difference


def test_every_constraint_and_index_has_a_name_of_ours(database):
    """A name that the database made up cannot be dropped by a later migration."""
    found = inspect(database)
    for table in found.get_table_names():
        for constraint in found.get_check_constraints(table) + found.get_unique_constraints(table):
            assert constraint["name"].split("_")[0] in ("ck", "uq"), constraint
