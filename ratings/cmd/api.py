"""``ratings-api``: the HTTP service on gunicorn, with a database of its own if none is given."""

import gc
import sys
from collections.abc import Sequence
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker
from oslo_config.cfg import ConfigOpts

from ratings import conf as options
from ratings import plugins
from ratings.api import authentication
from ratings.api.app import make_services, serve
from ratings.api.spooling import Spooling
from ratings.cmd import database, logs, spool
from ratings.cmd.refusal import explained
from ratings.cmd.systemd import notify
from ratings.db.engine import create_engine
from ratings.exporters import Exports
from ratings.metrics import processes
from ratings.settling import Settings
from ratings.spool import Spool

PROG = "ratings-api"

#: New objects after which the garbage collector looks for cycles among them.
GARBAGE = 100_000

#: Sessions of the embedded server that workers may use; the rest is for ratings-manage.
EMBEDDED_SESSIONS = 80


class Master(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's master, which tells systemd by itself when it is ready, but not when it stops."""

    def stop(self, graceful: bool = True) -> None:
        notify("STOPPING=1")
        super().stop(graceful)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, told what to do by our configuration only."""

    def __init__(
        self,
        conf: ConfigOpts,
        rating: Settings,
        exports: Exports,
        database_url: str,
        spool: Spool | None,
    ) -> None:
        self.conf = conf
        self.rating = rating
        self.exports = exports
        self.database_url = database_url
        self.spool = spool
        self.spooling: Spooling | None = None
        super().__init__(prog=PROG)

    def load_config(self) -> None:
        for name, value in settings(self.conf).items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until told to stop. Raises SystemExit."""
        Master(self).run()

    def load(self) -> Any:
        """The application, made in each worker: connections do not survive a fork."""
        engine = create_engine(self.database_url, pool_size=self.conf.database.pool_size)
        services = make_services(
            self.conf, engine, self.rating, self.exports, plugins.clock, self.spool
        )
        app = serve(self.conf, services)
        self.spooling = services.spooling
        if self.spooling is not None:
            self.spooling.start()
        # What rating makes is freed by counting references: a list of a thousand events needs no
        # search for cycles, and code and definitions are never garbage.
        gc.freeze()
        gc.set_threshold(GARBAGE, 10, 10)
        return app


def settings(conf: ConfigOpts) -> dict[str, Any]:
    """gunicorn's settings.  Anything else keeps its default; no file and no variable is read."""
    host, workers = conf.api.host, conf.api.workers
    if not conf.database.connection:
        workers = max(1, min(workers, EMBEDDED_SESSIONS // conf.api.threads))
    return {
        "bind": f"[{host}]:{conf.api.port}" if ":" in host else f"{host}:{conf.api.port}",
        "workers": workers,
        "worker_class": "gthread",
        "threads": conf.api.threads,
        # Longer than the usual 60 s of proxies and of the Ceilometer publisher's pauses: the
        # side that sends requests should be the one that closes.
        "keepalive": 75,
        # Two names of 255 letters that are none of ASCII, in percents, do not fit into its 4094.
        "limit_request_line": 8190,
        # Headers of a proxy are for oslo.middleware. gunicorn believes them from this host, and
        # with SCRIPT_NAME anybody gets past a proxy that keeps a path to itself.
        "forwarded_allow_ips": "",
        "control_socket_disable": True,
        "loglevel": "warning",
        "logger_class": logs.Gunicorn,
        "when_ready": announce,
        "worker_exit": leave,
        "child_exit": lambda arbiter, worker: processes.ended(worker.pid),
    }


def announce(arbiter: Arbiter) -> None:
    """Print where the service listens (with the port that was found for port 0)."""
    for listener in arbiter.LISTENERS:
        print(f"{PROG}: listening at {listener}", flush=True)


def leave(arbiter: Arbiter, worker: Worker) -> None:
    """Stop what runs beside the requests of a worker."""
    if worker.app.spooling is not None:
        worker.app.spooling.stop()


def main(argv: Sequence[str] | None = None) -> int:
    """The console script.  Returns or exits with the codes of `ratings.cmd.refusal`."""
    with explained(PROG):
        conf = options.load(sys.argv[1:] if argv is None else argv, prog=PROG)
        logs.set_up(conf)
        authentication.check(conf)
        rating, exports = plugins.settings(conf), plugins.exports(conf)
        kept = spool.opened(conf)
        spool.tell_of_others(conf)
        with database.prepared(conf, spooling=kept is not None) as url, processes.as_one():
            Server(conf, rating, exports, url, kept).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
