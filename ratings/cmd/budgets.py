"""``ratings-manage budgets check``, and what a check has to say."""

import argparse
from collections.abc import Iterator

from oslo_config.cfg import ConfigOpts

from ratings import budgeting, plugins
from ratings.budgeting import Checked
from ratings.cmd.database import connected
from ratings.cmd.deliver import patience, told
from ratings.core.budgets import Alert
from ratings.core.writing import plain
from ratings.db import budgets
from ratings.rater import Rater


def check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tenant", action="append", metavar="ID", help="only budgets of this one; may be repeated"
    )


def check(conf: ConfigOpts) -> int:
    """Look at all budgets once, and tell the alerts that are due."""
    settings, channels = plugins.settings(conf), plugins.channels(conf)
    failed = False
    with connected(conf) as engine:
        rater = Rater(engine, settings, plugins.clock)
        for checked in budgeting.check_each(
            engine, rater, list(channels), plugins.clock, conf.command.tenant
        ):
            failed = failed or bool(checked.problems)
            for line in lines(checked):
                print(line, flush=True)
        for outcome in budgeting.tell(engine, channels, patience(conf), plugins.clock):
            failed = failed or outcome.error is not None
            print(told(outcome), flush=True)
        with engine.connect() as conn:
            waiting = budgets.pending(conn, list(channels))
    print(f"Budgets are checked; {waiting} alerts wait to be told.")
    return 1 if failed else 0


def lines(checked: Checked) -> Iterator[str]:
    """What came of a check, a line for each alert and problem."""
    for alert in checked.alerts:
        yield f"alert {alert.id} of {checked.tenant_id}: {_said(alert)}"
    for problem in checked.problems:
        yield f"budgets of {checked.tenant_id}: {problem}"


def _said(alert: Alert) -> str:
    budget, threshold = alert.budget, alert.threshold
    return (
        f"{threshold.kind} {plain(alert.reached)} of {plain(budget.amount)} "
        f"{budget.currency} reaches {plain(threshold.percent)} % of budget {budget.id} in the "
        f"{budget.period} of {alert.span.start:%Y-%m-%d %H:%M}"
    )
