"""``ratings-manage close``."""

import argparse
import sys
from collections.abc import Iterable, Iterator

from oslo_config.cfg import ConfigOpts
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ratings import billing, closing, plugins
from ratings.closing import Outcome
from ratings.cmd.database import connected
from ratings.cmd.terminal import instant, print_table
from ratings.core.writing import plain
from ratings.rater import Rater


def close_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--end", type=instant, required=True, help="bill up to this instant or date (UTC)"
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
    billing.refuse_future(end, plugins.clock())
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
    issued = ((o.tenant_id, o.bill) for o in outcomes if o.bill is not None)
    cells = (
        (tenant_id, str(b.order_id), plain(b.total), f"{b.payable:f}", b.currency)
        for tenant_id, b in issued
    )
    headings = "tenant", "order", "total", "payable", "currency"
    print_table(headings, cells, right=("order", "total", "payable"))
    states = [outcome.state for outcome in outcomes]
    counts = (f"{states.count(state)} {state}" for state in ("issued", "skipped", "failed"))
    print(f"Sales orders: {', '.join(counts)}.")
