"""``openstack rating resource ...`` and ``openstack rating span list``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import Lister, ShowOne

from ratings.client.osc import asking, showing
from ratings.client.osc.asking import Parser, client_of
from ratings.client.records import Span
from ratings.client.resources import Resource

_COLUMNS = (
    *("resource_id", "resource_name", "resource_type", "region", "tenant_id", "status"),
    *("consumption", "accrued", "currency"),
)


class ListResource(Lister):
    """List resources and what they have cost"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_tenant(parser)
        asking.add_region(parser)
        asking.add_type(parser)
        parser.add_argument(
            "--status", metavar="<status>", help="Only of this status, such as active or shutoff"
        )
        life = parser.add_mutually_exclusive_group()
        life.add_argument(
            "--deleted", action="store_true", default=None, help="Only those that are deleted"
        )
        life.add_argument(
            "--existing", dest="deleted", action="store_false", help="Only those that are not"
        )
        asking.add_limit(parser)
        asking.add_long(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        resources = client_of(self).resources.list(
            tenant_id=parsed_args.tenant,
            region=parsed_args.region,
            resource_type=parsed_args.type,
            status=parsed_args.status,
            deleted=parsed_args.deleted,
            page_size=asking.page_size(parsed_args),
        )
        columns = showing.names(Resource) if parsed_args.long else _COLUMNS
        return showing.listed(columns, resources, parsed_args.limit)


class ShowResource(ShowOne):
    """Show a resource and what it has cost"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_resource(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        resource = client_of(self).resources.get(
            parsed_args.resource, region=parsed_args.region, resource_type=parsed_args.type
        )
        return showing.shown(resource)


class ListSpan(Lister):
    """List the spans of time in which nothing changed in the life of a resource, and their cost"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_resource(parser)
        asking.add_limit(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        spans = client_of(self).records.spans(
            parsed_args.resource,
            region=parsed_args.region,
            resource_type=parsed_args.type,
            page_size=asking.page_size(parsed_args),
        )
        return showing.listed(showing.names(Span), spans, parsed_args.limit)


def _add_resource(parser: Parser) -> None:
    parser.add_argument(
        "resource",
        metavar="<resource>",
        help="The id of a resource, such as 0d5f4fbb-2d4a-4a5c-8a0f-6f2f3c1f7e55",
    )
    asking.add_region(parser, "If several resources have the id, the one of this region")
    asking.add_type(parser, "If several resources have the id, the one of this type")
