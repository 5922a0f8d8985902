"""``openstack rating record ...``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import Lister, ShowOne

from ratings.client.osc import asking, explaining, showing
from ratings.client.osc.asking import Parser, client_of
from ratings.client.records import Record

_COLUMNS = (
    *("id", "resource_id", "component", "quantity", "unit", "start", "end"),
    *("unit_price", "amount", "currency"),
)


class ListRecord(Lister):
    """List records: rows of the ledger"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_tenant(parser)
        parser.add_argument(
            "--resource",
            metavar="<resource>",
            help="Only of this resource, such as 0d5f4fbb-2d4a-4a5c-8a0f-6f2f3c1f7e55",
        )
        asking.add_component(parser)
        asking.add_instant(parser, "--start", "Only what has a part in the time from then on")
        asking.add_instant(parser, "--end", "Only what has a part in the time before")
        parser.add_argument(
            "--superseded",
            action="store_true",
            help="What turned out not to be true, instead of what is",
        )
        asking.add_limit(parser)
        asking.add_long(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        records = client_of(self).records.list(
            tenant_id=parsed_args.tenant,
            resource_id=parsed_args.resource,
            component=parsed_args.component,
            start=parsed_args.start,
            end=parsed_args.end,
            superseded=parsed_args.superseded,
            page_size=asking.page_size(parsed_args),
        )
        columns = showing.names(Record) if parsed_args.long else _COLUMNS
        return showing.listed(columns, records, parsed_args.limit)


class ExplainRecord(ShowOne):
    """Explain a record: the arithmetic, and the events that it follows from"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "record",
            metavar="<record>",
            type=asking.positive,
            help="The id of a record, such as 12",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        found = client_of(self).records.explain(parsed_args.record)
        return showing.shown(found, explaining.OF_RECORD)
