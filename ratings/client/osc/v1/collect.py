"""``openstack rating collect ...``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import Lister, ShowOne

from ratings.client.collect import Collection
from ratings.client.osc import asking, showing
from ratings.client.osc.asking import Parser, client_of

_COLUMNS = (
    *("source", "region", "tenant_id", "collected_until", "last_collected_at", "requested_at"),
    *("attempts", "code", "detail"),
)


class ListCollect(Lister):
    """List how far each tenant was collected from Gnocchi or Prometheus, and what went wrong"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_tenant(parser)
        _add_source(parser)
        parser.add_argument(
            "--failing",
            action="store_true",
            default=None,
            help="Only those of which the last attempt failed",
        )
        asking.add_limit(parser)
        asking.add_long(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        collections = client_of(self).collect.list(
            source=parsed_args.source,
            region=parsed_args.region,
            tenant_id=parsed_args.tenant,
            failing=parsed_args.failing,
            page_size=asking.page_size(parsed_args),
        )
        columns = showing.names(Collection) if parsed_args.long else _COLUMNS
        return showing.listed(columns, collections, parsed_args.limit)


class CreateCollect(ShowOne):
    """Ask for a collection: of some tenants, of a source, or of all"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--tenant",
            metavar="<tenant>",
            dest="tenants",
            action="append",
            help="Only of this tenant: the id of a project, such as "
            "5a0c7d2e41b84f6f9d3e8b7c6a5f4e3d (repeatable)",
        )
        _add_source(parser)
        asking.add_instant(parser, "--since", "Collect again what was measured from then on")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        requested = client_of(self).collect.create(
            tenant_ids=parsed_args.tenants,
            source=parsed_args.source,
            region=parsed_args.region,
            since=parsed_args.since,
        )
        return showing.shown(requested)


def _add_source(parser: Parser) -> None:
    parser.add_argument(
        "--source", metavar="<source>", help="Only of this source, such as gnocchi or prometheus"
    )
    asking.add_region(parser)
