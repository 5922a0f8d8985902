"""``ratings-manage``: what an operator does by hand.

A new command is one function that takes the configuration, and one line of `COMMANDS`.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

from ratings import conf as options
from ratings.cmd import (
    audit,
    budgets,
    catalog,
    close,
    deliver,
    export,
    ingest,
    logs,
    openapi,
    prices,
    reconcile,
    requeue,
    schema,
    settle,
    spool,
    tenants,
    terms,
)
from ratings.cmd.refusal import explained

PROG = "ratings-manage"


def no_arguments(parser: argparse.ArgumentParser) -> None:
    """For commands that have none."""


@dataclass(frozen=True, slots=True)
class Command:
    """``ratings-manage NAME``; a name of two words (``prices import``) is a command of a group.

    `run` gets the configuration, with the command's own arguments in ``conf.command``, and
    returns the exit code.  The first line of its docstring is the help.
    """

    name: str
    run: Callable[[cfg.ConfigOpts], int]
    arguments: Callable[[argparse.ArgumentParser], None] = no_arguments


COMMANDS = (
    Command("db_sync", schema.db_sync, schema.db_sync_arguments),
    Command("db_version", schema.db_version),
    Command("db_check", schema.db_check),
    Command("bootstrap-catalog", catalog.bootstrap, catalog.bootstrap_arguments),
    Command("prices import", prices.load, prices.load_arguments),
    Command("prices export", prices.export),
    Command("terms add", terms.add, terms.add_arguments),
    Command("terms list", terms.show, terms.show_arguments),
    Command("terms end", terms.end, terms.end_arguments),
    Command("tenants list", tenants.show),
    Command("tenants set", tenants.change, tenants.change_arguments),
    Command("budgets check", budgets.check, budgets.check_arguments),
    Command("close", close.close, close.close_arguments),
    Command("export", export.export, export.export_arguments),
    Command("deliver", deliver.deliver, deliver.deliver_arguments),
    Command("audit", audit.audit, audit.audit_arguments),
    Command("settle", settle.settle, settle.settle_arguments),
    Command("reconcile", reconcile.reconcile, reconcile.reconcile_arguments),
    Command("openapi", openapi.openapi, openapi.openapi_arguments),
    Command("requeue", requeue.requeue, requeue.requeue_arguments),
    Command("ingest hash", ingest.hash_secret, ingest.hash_arguments),
    Command("spool show", spool.show, spool.spool_arguments),
    Command("spool drain", spool.drain, spool.spool_arguments),
)

GROUPS = {
    "budgets": "What tenants mean to spend: check.",
    "ingest": "Who delivers events without a token: hash.",
    "prices": "Price books: import, export.",
    "spool": "What waits on this host for the database: show, drain.",
    "tenants": "Currencies of tenants: list, set.",
    "terms": "Discounts, minimum charges, credits: add, list, end.",
}
"""What the commands of two words have in common."""


def main(argv: Sequence[str] | None = None) -> int:
    """The console script.  Returns or exits with the codes of `ratings.cmd.refusal`."""
    with explained(PROG):
        conf = options.load(
            sys.argv[1:] if argv is None else argv,
            prog=PROG,
            cli_opts=[cfg.SubCommandOpt("command", title="commands", handler=_add_commands)],
        )
        logs.set_up(conf)
        return int(conf.command.run(conf))


def _add_commands(subparsers: Any) -> None:
    # argparse's type for subparsers is private, hence Any.
    groups: dict[str, Any] = {}
    for command in COMMANDS:
        *group, name = command.name.split()
        if group and group[0] not in groups:
            parser = subparsers.add_parser(group[0], help=GROUPS[group[0]])
            groups[group[0]] = parser.add_subparsers(required=True, metavar="COMMAND")
        parent = groups[group[0]] if group else subparsers
        summary = (command.run.__doc__ or "").partition("\n")[0]
        parser = parent.add_parser(name, help=summary, description=summary)
        command.arguments(parser)
        parser.set_defaults(run=command.run)


if __name__ == "__main__":
    sys.exit(main())
