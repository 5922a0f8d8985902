"""``ratings-deliverer``: the service that hands issued orders to the configured drivers."""

import logging
import sys
from collections.abc import Mapping, Sequence

from oslo_config.cfg import ConfigOpts
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from ratings import conf as options
from ratings import delivering, plugins
from ratings.cmd import database, logs
from ratings.cmd.deliver import patience, told
from ratings.cmd.refusal import explained
from ratings.cmd.systemd import Stop, notify
from ratings.core.deliveries import Deliver
from ratings.core.errors import DefinitionError
from ratings.db.engine import create_engine
from ratings.metrics.deliveries import DeliveryMetrics
from ratings.metrics.serving import served

PROG = "ratings-deliverer"
LOG = logging.getLogger(PROG)


def main(argv: Sequence[str] | None = None) -> int:
    """The console script.  Returns or exits with the codes of `ratings.cmd.refusal`."""
    with explained(PROG):
        conf = options.load(sys.argv[1:] if argv is None else argv, prog=PROG)
        logs.set_up(conf)
        drivers = plugins.deliverers(conf)
        if not drivers:
            raise DefinitionError("[erp] drivers is empty: there is nobody to deliver to")
        stop = Stop()
        with database.prepared(conf) as url:
            engine = create_engine(url, pool_size=1)
            registry = CollectorRegistry()
            try:
                with served(registry, conf.metrics.host, conf.metrics.deliverer_port):
                    _run(conf, engine, drivers, stop, DeliveryMetrics(registry))
            finally:
                engine.dispose()
    return 0


def _run(
    conf: ConfigOpts,
    engine: Engine,
    drivers: Mapping[str, Deliver],
    stop: Stop,
    metrics: DeliveryMetrics,
) -> None:
    """Deliver until it is time to stop; the order in hand is brought to its end."""
    observed = metrics.observed(drivers)
    print(f"{PROG}: delivering to {', '.join(drivers)}", flush=True)
    notify("READY=1")
    while not stop.wait(0):
        try:
            for outcome in delivering.deliver(engine, observed, patience(conf), plugins.clock):
                metrics.attempted(outcome)
                LOG.log(logging.INFO if outcome.error is None else logging.WARNING, told(outcome))
                if stop.wait(0):
                    break
        except (InterfaceError, OperationalError) as error:
            LOG.error("the database says: %s", error.orig)
        stop.wait(conf.erp.interval)
    notify("STOPPING=1")


if __name__ == "__main__":
    sys.exit(main())
