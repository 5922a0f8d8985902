"""The API as a WSGI application for uWSGI, mod_wsgi and the like: ``ratings.wsgi:application``.

Configuration files are named by ``OS_RATINGS_CONFIG_FILES`` (comma separated), else it is
``/etc/ratings/ratings.conf`` if that exists.  The command line belongs to the server and is not
looked at.
"""

import atexit
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ratings import conf as options
from ratings import plugins
from ratings.api import authentication
from ratings.api.app import make_services, serve
from ratings.cmd import database, logs, spool
from ratings.db.engine import create_engine

DEFAULT_CONFIG_FILE = Path("/etc/ratings/ratings.conf")


def config_files(environment: Mapping[str, str]) -> list[str]:
    """The configuration files to read, in order."""
    if named := environment.get("OS_RATINGS_CONFIG_FILES"):
        return [name.strip() for name in named.split(",") if name.strip()]
    return [str(DEFAULT_CONFIG_FILE)] if DEFAULT_CONFIG_FILE.exists() else []


def make_application() -> Any:
    """Read the configuration, see that the database is ready, and build the application."""
    conf = options.load([], prog="ratings-wsgi", default_config_files=config_files(os.environ))
    logs.set_up(conf)
    authentication.check(conf)
    rating, exports = plugins.settings(conf), plugins.exports(conf)
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    kept = spool.opened(conf)
    spool.tell_of_others(conf)
    url = stack.enter_context(database.prepared(conf, spooling=kept is not None))
    # Connects when the first request comes, which is after a server that loads first has forked.
    engine = create_engine(url, pool_size=conf.database.pool_size)
    services = make_services(conf, engine, rating, exports, plugins.clock, kept)
    if services.spooling is not None:
        services.spooling.start()
        # A server that loads first forks then, and threads do not come along.
        os.register_at_fork(after_in_child=services.spooling.start)
        stack.callback(services.spooling.stop)
    return serve(conf, services)


application = make_application()
