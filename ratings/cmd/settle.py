"""``ratings-manage settle``."""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from oslo_config.cfg import ConfigOpts

from ratings import plugins, resettling
from ratings.cmd.database import connected
from ratings.cmd.terminal import instant, print_table
from ratings.core.composing import exact_sum
from ratings.core.writing import plain
from ratings.rater import Rater
from ratings.resettling import Difference, Scope

Sums = dict[tuple[str, str, str], Decimal]
"""Amounts by tenant, component and currency."""


def settle_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tenant",
        dest="tenants",
        metavar="ID",
        action="append",
        help="only what this tenant owns or ever used; repeatable",
    )
    parser.add_argument(
        "--since",
        type=instant,
        help="only resources heard of at or after this instant or date (UTC)",
    )
    parser.add_argument("--dry-run", action="store_true", help="show the difference, write nothing")
    parser.add_argument(
        "--retroactive",
        action="store_true",
        help="also where orders have billed what would go; the next orders correct it",
    )


def settle(conf: ConfigOpts) -> int:
    """Derive the ledger from the journal again; show and apply the difference."""
    command = conf.command
    settings = plugins.settings(conf)
    with connected(conf) as engine:
        found = resettling.settle(
            engine,
            Rater(engine, settings, plugins.clock),
            Scope(command.tenants, command.since),
            dry_run=command.dry_run,
            retroactive=command.retroactive,
        )
        return _told(found, dry_run=command.dry_run)


def _told(differences: Iterable[Difference], *, dry_run: bool) -> int:
    """Print each difference, then what they come to; 1 if any was refused."""
    was: Sums = defaultdict(Decimal)
    becomes: Sums = defaultdict(Decimal)
    settled = refused = 0
    for difference in differences:
        name = " ".join(difference.resource.key)
        numbers = f"records: {len(difference.gone)} go, {len(difference.come)} come"
        if difference.refused is not None:
            refused += 1
            print(f"{name}: {numbers}; refused: {difference.refused}", file=sys.stderr)
            continue
        settled += 1
        print(f"{name}: {numbers}")
        for side, records in ((was, difference.gone), (becomes, difference.come)):
            for record in records:
                key = record.tenant_id, record.component, record.currency
                side[key] = exact_sum((side[key], record.amount or Decimal()))
    if settled:
        _sum_up(was, becomes)
    verb = "would be settled" if dry_run else "settled"
    print(f"Resources: {settled} {verb}, {refused} refused.")
    return 1 if refused else 0


def _sum_up(was: Sums, becomes: Sums) -> None:
    cells = (
        (tenant_id, component, plain(was[key]), plain(becomes[key]), currency)
        for key in sorted({*was, *becomes})
        for tenant_id, component, currency in (key,)
    )
    headings = "tenant", "component", "was", "becomes", "currency"
    print_table(headings, cells, right=("was", "becomes"))
