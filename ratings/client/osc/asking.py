"""What commands have in common on their way in: the client, and arguments."""

from __future__ import annotations

import argparse
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from osc_lib import exceptions
from osc_lib.command.command import Command

from ratings.client import Client
from ratings.client.prices import Tier

Parser = argparse.ArgumentParser

_PAGE = 1000
"""The largest page that the API gives."""


def client_of(command: Command) -> Client:
    """The client for the cloud that the command was called with."""
    manager: Any = command.app.client_manager
    client: Client = manager.rating
    return client


def tenant_of(command: Command, given: argparse.Namespace) -> str:
    """The tenant that was named, or else the project of the token. CommandError."""
    manager: Any = command.app.client_manager
    found = given.tenant or manager.session.get_project_id()
    if not found:
        raise exceptions.CommandError("name a tenant: the token is not for a project")
    return str(found)


def page_size(given: argparse.Namespace) -> int:
    """How many rows to ask for at once."""
    return min(given.limit or _PAGE, _PAGE)


def add_limit(parser: Parser) -> None:
    """For lists."""
    parser.add_argument(
        "--limit",
        metavar="<number>",
        type=positive,
        help="Show this many rows at most, such as 20; all of them by default",
    )


def add_long(parser: Parser) -> None:
    """For lists with more columns than fit."""
    parser.add_argument("--long", action="store_true", help="Show all attributes")


def add_own_tenant(parser: Parser) -> None:
    """For what is always about one tenant."""
    parser.add_argument(
        "tenant",
        metavar="<tenant>",
        nargs="?",
        help="The id of a project, such as 5a0c7d2e41b84f6f9d3e8b7c6a5f4e3d; "
        "that of the token by default",
    )


def add_tenant(parser: Parser, what: str = "Only of this tenant") -> None:
    """For what may be about one tenant."""
    parser.add_argument(
        "--tenant",
        metavar="<tenant>",
        help=f"{what}: the id of a project, such as 5a0c7d2e41b84f6f9d3e8b7c6a5f4e3d",
    )


def add_region(parser: Parser, what: str = "Only of this region") -> None:
    """For what is in a region."""
    parser.add_argument("--region", metavar="<region>", help=f"{what}, such as RegionOne")


def add_type(parser: Parser, what: str = "Only of this resource type") -> None:
    """For what is about resources."""
    parser.add_argument("--type", metavar="<type>", help=f"{what}, such as instance or volume")


def add_component(parser: Parser, what: str = "Only of this component") -> None:
    """For what is about something that is counted."""
    parser.add_argument("--component", metavar="<component>", help=f"{what}, such as vcpu")


def add_instant(parser: Parser, option: str, what: str) -> None:
    """A point in time."""
    parser.add_argument(
        option,
        metavar="<time>",
        help=f"{what}. Such as 2026-02-01 or 2026-02-01T12:00:00Z; without a zone it is UTC",
    )


def positive(text: str) -> int:
    """A count. ArgumentTypeError."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def number(text: str) -> Decimal:
    """An exact number. ArgumentTypeError."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return found


def tier(text: str) -> Tier:
    """``1000=0.00005``: what each unit above a thousand costs. ArgumentTypeError."""
    above, separator, unit_price = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} has no =, as in 1000=0.00005")
    return Tier(number(above), number(unit_price))


def read(name: str) -> bytes:
    """A file, or standard input for ``-``. CommandError."""
    try:
        return Path("/dev/stdin" if name == "-" else name).read_bytes()
    except OSError as error:
        raise exceptions.CommandError(f"{name}: {error.strerror}") from error
