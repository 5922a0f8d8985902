"""``openstack rating price ...``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.cli.parseractions import KeyValueAction
from osc_lib.command.command import Command, Lister, ShowOne

from ratings.client.osc import asking, showing
from ratings.client.osc.asking import Parser, client_of
from ratings.client.prices import Price

_COLUMNS = (
    *("id", "resource_type", "unit_price", "per", "currency", "region", "tenant_id", "match"),
    *("start_at", "end_at"),
)


class ListPrice(Lister):
    """List prices: those that hold, those that did, and those that will"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_component(parser, "Only prices of this component")
        asking.add_region(parser, "Only prices of this region alone")
        asking.add_tenant(parser, "Only prices of this tenant alone")
        asking.add_instant(parser, "--at", "Only prices that hold at this time")
        asking.add_limit(parser)
        asking.add_long(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        prices = client_of(self).prices.list(
            resource_type=parsed_args.component,
            region=parsed_args.region,
            tenant_id=parsed_args.tenant,
            at=parsed_args.at,
            page_size=asking.page_size(parsed_args),
        )
        columns = showing.names(Price) if parsed_args.long else _COLUMNS
        return showing.listed(columns, prices, parsed_args.limit)


class ShowPrice(ShowOne):
    """Show a price"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_price(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return showing.shown(client_of(self).prices.get(parsed_args.price))


class CreatePrice(ShowOne):
    """Create a price; usage in its time is rated anew at once"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "component",
            metavar="<component>",
            help="What it is for, such as vcpu, ram, volume or floating_ip",
        )
        parser.add_argument(
            "unit_price",
            metavar="<unit-price>",
            type=asking.number,
            help="Money for one unit, such as 0.0003",
        )
        _add_rate(parser, "hour by default")
        parser.add_argument(
            "--currency",
            metavar="<currency>",
            help="Such as EUR; that of the tenant or of the service by default",
        )
        asking.add_region(parser, "For usage of this region")
        asking.add_tenant(parser, "For usage of this tenant")
        parser.add_argument(
            "--match",
            metavar="<key=value>",
            action=KeyValueAction,
            help="For usage with this metadata, such as volume_type=ssd (repeatable)",
        )
        asking.add_instant(parser, "--start", "When it begins to hold; it always has by default")
        asking.add_instant(parser, "--end", "When it ceases to hold")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        made = client_of(self).prices.create(
            parsed_args.component,
            parsed_args.unit_price,
            region=parsed_args.region,
            tenant_id=parsed_args.tenant,
            match=parsed_args.match,
            currency=parsed_args.currency,
            start_at=parsed_args.start,
            end_at=parsed_args.end,
            **_rate(parsed_args),
        )
        return showing.shown(made)


class SetPrice(ShowOne):
    """Let another price take over from a price, and show the one that holds then"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_price(parser)
        parser.add_argument(
            "--unit-price",
            metavar="<unit-price>",
            type=asking.number,
            help="Money for one unit, such as 0.0004",
        )
        _add_rate(parser, "as before by default")
        asking.add_instant(parser, "--start", "When the other price takes over; now by default")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        taken = client_of(self).prices.set(
            parsed_args.price,
            unit_price=parsed_args.unit_price,
            start_at=parsed_args.start,
            **_rate(parsed_args),
        )
        return showing.shown(taken)


class DeletePrice(Command):
    """End prices now; those with which nothing was priced are removed"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "prices",
            metavar="<price>",
            nargs="+",
            type=asking.positive,
            help="The id of a price, such as 3 (repeatable)",
        )
        _add_retroactive(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        for price in parsed_args.prices:
            client_of(self).prices.delete(price, retroactive=parsed_args.retroactive)


def _add_price(parser: Parser) -> None:
    parser.add_argument(
        "price", metavar="<price>", type=asking.positive, help="The id of a price, such as 3"
    )


def _add_rate(parser: Parser, otherwise: str) -> None:
    """What a price and its successor may both say."""
    parser.add_argument(
        "--per",
        metavar="<period>",
        help=f"What the money buys a unit for, such as hour, month or unit; {otherwise}",
    )
    parser.add_argument(
        "--free",
        metavar="<units>",
        type=asking.number,
        help="Units that cost nothing, per tenant and order, such as 100",
    )
    parser.add_argument(
        "--tier",
        metavar="<above=unit-price>",
        dest="tiers",
        action="append",
        type=asking.tier,
        help="What each unit above a number costs, such as 1000=0.00005 (repeatable)",
    )
    parser.add_argument("--name", metavar="<name>", help='For people, such as "SSD storage"')
    parser.add_argument(
        "--description", metavar="<text>", help='For people, such as "since the new contract"'
    )
    _add_retroactive(parser)


def _add_retroactive(parser: Parser) -> None:
    parser.add_argument(
        "--retroactive",
        action="store_true",
        help="Also where sales orders have billed already; the next ones bring corrections",
    )


def _rate(given: argparse.Namespace) -> dict[str, Any]:
    rest = ("per", "free", "tiers", "name", "description", "retroactive")
    return {name: getattr(given, name) for name in rest}
