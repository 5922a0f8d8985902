"""The spool of this host: where it is, and ``ratings-manage spool show`` and ``spool drain``."""

import argparse
import logging
import re
from pathlib import Path

from oslo_config.cfg import ConfigOpts

from ratings import plugins
from ratings.cmd.database import connected
from ratings.core.errors import Unavailable
from ratings.db import migration
from ratings.db.engine import normalise
from ratings.draining import Drainer
from ratings.rater import Rater
from ratings.readers import Reader
from ratings.spool import Spool

LOG = logging.getLogger(__name__)


def opened(conf: ConfigOpts, directory: Path | None = None) -> Spool | None:
    """The spool that is configured, or the one in `directory`; None if there is to be none.

    Raises OSError when it cannot be used, and UnsupportedDatabase.
    """
    if not conf.spool.max_bytes and directory is None:
        return None
    return Spool(
        directory or place(conf),
        max_bytes=conf.spool.max_bytes,
        alarm_percent=conf.spool.alarm_percent,
        clock=plugins.clock,
    )


def place(conf: ConfigOpts) -> Path:
    """The directory of the spool: by default one for each database, lest events get into another.

    Raises UnsupportedDatabase.
    """
    if conf.spool.directory:
        return Path(conf.spool.directory)
    name = "embedded"
    if conf.database.connection:
        url = normalise(conf.database.connection)
        parts = (url.host or url.query.get("host") or "local", url.port, url.database)
        name = re.sub(r"[^\w.-]+", "_", "-".join(str(part) for part in parts if part)).strip("_")
    return Path(conf.state_path).expanduser() / "spool" / name


def tell_of_others(conf: ConfigOpts) -> None:
    """Log which directories beside the spool hold entries for databases of other names."""
    own = place(conf)
    if not conf.spool.directory:
        for path in sorted(own.parent.glob("*/*.spool")):
            if path.parent != own:
                LOG.warning("%s waits for another database; see ratings-manage spool drain", path)


def spool_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--directory",
        type=Path,
        help="the spool in this directory instead of the configured one",
    )


def show(conf: ConfigOpts) -> int:
    """Show what waits on this host for the database."""
    spool = opened(conf, _existing(conf))
    if spool is None:
        print("There is no spool: [spool] max_bytes is 0.")
        return 0
    found = spool.measure()
    print(f"{spool.directory}: {found.entries} entries, {found.bytes} of {spool.max_bytes} bytes.")
    if found.oldest_at is not None:
        print(f"The oldest waits since {found.oldest_at:%Y-%m-%dT%H:%M:%SZ}.")
    if found.draining_since is not None:
        print(f"It is being drained since {found.draining_since:%Y-%m-%dT%H:%M:%SZ}.")
    if found.damaged:
        print(f"{found.damaged} files (*.damaged) have parts that could not be read.")
    return 0


def drain(conf: ConfigOpts) -> int:
    """Bring what waits to the database, once; exit 1 if something is left."""
    spool = opened(conf, _existing(conf))
    if spool is None:
        print("There is no spool: [spool] max_bytes is 0.")
        return 0
    settings = plugins.settings(conf)
    with connected(conf) as engine:

        def answers() -> bool:
            return migration.is_current(engine)

        if not answers():
            raise Unavailable("the database cannot be asked, or its schema is of another release")
        readers = Reader(settings.definitions).doors
        drained = Drainer(
            spool, Rater(engine, settings, plugins.clock).rate, readers, answers
        ).run()
    spool.seal()
    left = spool.measure().entries
    print(f"Drained {drained} entries, {left} are left.")
    return 1 if left else 0


def _existing(conf: ConfigOpts) -> Path | None:
    """The directory that was named, which must be there: nothing is drained from a slip."""
    directory: Path | None = conf.command.directory
    if directory is not None and not directory.is_dir():
        raise NotADirectoryError(f"{directory} is no directory")
    return directory
