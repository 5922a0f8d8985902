"""``ratings-status upgrade check``: whether this release may be started, before it is.

Nothing is changed: no schema, no directory. The exit code is that of the worst check, by the
convention of oslo.upgradecheck: 0 well, 1 a warning, 2 a failure, 255 something unexpected.
"""

import os
import sys
from collections.abc import Callable, Sequence

from oslo_config import cfg
from oslo_upgradecheck.common_checks import check_policy_json
from oslo_upgradecheck.upgradecheck import Code, Result, UpgradeCommands
from oslo_upgradecheck.upgradecheck import main as run
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from ratings import conf as options
from ratings import plugins
from ratings.cmd import spool
from ratings.core.errors import DefinitionError
from ratings.db import components, migration
from ratings.db.engine import UnsupportedDatabase, create_engine

PROG = "ratings-status"
UNEXPECTED = 255

OLDEST, NEWEST = 15, 18
"""Major versions of PostgreSQL that this release is tested with."""

EMBEDDED = "The embedded PostgreSQL, which ratings-api looks after when it starts."


class Checks(UpgradeCommands):
    """The checks, in the order in which they are shown."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf

    def configuration(self) -> Result:
        """Values are what their options allow."""
        try:
            options.check_values(self._conf)
        except (cfg.Error, ValueError) as error:
            return Result(Code.FAILURE, str(error))
        return Result(Code.SUCCESS)

    def schema(self) -> Result:
        """The database can be asked, and is at the revision that this release needs."""
        return self._asked(_schema)

    def server(self) -> Result:
        """The server is one that this release is tested with, and has the extension it needs."""
        return self._asked(_server)

    def definitions(self) -> Result:
        """Definitions and meter mappings can be read, and mean what they meant to the ledger."""
        try:
            units = plugins.settings(self._conf).definitions.units()
        except (DefinitionError, OSError) as error:
            return Result(Code.FAILURE, str(error))
        return self._asked(lambda engine: _meaning(engine, units))

    def spool(self) -> Result:
        """Requests can wait on this host while the database is down."""
        if not self._conf.spool.max_bytes:
            return Result(Code.WARNING, "There is no spool: [spool] max_bytes is 0.")
        try:
            wanted = spool.place(self._conf)
        except UnsupportedDatabase as error:
            return Result(Code.FAILURE, str(error))
        there = next(path for path in (wanted, *wanted.absolute().parents) if path.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            return Result(Code.FAILURE, f"{there} cannot be written by this user.")
        return Result(Code.SUCCESS)

    def policy(self) -> Result:
        """A policy file is no JSON, which oslo.policy has ceased to read."""
        return check_policy_json(self, self._conf)

    def _asked(self, check: Callable[[Engine], Result]) -> Result:
        url = self._conf.database.connection
        if not url:
            return Result(Code.SUCCESS, EMBEDDED)
        try:
            engine = create_engine(url)
        except UnsupportedDatabase as error:
            return Result(Code.FAILURE, str(error))
        try:
            return check(engine)
        except DBAPIError as error:
            # SQLAlchemy's own text repeats the statement with all its parameters.
            reason = str(error.orig).partition("\n")[0]
            return Result(Code.FAILURE, f"The database says: {reason}")
        finally:
            engine.dispose()

    _upgrade_checks = (
        ("Configuration", configuration),
        ("Database schema", schema),
        ("PostgreSQL", server),
        ("Definitions", definitions),
        ("Spool", spool),
        ("Policy File JSON to YAML Migration", policy),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The console script; returns the exit code."""
    conf = options.unread()
    try:
        arguments = list(sys.argv[1:] if argv is None else argv)
        return run(conf, "ratings", Checks(conf), arguments)
    except cfg.Error as error:
        print(f"{PROG}: {error}", file=sys.stderr)
        return UNEXPECTED


def _schema(engine: Engine) -> Result:
    here, wanted = migration.version(engine), migration.head()
    if here == wanted:
        return Result(Code.SUCCESS)
    return Result(
        Code.FAILURE,
        f"The database is at revision {here}, this release needs {wanted}; "
        'run "ratings-manage db_sync" of this release.',
    )


def _server(engine: Engine) -> Result:
    with engine.connect() as conn:
        number = int(conn.exec_driver_sql("SHOW server_version_num").scalar_one())
        gist = conn.exec_driver_sql(
            "SELECT count(*) FROM pg_available_extensions WHERE name = 'btree_gist'"
        ).scalar_one()
    major = number // 10_000
    tested = f"This is PostgreSQL {major}; ratings is tested with {OLDEST} to {NEWEST}."
    if major < OLDEST:
        return Result(Code.FAILURE, tested)
    if not gist:
        return Result(Code.FAILURE, "The extension btree_gist is not installed on the server.")
    return Result(Code.SUCCESS if major <= NEWEST else Code.WARNING, tested)


def _meaning(engine: Engine, units: dict[str, str]) -> Result:
    with engine.connect() as conn:
        if migration.version(engine) is None:
            return Result(Code.SUCCESS)
        known = components.units(conn)
    changed = sorted(name for name in known if units.get(name, known[name]) != known[name])
    if changed:
        return Result(
            Code.FAILURE,
            f"{', '.join(changed)}: the definitions count in another unit than the ledger; "
            "give the new component another name.",
        )
    if gone := sorted(known.keys() - units.keys()):
        return Result(
            Code.WARNING,
            f"{', '.join(gone)}: in the ledger, but no longer in the definitions; "
            'see what "ratings-manage settle --dry-run" would change.',
        )
    return Result(Code.SUCCESS)


if __name__ == "__main__":
    sys.exit(main())
