"""The schema: bring a database to a revision, tell its revision, compare it with the tables."""

import logging
from collections.abc import Iterator

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import (
    CheckConstraint,
    Connection,
    Constraint,
    Engine,
    PrimaryKeyConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.exc import SQLAlchemyError

from ratings import shipped
from ratings.db.tables import metadata

LOG = logging.getLogger(__name__)

# What Alembic's comparison leaves out, and this ledger rests upon.
_CONSTRAINTS = text(
    "SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
    " WHERE k.contype IN ('c', 'p', 'x') AND k.connamespace = current_schema()::regnamespace"
)


class MigrationError(Exception):
    """The schema cannot be brought to that revision."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run every migration up to `revision`; none, when the database is there already.

    Several processes (not threads: Alembic's context is global) may call this at once: one
    migrates, the others wait for it.
    Each migration is one transaction.  Raises `MigrationError` for an unknown revision and one
    that lies behind, and what the database says when a migration fails.
    """
    config = _config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise MigrationError(str(error)) from error


def version(engine: Engine) -> str | None:
    """The revision of the database, None for one that was never migrated."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine) -> bool:
    """Whether the database can be asked, and has the schema that this code needs."""
    try:
        found = version(engine)
    except SQLAlchemyError:
        return False
    if found != head():
        LOG.warning("the database is at revision %s, this release needs %s", found, head())
    return found == head()


def head() -> str:
    """The newest revision this code knows, which is the one it needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None, "no migrations found"
    return revision


def check(engine: Engine) -> list[str]:
    """How the database differs from `ratings.db.tables`, one line for each difference.

    Compared are the revision, tables, columns, types, defaults, indexes, keys, and the names of
    primary keys, check and exclusion constraints.  Triggers are not.
    """
    here, wanted = version(engine), head()
    differences = [] if here == wanted else [f"database is at {here}, the code needs {wanted}"]
    options = {"compare_server_default": True}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        differences += [str(difference) for difference in compare_metadata(context, metadata)]
        differences += _compare_constraints(connection)
    return differences


def _config() -> Config:
    config = Config()
    # Config interpolates like ConfigParser does.
    config.set_main_option("script_location", str(shipped.migrations()).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _compare_constraints(connection: Connection) -> Iterator[str]:
    found = connection.execute(_CONSTRAINTS)
    have = {(table, name) for table, name in found if table in metadata.tables}
    preparer = connection.dialect.identifier_preparer
    want = {
        (table.name, str(preparer.format_constraint(constraint)).strip('"'))
        for table in metadata.tables.values()
        for constraint in table.constraints
        if _is_ours(constraint)
    }
    for table, name in sorted(want - have):
        yield f"table {table} lacks the constraint {name}"
    for table, name in sorted(have - want):
        yield f"table {table} has an unknown constraint {name}"


def _is_ours(constraint: Constraint) -> bool:
    return isinstance(constraint, CheckConstraint | ExcludeConstraint | PrimaryKeyConstraint)
