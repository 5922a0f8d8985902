"""Runs migrations on the connection that `ratings.db.migration` hands over.

One process migrates at a time: the others wait for the advisory lock and then find nothing to
do.  A statement gives up soon when a table is in use, instead of making every request behind it
wait: the migration fails as a whole and can be tried again.
"""

import time

from alembic import context
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text

from ratings.db.tables import metadata

#: Any number, as long as it never changes: it is what two releases agree on while both run.
ADVISORY_LOCK = 0x726174696E6773  # "ratings"

#: Seconds. While waiting for another process's migration there is no hurry.
QUEUE_TIMEOUT = 900
QUEUE_PAUSE = 0.1
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"


def run(connection: Connection) -> None:
    _wait_for_our_turn(connection)
    try:
        _set_timeouts(connection, lock=LOCK_TIMEOUT, statement=STATEMENT_TIMEOUT)
        # Alembic leaves a transaction that it finds open to its owner, so none is.
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_server_default=True,
            # So that CREATE INDEX CONCURRENTLY can step outside (autocommit_block).
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        # The connection goes back to a pool, as it came.
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(text("RESET lock_timeout"))
        connection.execute(text("RESET statement_timeout"))
        connection.commit()


def _wait_for_our_turn(connection: Connection) -> None:
    # Not pg_advisory_lock: who waits inside of a statement has a snapshot, and a CREATE INDEX
    # CONCURRENTLY of the one that migrates would wait for that in turn.
    limit = time.monotonic() + QUEUE_TIMEOUT
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK}):
        connection.rollback()
        if time.monotonic() > limit:
            raise CommandError("another process has been migrating this database for too long")
        time.sleep(QUEUE_PAUSE)


def _set_timeouts(connection: Connection, *, lock: str, statement: str) -> None:
    connection.execute(
        text(
            "SELECT set_config('lock_timeout', :lock, false),"
            " set_config('statement_timeout', :statement, false)"
        ),
        {"lock": lock, "statement": statement},
    )


if "connection" not in context.config.attributes:
    raise SystemExit("migrations are run with: ratings-manage db_sync")
run(context.config.attributes["connection"])
