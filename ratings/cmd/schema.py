"""``ratings-manage db_sync``, ``db_version`` and ``db_check``."""

import argparse

from oslo_config.cfg import ConfigOpts

from ratings.cmd.database import connected
from ratings.db import migration


def db_sync_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--revision", default="head", help="migrate up to this revision only")


def db_sync(conf: ConfigOpts) -> int:
    """Bring the database to the newest revision, or to a given one."""
    with connected(conf) as engine:
        before = migration.version(engine)
        migration.upgrade(engine, conf.command.revision)
        after = migration.version(engine)
    if before == after:
        print(f"The database was at revision {after} already.")
    else:
        print(f"The database went from revision {before} to {after}.")
    return 0


def db_version(conf: ConfigOpts) -> int:
    """Print the revision of the database; None when it was never migrated."""
    with connected(conf) as engine:
        print(migration.version(engine))
    return 0


def db_check(conf: ConfigOpts) -> int:
    """Compare the database with what this release expects; exit 1 and list differences."""
    with connected(conf) as engine:
        differences = migration.check(engine)
    for difference in differences:
        print(difference)
    if not differences:
        print(f"The database is as it should be at revision {migration.head()}.")
    return 1 if differences else 0
