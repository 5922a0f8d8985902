"""The database a command works on: the configured one, or the embedded one."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from oslo_config.cfg import ConfigOpts
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from ratings.db import embedded, migration
from ratings.db.engine import create_engine

LOG = logging.getLogger(__name__)


class SchemaOutdated(Exception):
    """A configured database is not at the revision that this code needs."""


@contextlib.contextmanager
def url(conf: ConfigOpts) -> Iterator[str]:
    """The URL of the database; an embedded server runs meanwhile when none is configured.

    Raises `ratings.db.embedded.EmbeddedError`.
    """
    if conf.database.connection:
        yield conf.database.connection
    else:
        with embedded.running(Path(conf.state_path)) as found:
            yield found


@contextlib.contextmanager
def connected(conf: ConfigOpts) -> Iterator[Engine]:
    """An engine on that database, disposed of in the end.

    Raises `ratings.db.engine.UnsupportedDatabase` and `ratings.db.embedded.EmbeddedError`.
    """
    with url(conf) as found:
        engine = create_engine(found, pool_size=conf.database.pool_size)
        try:
            yield engine
        finally:
            engine.dispose()


@contextlib.contextmanager
def prepared(conf: ConfigOpts, *, spooling: bool = False) -> Iterator[str]:
    """The URL of the database with a schema that this code can serve.

    The embedded database is migrated; a configured one is its operator's to migrate.
    Who is `spooling` can do without for the moment, if a configured one cannot be reached.
    Raises `SchemaOutdated` for that, else as `connected` does.
    """
    with url(conf) as found:
        engine = create_engine(found)
        try:
            if conf.database.connection:
                _refuse_other_than_head(engine)
            else:
                migration.upgrade(engine)
        except OperationalError as error:
            if not (spooling and conf.database.connection):
                raise
            reason = str(error.orig).partition("\n")[0]
            LOG.warning("events are spooled, for the database cannot be used: %s", reason)
        finally:
            # A forked worker must not inherit a connection.
            engine.dispose()
        yield found


def _refuse_other_than_head(engine: Engine) -> None:
    here, wanted = migration.version(engine), migration.head()
    if here != wanted:
        raise SchemaOutdated(
            f"the database is at revision {here}, this release needs {wanted}; "
            'run "ratings-manage db_sync"'
        )
