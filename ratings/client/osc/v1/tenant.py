"""``openstack rating tenant ...``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import Lister, ShowOne

from ratings.client.osc import asking, showing
from ratings.client.osc.asking import Parser, client_of, tenant_of
from ratings.client.tenants import Tenant


class ListTenant(Lister):
    """List tenants and their currencies"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_limit(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        tenants = client_of(self).tenants.list(page_size=asking.page_size(parsed_args))
        return showing.listed(showing.names(Tenant), tenants, parsed_args.limit)


class ShowTenant(ShowOne):
    """Show in which currency a tenant is billed"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_own_tenant(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return showing.shown(client_of(self).tenants.get(tenant_of(self, parsed_args)))


class SetTenant(ShowOne):
    """Bill a tenant in a currency; what it has used is rated anew at once"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "tenant",
            metavar="<tenant>",
            help="The id of a project, such as 5a0c7d2e41b84f6f9d3e8b7c6a5f4e3d",
        )
        parser.add_argument("--currency", metavar="<currency>", required=True, help="Such as EUR")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return showing.shown(client_of(self).tenants.set(parsed_args.tenant, parsed_args.currency))
