"""``openstack rating order ...``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib import exceptions
from osc_lib.command.command import Command, Lister, ShowOne

from ratings.client.osc import asking, billing, explaining, showing
from ratings.client.osc.asking import Parser, client_of, tenant_of
from ratings.client.sales_orders import SalesOrder

_COLUMNS = ("id", "tenant_id", "start", "end", "status", "currency", "total", "payable")
_MORE = ("digest", "previous_digest", "created_at")


class CreateOrder(ShowOne):
    """Issue the sales order of a tenant; it is final"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "tenant",
            metavar="<tenant>",
            help="The id of a project, such as 5a0c7d2e41b84f6f9d3e8b7c6a5f4e3d",
        )
        asking.add_instant(parser, "--end", "Up to when; today, 00:00 UTC, by default")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        order = client_of(self).sales_orders.create(parsed_args.tenant, parsed_args.end)
        return showing.shown(order, billing.OF_ORDER)


class ListOrder(Lister):
    """List sales orders: all, those that contain a time, or those of a range"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_tenant(parser)
        asking.add_instant(parser, "--date", "Only orders whose time contains this one")
        asking.add_instant(parser, "--start", "Only orders with a part in the time from then on")
        asking.add_instant(parser, "--end", "Only orders with a part in the time before")
        asking.add_limit(parser)
        asking.add_long(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        orders = client_of(self).sales_orders.list(
            tenant_id=parsed_args.tenant,
            date=parsed_args.date,
            start=parsed_args.start,
            end=parsed_args.end,
            page_size=asking.page_size(parsed_args),
        )
        columns = (*_COLUMNS, *_MORE) if parsed_args.long else _COLUMNS
        return showing.listed(columns, orders, parsed_args.limit)


class ShowOrder(ShowOne):
    """Show a sales order, by its id or by a time that it contains"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_order(parser, optional=True)
        asking.add_instant(parser, "--date", "Instead of an id: the order that contains this time")
        asking.add_tenant(parser, "With --date: the order of this tenant")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        if (parsed_args.order is None) == (parsed_args.date is None):
            raise exceptions.CommandError("give the id of an order, or --date")
        return showing.shown(self._order(parsed_args), billing.OF_ORDER)

    def _order(self, given: argparse.Namespace) -> SalesOrder:
        orders = client_of(self).sales_orders
        if given.order is not None:
            return orders.get(given.order)
        tenant = tenant_of(self, given)
        found = orders.at(tenant, given.date)
        if found is None:
            raise exceptions.CommandError(f"no order of {tenant} contains {given.date}")
        return found


class ListOrderLine(Lister):
    """List the lines of a sales order, its corrections, and what has no price"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_order(parser)
        asking.add_long(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        order = client_of(self).sales_orders.get(parsed_args.order)
        return billing.listed(order, long=parsed_args.long)


class ExplainOrder(ShowOne):
    """Explain a line of a sales order: the arithmetic, and the events that it follows from"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_order(parser)
        parser.add_argument(
            "line", metavar="<line>", type=asking.positive, help="The number of a line, such as 1"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        found = client_of(self).sales_orders.explain(parsed_args.order, parsed_args.line)
        return showing.shown(found, explaining.OF_LINE)


class ExportOrder(Command):
    """Export a sales order in the format of another system"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_order(parser)
        billing.add_export(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        orders = client_of(self).sales_orders
        billing.write(orders.export(parsed_args.order, parsed_args.format), parsed_args.file)


def _add_order(parser: Parser, *, optional: bool = False) -> None:
    parser.add_argument(
        "order",
        metavar="<order>",
        type=asking.positive,
        nargs="?" if optional else None,
        help="The id of a sales order, such as 7",
    )
