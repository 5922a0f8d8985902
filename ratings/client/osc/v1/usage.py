"""``openstack rating usage show`` and ``openstack rating summary show``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import Lister

from ratings.client.osc import asking, showing
from ratings.client.osc.asking import Parser, client_of, tenant_of
from ratings.client.usage import Usage

_KEYS = ("tenant_id", "region", "resource_type", "component", "resource_id", "day", "month")
_SUMS = ("currency", "amount", "records", "unpriced")


class ShowUsage(Lister):
    """Show how much of what a tenant used, whether it has a price or not"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_own_tenant(parser)
        asking.add_instant(parser, "--start", "From when on; since ever by default")
        asking.add_instant(parser, "--end", "Up to when; now by default")
        asking.add_limit(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        usage = client_of(self).usage.list(
            tenant_of(self, parsed_args),
            start=parsed_args.start,
            end=parsed_args.end,
            page_size=asking.page_size(parsed_args),
        )
        return showing.listed(showing.names(Usage), usage, parsed_args.limit)


class ShowSummary(Lister):
    """Show what usage has come to, grouped

    For example, what each tenant owes for each component in January: openstack rating summary
    show --group-by tenant_id --group-by component --start 2026-01-01 --end 2026-02-01
    """

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--group-by",
            metavar="<key>",
            dest="keys",
            action="append",
            choices=_KEYS,
            default=[],
            help=f"One sum for each {', '.join(_KEYS[:-1])} or {_KEYS[-1]}, such as tenant_id "
            "(repeatable); one sum of everything by default",
        )
        asking.add_instant(parser, "--start", "From when on; since ever by default")
        asking.add_instant(parser, "--end", "Up to when; without end by default")
        asking.add_tenant(parser)
        asking.add_region(parser)
        asking.add_type(parser)
        asking.add_component(parser)
        parser.add_argument(
            "--resource",
            metavar="<resource>",
            help="Only of this resource, such as 0d5f4fbb-2d4a-4a5c-8a0f-6f2f3c1f7e55",
        )
        asking.add_limit(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        summary = client_of(self).summary.list(
            groupby=parsed_args.keys,
            start=parsed_args.start,
            end=parsed_args.end,
            tenant_id=parsed_args.tenant,
            region=parsed_args.region,
            resource_type=parsed_args.type,
            component=parsed_args.component,
            resource_id=parsed_args.resource,
            page_size=asking.page_size(parsed_args),
        )
        return showing.listed((*parsed_args.keys, *_SUMS), summary, parsed_args.limit)
