"""``ratings-puller``: the service that collects what Gnocchi and Prometheus have measured."""

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from oslo_config import cfg
from oslo_config.cfg import ConfigOpts
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from ratings import conf as options
from ratings import plugins, pulling
from ratings.cmd import database
from ratings.cmd.refusal import explained
from ratings.cmd.systemd import Stop, notify
from ratings.collectors.pulling import schedule
from ratings.collectors.tenants import listing
from ratings.core.errors import Unavailable
from ratings.core.pulls import Schedule, Source, SourceError
from ratings.db.engine import create_engine
from ratings.pulling import Intake, Outcome
from ratings.rater import Rater
from ratings.readers import Reader

PROG = "ratings-puller"
LOG_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"
LOG = logging.getLogger(PROG)

ONCE = cfg.BoolOpt(
    "once",
    default=False,
    help="Collect what is due, and end: with 1 if something could not be collected.",
)


def main(argv: Sequence[str] | None = None) -> int:
    """The console script.  Returns or exits with the codes of `ratings.cmd.refusal`."""
    logging.basicConfig(format=LOG_FORMAT)
    LOG.setLevel(logging.INFO)
    with explained(PROG):
        given = sys.argv[1:] if argv is None else argv
        conf = options.load(given, prog=PROG, cli_opts=[ONCE])
        settings = plugins.settings(conf)
        sources = plugins.sources(conf, settings.definitions)
        when, tenants = schedule(conf), listing(conf)
        with database.prepared(conf) as url:
            # One connection holds the lock of a tenant, the other one rates.
            engine = create_engine(url, pool_size=2)
            rater = Rater(engine, settings, plugins.clock)
            read = Reader(settings.definitions).read_sample
            intake = Intake(read, rater.rate, conf.puller.batch_size)
            try:
                return Puller(engine, intake, sources, tenants, when).run(conf)
            finally:
                engine.dispose()


class Puller:
    """The loop: list the tenants now and then, and collect what is due."""

    def __init__(
        self,
        engine: Engine,
        intake: Intake,
        sources: Mapping[str, Source],
        tenants: Callable[[], list[str]],
        when: Schedule,
    ) -> None:
        self._engine = engine
        self._intake = intake
        self._sources = sources
        self._tenants = tenants
        self._when = when
        self._listed_at: datetime | None = None
        self._failed = False

    def run(self, conf: ConfigOpts) -> int:
        """Until it is time to stop; with ``--once`` one turn. The exit code."""
        stop = Stop()
        print(f"{PROG}: collecting from {', '.join(self._sources)}", flush=True)
        notify("READY=1")
        while True:
            try:
                self._turn(timedelta(seconds=conf.puller.tenants_interval), stop)
            except (Unavailable, InterfaceError, OperationalError) as error:
                self._failed = True
                LOG.error("the database cannot be used: %s", getattr(error, "orig", error))
            if conf.once or stop.wait(conf.puller.interval):
                break
        notify("STOPPING=1")
        return int(conf.once and self._failed)

    def _turn(self, interval: timedelta, stop: Stop) -> None:
        """Collect what is due, to the end of the window in hand when it is time to stop."""
        now = plugins.clock()
        if self._listed_at is None or now - self._listed_at >= interval:
            self._list(now)
        about = self._engine, self._intake, self._sources, self._when, plugins.clock
        for outcome in pulling.turn(*about):
            self._failed |= outcome.error is not None
            LOG.log(logging.INFO if outcome.error is None else logging.WARNING, told(outcome))
            notify(f"STATUS={told(outcome)}")
            if stop.wait(0):
                return

    def _list(self, now: datetime) -> None:
        try:
            found = self._tenants()
        except SourceError as error:
            # Those who are known already are collected all the same.
            self._failed = True
            LOG.error("%s: %s", error.code, error.detail)
            return
        pulling.enrol(self._engine, self._sources, found, self._when, plugins.clock)
        self._listed_at = now


def told(outcome: Outcome) -> str:
    """``gnocchi, b5cd from 2026-01-01T06:00:00+00:00 to ...: duplicate 12, rated 48``."""
    start, end = (instant.isoformat() for instant in outcome.span)
    about = f"{outcome.source}, {outcome.tenant_id} from {start} to {end}"
    if outcome.error is not None:
        return f"{about}: {outcome.error.code}: {outcome.error.detail}"
    states = ", ".join(f"{state} {count}" for state, count in sorted(outcome.states.items()))
    return f"{about}: {states or 'nothing was measured'}"


if __name__ == "__main__":
    sys.exit(main())
