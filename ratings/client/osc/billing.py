"""Sales orders and drafts: how both are shown, listed and exported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from osc_lib import exceptions

from ratings.client.connection import File
from ratings.client.lines import Line
from ratings.client.osc import showing
from ratings.client.osc.asking import Parser
from ratings.client.osc.showing import Listed
from ratings.client.sales_orders import SalesOrder

_COLUMNS = (
    *("line", "kind", "resource_id", "component", "quantity", "unit", "unit_price", "per"),
    *("start", "end", "amount", "reason"),
)
_SECTIONS = ("lines", "corrections", "unpriced")


def _counted(lines: tuple[Line, ...]) -> str:
    return str(len(lines))


OF_ORDER: Mapping[str, Callable[[Any], str]] = dict.fromkeys(_SECTIONS, _counted)
"""People get the number of lines, and list them with a command of its own; programs get all."""


def listed(order: SalesOrder, *, long: bool) -> Listed:
    """The lines of all sections, each with the name of its section."""
    columns = showing.names(Line) if long else _COLUMNS
    return ("section", *columns), _rows(order, columns)


def _rows(order: SalesOrder, columns: showing.Columns) -> Iterator[tuple[Any, ...]]:
    for section in _SECTIONS:
        _, rows = showing.listed(columns, getattr(order, section), None)
        for row in rows:
            yield section, *row


def add_export(parser: Parser) -> None:
    """In which format, and where to."""
    parser.add_argument(
        "--format",
        metavar="<format>",
        required=True,
        help="The name of an exporter, such as json, csv, focus, ubl or beancount",
    )
    parser.add_argument(
        "--file",
        metavar="<file>",
        help="Where to write it, such as order.csv; standard output by default",
    )


def write(exported: File, name: str | None) -> None:
    """Write an export as it is. CommandError."""
    if name is None:
        sys.stdout.buffer.write(exported.content)
        sys.stdout.buffer.flush()
        return
    try:
        Path(name).write_bytes(exported.content)
    except OSError as error:
        raise exceptions.CommandError(f"{name}: {error.strerror}") from error
