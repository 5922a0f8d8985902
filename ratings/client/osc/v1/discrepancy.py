"""``openstack rating discrepancy list``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import Lister

from ratings.client.discrepancies import Discrepancy
from ratings.client.osc import asking, showing
from ratings.client.osc.asking import Parser, client_of

_COLUMNS = (
    *("code", "resource_type", "resource_id", "tenant_id", "start", "end", "amount", "currency"),
    "detail",
)


class ListDiscrepancy(Lister):
    """List where the journal shows that a message is missing, and what is at stake"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_tenant(parser)
        asking.add_region(parser)
        asking.add_type(parser)
        parser.add_argument(
            "--resource",
            metavar="<resource>",
            help="Only of this resource, such as 0d5f4fbb-2d4a-4a5c-8a0f-6f2f3c1f7e55",
        )
        parser.add_argument(
            "--code", metavar="<code>", help="Only with this code, such as resize_missing"
        )
        asking.add_instant(parser, "--since", "Only what was shown, or is still so, then or later")
        asking.add_limit(parser)
        asking.add_long(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        found = client_of(self).discrepancies.list(
            tenant_id=parsed_args.tenant,
            region=parsed_args.region,
            resource_type=parsed_args.type,
            resource_id=parsed_args.resource,
            code=parsed_args.code,
            since=parsed_args.since,
            page_size=asking.page_size(parsed_args),
        )
        columns = showing.names(Discrepancy) if parsed_args.long else _COLUMNS
        return showing.listed(columns, found, parsed_args.limit)
