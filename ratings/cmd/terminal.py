"""What commands have in common: how they read instants, and how they print tables."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ratings.readers import times

_WIDE = 1000
"""Columns of a table that is not for a terminal: programs want no broken lines."""


def instant(text: str) -> datetime:
    """An instant as an argument of a command. Raises ArgumentTypeError."""
    found = times.instant(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no date and no instant of ISO 8601")
    return found


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    """Print `rows`, the columns in `right` (numbers) to the right; nothing without rows."""
    table = Table(*headings, box=None, pad_edge=False)
    for column in table.columns:
        column.justify = "right" if column.header in right else "left"
    for cells in rows:
        table.add_row(*map(escape, cells))
    if table.row_count:
        Console(width=None if sys.stdout.isatty() else _WIDE).print(table)
