"""``openstack rating budget ...``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import Command, Lister, ShowOne

from ratings.client.budgets import Budget, BudgetAlert, Threshold
from ratings.client.osc import asking, showing
from ratings.client.osc.asking import Parser, client_of, tenant_of

_PERIODS = ("hour", "day", "week", "month")
_ALERT = (
    *("id", "budget_id", "tenant_id", "kind", "percent", "start_at", "end_at", "amount"),
    *("currency", "spent", "forecast", "crossed_at"),
)


class ListBudget(Lister):
    """List budgets: what tenants mean to spend"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_tenant(parser)
        asking.add_limit(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        budgets = client_of(self).budgets.list(
            tenant_id=parsed_args.tenant, page_size=asking.page_size(parsed_args)
        )
        return showing.listed(showing.names(Budget), budgets, parsed_args.limit)


class ShowBudget(ShowOne):
    """Show a budget, and how it stands in the period that runs"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "budget",
            metavar="<budget>",
            type=asking.positive,
            help="The id of a budget, such as 4",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return showing.shown(client_of(self).budgets.get(parsed_args.budget))


class CreateBudget(ShowOne):
    """Create a budget: each threshold raises an alert once in each period

    For example, at 80 percent of 500 a month, and when it will be more than that: openstack rating
    budget create month 500 --threshold actual=80 --threshold forecast=100
    """

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument("period", choices=_PERIODS, help="Of the calendar, in UTC")
        parser.add_argument(
            "amount",
            metavar="<amount>",
            type=asking.number,
            help="Money to be spent in each period, such as 500",
        )
        parser.add_argument(
            "--threshold",
            metavar="<kind=percent>",
            dest="thresholds",
            action="append",
            required=True,
            type=_threshold,
            help="Percent of the amount that are spent or will be, such as actual=80 or "
            "forecast=100 (repeatable)",
        )
        asking.add_tenant(parser, "Of this tenant; of that of the token by default")
        parser.add_argument(
            "--currency",
            metavar="<currency>",
            help="Such as EUR; that of the tenant by default, and no other",
        )
        parser.add_argument(
            "--description", metavar="<text>", help='For people, such as "the web shop"'
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        made = client_of(self).budgets.create(
            parsed_args.period,
            parsed_args.amount,
            parsed_args.thresholds,
            tenant_id=tenant_of(self, parsed_args),
            currency=parsed_args.currency,
            description=parsed_args.description,
        )
        return showing.shown(made)


class DeleteBudget(Command):
    """Watch budgets no longer; their alerts stay"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "budgets",
            metavar="<budget>",
            nargs="+",
            type=asking.positive,
            help="The id of a budget, such as 4 (repeatable)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        for budget in parsed_args.budgets:
            client_of(self).budgets.delete(budget)


class ListBudgetAlert(Lister):
    """List alerts: thresholds of budgets that were crossed"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_tenant(parser)
        parser.add_argument(
            "--budget",
            metavar="<budget>",
            type=asking.positive,
            help="Only of this budget: its id, such as 4",
        )
        asking.add_limit(parser)
        asking.add_long(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        alerts = client_of(self).budget_alerts.list(
            tenant_id=parsed_args.tenant,
            budget_id=parsed_args.budget,
            page_size=asking.page_size(parsed_args),
        )
        columns = showing.names(BudgetAlert) if parsed_args.long else _ALERT
        return showing.listed(columns, alerts, parsed_args.limit)


def _threshold(text: str) -> Threshold:
    """``actual=80``: when 80 percent are spent. ArgumentTypeError."""
    kind, separator, percent = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} has no =, as in actual=80")
    return Threshold(kind, asking.number(percent))
