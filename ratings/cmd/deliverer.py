"""``ratings-deliverer``: the service that hands orders to drivers, and watches budgets."""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from oslo_config.cfg import ConfigOpts
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from ratings import budgeting, delivering, plugins
from ratings import conf as options
from ratings.budgeting import Tell
from ratings.cmd import database, logs
from ratings.cmd.budgets import lines
from ratings.cmd.deliver import patience, told
from ratings.cmd.refusal import explained
from ratings.cmd.systemd import Stop, notify
from ratings.core.deliveries import Deliver
from ratings.core.errors import DefinitionError
from ratings.db.engine import create_engine
from ratings.delivering import Outcome
from ratings.metrics.deliveries import DeliveryMetrics
from ratings.metrics.serving import served
from ratings.rater import Rater

PROG = "ratings-deliverer"
LOG = logging.getLogger(PROG)


def main(argv: Sequence[str] | None = None) -> int:
    """The console script.  Returns or exits with the codes of `ratings.cmd.refusal`."""
    with explained(PROG):
        conf = options.load(sys.argv[1:] if argv is None else argv, prog=PROG)
        logs.set_up(conf)
        work = Work(conf, plugins.deliverers(conf), plugins.channels(conf))
        if not work.drivers and not work.channels:
            raise DefinitionError(
                "[erp] drivers and [budgets] channels are empty: there is nobody to deliver to"
            )
        settings = plugins.settings(conf)
        stop = Stop()
        with database.prepared(conf) as url:
            engine = create_engine(url, pool_size=1)
            registry = CollectorRegistry()
            try:
                with served(registry, conf.metrics.host, conf.metrics.deliverer_port):
                    rater = Rater(engine, settings, plugins.clock)
                    _run(work, engine, rater, stop, DeliveryMetrics(registry))
            finally:
                engine.dispose()
    return 0


@dataclass(frozen=True, slots=True)
class Work:
    """Whom there is to deliver to, and how."""

    conf: ConfigOpts
    drivers: Mapping[str, Deliver]
    channels: Mapping[str, Tell]


def _run(work: Work, engine: Engine, rater: Rater, stop: Stop, metrics: DeliveryMetrics) -> None:
    """Deliver until it is time to stop; what is in hand is brought to its end."""
    work = replace(work, drivers=metrics.observed(work.drivers))
    print(f"{PROG}: delivering to {', '.join([*work.drivers, *work.channels])}", flush=True)
    notify("READY=1")
    conf, due = work.conf, plugins.clock()
    while not stop.wait(0):
        try:
            if (now := plugins.clock()) >= due:
                _check(work, engine, rater, stop)
                due = now + timedelta(seconds=conf.budgets.interval)
            for outcome in _deliveries(work, engine):
                metrics.attempted(outcome)
                LOG.log(logging.INFO if outcome.error is None else logging.WARNING, told(outcome))
                if stop.wait(0):
                    break
        except (InterfaceError, OperationalError) as error:
            LOG.error("the database says: %s", error.orig)
        stop.wait(min(conf.erp.interval, conf.budgets.interval))
    notify("STOPPING=1")


def _check(work: Work, engine: Engine, rater: Rater, stop: Stop) -> None:
    for checked in budgeting.check_each(engine, rater, list(work.channels), plugins.clock):
        for line in lines(checked):
            LOG.warning(line)
        if stop.wait(0):
            break


def _deliveries(work: Work, engine: Engine) -> Iterator[Outcome]:
    waits = patience(work.conf)
    yield from budgeting.tell(engine, work.channels, waits, plugins.clock)
    yield from delivering.deliver(engine, work.drivers, waits, plugins.clock)


if __name__ == "__main__":
    sys.exit(main())
