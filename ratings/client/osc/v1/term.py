"""``openstack rating term ...``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import Command, Lister, ShowOne

from ratings.client.osc import asking, showing
from ratings.client.osc.asking import Parser, client_of
from ratings.client.terms import Term

_KINDS = ("discount_percent", "discount_amount", "minimum", "credit")


class ListTerm(Lister):
    """List terms: discounts, minimum charges and credits"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_tenant(parser, "Only terms of this tenant alone")
        parser.add_argument("--kind", choices=_KINDS, help="Only terms of this kind")
        asking.add_instant(parser, "--at", "Only terms in force at this time")
        asking.add_limit(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        terms = client_of(self).terms.list(
            tenant_id=parsed_args.tenant,
            kind=parsed_args.kind,
            at=parsed_args.at,
            page_size=asking.page_size(parsed_args),
        )
        return showing.listed(showing.names(Term), terms, parsed_args.limit)


class ShowTerm(ShowOne):
    """Show a term, and what remains of a credit"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_term(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return showing.shown(client_of(self).terms.get(parsed_args.term))


class CreateTerm(ShowOne):
    """Agree upon a discount, a minimum charge or a credit"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument("kind", choices=_KINDS, help="What is agreed upon")
        parser.add_argument(
            "value",
            metavar="<value>",
            type=asking.number,
            help="Percent, or an amount of money, such as 12.50",
        )
        parser.add_argument(
            "--reason",
            metavar="<text>",
            required=True,
            help='What sales orders say of it, such as "partner discount"',
        )
        asking.add_tenant(parser, "With this tenant; with everybody by default")
        asking.add_component(parser, "Of a discount: what it is taken off; everything by default")
        parser.add_argument(
            "--currency",
            metavar="<currency>",
            help="Of an amount, such as EUR; that of the tenant or of the service by default",
        )
        asking.add_instant(parser, "--start", "When it comes into force; now by default")
        asking.add_instant(parser, "--end", "When it ceases to be in force; never by default")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        made = client_of(self).terms.create(
            parsed_args.kind,
            parsed_args.value,
            parsed_args.reason,
            tenant_id=parsed_args.tenant,
            component=parsed_args.component,
            currency=parsed_args.currency,
            start_at=parsed_args.start,
            end_at=parsed_args.end,
        )
        return showing.shown(made)


class SetTerm(ShowOne):
    """Move the end of a term"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_term(parser)
        parser.add_argument(
            "--end",
            metavar="<time>",
            required=True,
            help="When it ceases to be in force. Such as 2026-07-01; without a zone it is UTC",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return showing.shown(client_of(self).terms.set(parsed_args.term, parsed_args.end))


class DeleteTerm(Command):
    """End terms now; those that have not been in force yet are removed"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "terms",
            metavar="<term>",
            nargs="+",
            type=asking.positive,
            help="The id of a term, such as 2 (repeatable)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        for term in parsed_args.terms:
            client_of(self).terms.delete(term)


def _add_term(parser: Parser) -> None:
    parser.add_argument(
        "term", metavar="<term>", type=asking.positive, help="The id of a term, such as 2"
    )
