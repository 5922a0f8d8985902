"""``ratings-manage deliver``."""

import argparse
from datetime import timedelta

from oslo_config.cfg import ConfigOpts

from ratings import delivering, plugins
from ratings.cmd.database import connected
from ratings.cmd.terminal import instant
from ratings.core.deliveries import Patience
from ratings.delivering import Outcome

MARGIN = timedelta(minutes=1)
"""By which a lease is longer than an order may take: clocks of several hosts differ."""


def deliver_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--retry", action="store_true", help="try now what waits for its next attempt"
    )
    parser.add_argument(
        "--since",
        type=instant,
        metavar="TIME",
        help="deliver also the orders that end after TIME and were issued before their driver "
        "was configured",
    )


def deliver(conf: ConfigOpts) -> int:
    """Deliver the sales orders that are due, once."""
    drivers, waits = plugins.deliverers(conf), patience(conf)
    if not drivers:
        print("No drivers are configured: [erp] drivers is empty.")
        return 0
    counts = {"delivered": 0, "failed": 0}
    with connected(conf) as engine:
        if conf.command.since is not None:
            caught_up = delivering.catch_up(engine, drivers, conf.command.since)
            print(f"Put into the outbox: {caught_up}.")
        if conf.command.retry:
            delivering.hasten(engine, drivers, plugins.clock)
        for outcome in delivering.deliver(engine, drivers, waits, plugins.clock):
            print(told(outcome), flush=True)
            counts["delivered" if outcome.error is None else "failed"] += 1
        pending = delivering.pending(engine, drivers)
    made = ", ".join(f"{number} {state}" for state, number in counts.items())
    print(f"Deliveries: {made}; {pending} wait in the outbox.")
    return 1 if counts["failed"] else 0


def patience(conf: ConfigOpts) -> Patience:
    """How long to wait, as ``[erp]`` says."""
    erp = conf.erp
    return Patience(
        first=timedelta(seconds=erp.retry_first),
        longest=timedelta(seconds=erp.retry_longest),
        lease=timedelta(seconds=erp.time_limit) + MARGIN,
    )


def told(outcome: Outcome) -> str:
    """An outcome as one line."""
    about = f"{outcome.noun} {outcome.about} of {outcome.tenant_id}, {outcome.driver}"
    if outcome.error is None:
        return f"{about}: delivered as {outcome.reference}"
    error, after = outcome.error, outcome.next_attempt_at
    when = "" if after is None else f"; attempt {outcome.attempts + 1} after {after:%H:%M:%S} UTC"
    return f"{about}: {error.code}, {error.detail}{when}"
