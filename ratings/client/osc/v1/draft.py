"""``openstack rating draft ...``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import Command, Lister, ShowOne

from ratings.client.osc import asking, billing, showing
from ratings.client.osc.asking import Parser, client_of, tenant_of
from ratings.client.sales_orders import SalesOrder


class ShowDraft(ShowOne):
    """Show what the next sales order of a tenant would say"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_draft(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return showing.shown(_draft(self, parsed_args), billing.OF_ORDER)


class ListDraftLine(Lister):
    """List the lines that the next sales order of a tenant would have"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_draft(parser)
        asking.add_long(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return billing.listed(_draft(self, parsed_args), long=parsed_args.long)


class ExportDraft(Command):
    """Export what the next sales order of a tenant would say in the format of another system"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_draft(parser)
        billing.add_export(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        tenant = tenant_of(self, parsed_args)
        drafts = client_of(self).sales_drafts
        billing.write(drafts.export(tenant, parsed_args.format, parsed_args.end), parsed_args.file)


def _add_draft(parser: Parser) -> None:
    asking.add_own_tenant(parser)
    asking.add_instant(parser, "--end", "Up to when; now by default")


def _draft(command: Command, given: argparse.Namespace) -> SalesOrder:
    return client_of(command).sales_drafts.get(tenant_of(command, given), given.end)
