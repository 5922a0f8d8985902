"""``openstack rating event ...``, ``rating sample create`` and ``rating parked ...``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import Lister, ShowOne

from ratings.client.events import Event, ParkedEvent
from ratings.client.osc import asking, showing
from ratings.client.osc.asking import Parser, client_of

_EVENT = (
    *("id", "event_time", "event_type", "action", "resource_type", "resource_id", "tenant_id"),
    *("region", "state"),
)
_PARKED = ("id", "code", "detail", "region", "message_id", "received_at", "attempts")


class CreateEvent(ShowOne):
    """Send events: those of Ceilometer, notifications, or flat ones"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_file(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        body = asking.read(parsed_args.file)
        return showing.shown(client_of(self).events.post(body, region=parsed_args.region))


class CreateSample(ShowOne):
    """Send samples of Ceilometer"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_file(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        body = asking.read(parsed_args.file)
        return showing.shown(client_of(self).samples.post(body, region=parsed_args.region))


class ListEvent(Lister):
    """List the journal: every event that came in, and what it was understood as"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--resource",
            metavar="<resource>",
            help="Only about this resource, such as 0d5f4fbb-2d4a-4a5c-8a0f-6f2f3c1f7e55",
        )
        parser.add_argument(
            "--type",
            metavar="<event-type>",
            help="Only of this type, such as compute.instance.create.end",
        )
        asking.add_instant(parser, "--start", "Only those that took effect then or later")
        asking.add_instant(parser, "--end", "Only those that took effect before")
        asking.add_limit(parser)
        asking.add_long(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        events = client_of(self).events.list(
            resource_id=parsed_args.resource,
            event_type=parsed_args.type,
            start=parsed_args.start,
            end=parsed_args.end,
            page_size=asking.page_size(parsed_args),
        )
        columns = showing.names(Event) if parsed_args.long else _EVENT
        return showing.listed(columns, events, parsed_args.limit)


class ListParked(Lister):
    """List events that could not be understood, and why"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        _add_code(parser)
        asking.add_limit(parser)
        asking.add_long(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        parked = client_of(self).parked_events.list(
            code=parsed_args.code, page_size=asking.page_size(parsed_args)
        )
        columns = showing.names(ParkedEvent) if parsed_args.long else _PARKED
        return showing.listed(columns, parked, parsed_args.limit)


class RequeueParked(ShowOne):
    """Try parked events again: some, those of a code, or all"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "ids",
            metavar="<parked-event>",
            nargs="*",
            type=asking.positive,
            help="The id of a parked event, such as 5 (repeatable); all by default",
        )
        _add_code(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        requeued = client_of(self).parked_events.requeue(
            code=parsed_args.code, ids=parsed_args.ids or None
        )
        return showing.shown(requeued)


def _add_file(parser: Parser) -> None:
    parser.add_argument(
        "file",
        metavar="<file>",
        help="JSON, one object or a list, such as events.json; - is standard input",
    )
    asking.add_region(parser, "Where they are from, if they do not tell")


def _add_code(parser: Parser) -> None:
    parser.add_argument(
        "--code",
        metavar="<code>",
        help="Only those parked with this code, such as event_type_unknown",
    )
