"""``ratings-manage close``."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from oslo_config.cfg import ConfigOpts
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ratings import closing, orders, plugins
from ratings.closing import Outcome
from ratings.cmd.database import connected
from ratings.rater import Rater
from ratings.readers import times

_WIDE = 1000
"""Columns of a table that is not for a terminal: programs want no broken lines."""


def close_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--end", type=_instant, required=True, help="bill up to this instant or date (UTC)"
    )
    parser.add_argument(
        "--tenant",
        dest="tenants",
        metavar="ID",
        action="append",
        help="only this tenant; repeatable",
    )


def close(conf: ConfigOpts) -> int:
    """Issue the sales orders of all tenants, or of some, up to an instant."""
    end, named = conf.command.end, conf.command.tenants
    orders.refuse_future(end, plugins.clock())
    settings = plugins.settings(conf)
    with connected(conf) as engine:
        rater = Rater(engine, settings, plugins.clock)
        chosen = list(dict.fromkeys(named)) if named else closing.tenants(engine, end)
        outcomes = closing.close_each(engine, rater, chosen, end, plugins.clock, strict=bool(named))
        found = list(_followed(outcomes, len(chosen)))
    _sum_up(found)
    failed = [outcome for outcome in found if outcome.state == "failed"]
    if failed:
        print("These tenants have no order:", file=sys.stderr)
    for outcome in failed:
        print(f"  {_told(outcome)}", file=sys.stderr)
    return 1 if failed else 0


def _instant(text: str) -> datetime:
    found = times.instant(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no date and no instant of ISO 8601")
    return found


def _followed(outcomes: Iterable[Outcome], count: int) -> Iterator[Outcome]:
    """`outcomes`, shown on stderr as they come: a bar on a terminal, else a line for each."""
    console = Console(stderr=True)
    if not console.is_terminal:
        for outcome in outcomes:
            print(_told(outcome), file=sys.stderr, flush=True)
            yield outcome
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("Closing", total=count)
        for outcome in outcomes:
            if outcome.state != "issued":
                console.print(escape(_told(outcome)), highlight=False)
            progress.update(task, advance=1, description=escape(outcome.tenant_id))
            yield outcome


def _told(outcome: Outcome) -> str:
    if outcome.bill is None:
        return f"{outcome.tenant_id}: {outcome.state}, {outcome.detail}"
    bill = outcome.bill
    return f"{outcome.tenant_id}: order {bill.order_id}, {bill.payable:f} {bill.currency}"


def _sum_up(outcomes: list[Outcome]) -> None:
    issued = [outcome for outcome in outcomes if outcome.bill]
    if issued:
        table = Table("tenant", "order", "total", "payable", "currency", box=None, pad_edge=False)
        for column in table.columns[1:4]:
            column.justify = "right"
        for outcome in issued:
            if bill := outcome.bill:
                total, payable = _plain(bill.total), f"{bill.payable:f}"
                cells = outcome.tenant_id, str(bill.order_id), total, payable, bill.currency
                table.add_row(*map(escape, cells))
        console = Console()
        console.print(table, width=None if console.is_terminal else _WIDE, soft_wrap=True)
    states = [outcome.state for outcome in outcomes]
    counts = (f"{states.count(state)} {state}" for state in ("issued", "skipped", "failed"))
    print(f"Sales orders: {', '.join(counts)}.")


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
