"""``ratings-collector``: notifications from the message brokers of the cloud to the ledger."""

import logging
import sys
import time
import warnings
from collections.abc import Sequence
from functools import partial

from oslo_config.cfg import ConfigOpts
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

with warnings.catch_warnings():
    # oslo.service imports eventlet, which says at length that nobody should.
    warnings.simplefilter("ignore")
    from oslo_messaging import DriverLoadFailure, InvalidTransportURL

    from ratings.collectors.listening import Listener, prepare

from ratings import conf as options
from ratings import plugins
from ratings.cmd import database, logs
from ratings.cmd.refusal import explained
from ratings.cmd.systemd import Stop, notify
from ratings.collectors.notifications import Batches, Tally
from ratings.collectors.options import Source, sources
from ratings.core.errors import DefinitionError
from ratings.db.engine import create_engine, is_writable
from ratings.metrics.messages import MessageMetrics
from ratings.metrics.pool import PoolMetrics
from ratings.metrics.rating import RatingMetrics
from ratings.metrics.serving import served
from ratings.rater import Rater
from ratings.readers import Reader

PROG = "ratings-collector"
LOG = logging.getLogger("ratings.collector")


def main(argv: Sequence[str] | None = None) -> int:
    """The console script.  Returns or exits with the codes of `ratings.cmd.refusal`."""
    with explained(PROG):
        conf = options.load(sys.argv[1:] if argv is None else argv, prog=PROG)
        logs.set_up(conf)
        prepare(conf)
        found = sources(conf)
        with database.prepared(conf) as url:
            # A connection for each thread that rates, and one to see whether the database is back.
            engine = create_engine(url, pool_size=conf.collector.workers * len(found) + 1)
            registry = CollectorRegistry()
            try:
                listeners = _listeners(conf, engine, found, registry)
                with served(registry, conf.metrics.host, conf.metrics.collector_port):
                    _collect(conf, listeners)
            finally:
                engine.dispose()
    return 0


def _listeners(
    conf: ConfigOpts, engine: Engine, found: Sequence[Source], registry: CollectorRegistry
) -> list[Listener]:
    settings = plugins.settings(conf)
    rate = RatingMetrics(registry).observed(Rater(engine, settings, plugins.clock).rate)
    reader, metrics = Reader(settings.definitions), MessageMetrics(registry)
    PoolMetrics(registry, engine)
    listeners = []
    for source in found:
        batches = Batches(
            source.region,
            reader,
            rate,
            conf.collector.priorities,
            partial(metrics.dispatched, source.name),
        )
        try:
            listener = Listener(conf, source, batches, lambda: _usable(engine), _announce)
        except (DriverLoadFailure, InvalidTransportURL, ValueError) as error:
            raise DefinitionError(f"the source {source.name}: {error}") from error
        listeners.append(listener)
        metrics.watch(source.name, listener.is_listening)
    return listeners


def _usable(engine: Engine) -> bool:
    try:
        return is_writable(engine)
    except SQLAlchemyError:
        return False


def _announce(source: Source) -> None:
    """Ready is who listens to any source: one broker that is down must not hold up the others."""
    print(f"{PROG}: listening to {source.name} for {source.region}", flush=True)
    notify("READY=1")


def _collect(conf: ConfigOpts, listeners: Sequence[Listener]) -> None:
    stop = Stop()
    for listener in listeners:
        listener.start()
    begun = time.monotonic()
    while not stop.wait(conf.collector.report_interval):
        begun = _report(listeners, begun)
    notify("STOPPING=1")
    for listener in listeners:
        listener.stop()
    _report(listeners, begun)


def _report(listeners: Sequence[Listener], begun: float) -> float:
    """A line of the log for each source that had anything to tell; the time from now on."""
    now = time.monotonic()
    for listener in listeners:
        tally = listener.batches.tally()
        if tally.messages or tally.results:
            LOG.info("%s, %.0f s: %s", listener.source.name, now - begun, told(tally))
            notify(f"STATUS={listener.source.name}: {told(tally)}")
    return now


def told(tally: Tally) -> str:
    """``1200 notifications in 6 batches, 0.412 s of rating: ignored 300, rated 900``."""
    results = ", ".join(f"{state} {count}" for state, count in sorted(tally.results.items()))
    return (
        f"{tally.messages} notifications in {tally.batches} batches,"
        f" {tally.seconds:.3f} s of rating: {results}"
    )


if __name__ == "__main__":
    sys.exit(main())
