"""``csv``: a row for each line of an order, for spreadsheets and scripts (RFC 4180)."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any

from ratings.core.orders import Issued
from ratings.core.writing import plain, stamp
from ratings.exporters import Exporter
from ratings.exporters.document import document
from ratings.exporters.parties import Parties

OF_THE_ORDER = {
    "id": "order_id",
    "status": "order_status",
    "tenant_id": "tenant_id",
    "start": "order_start",
    "end": "order_end",
    "currency": "currency",
}
"""Columns that are the same in every row, by their name in the document."""

OF_A_LINE = (
    *("line", "kind", "region", "resource_type", "resource_id", "resource_name"),
    *("component", "unit", "per", "quantity", "unit_price", "start", "end", "amount"),
    *("source", "description", "reason"),
)
HEADER = (*OF_THE_ORDER.values(), "section", *OF_A_LINE)
"""Never changed, only added to at the end."""

_SECTIONS = {"lines": "line", "corrections": "correction", "unpriced": "unpriced"}

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet calculate with a text that a user of the cloud has chosen."""


def export(issued: Issued, parties: Parties) -> bytes:
    """UTF-8 without a byte order mark; an empty cell is what the line has not."""
    found = document(issued)
    order = [_cell(found.get(name)) for name in OF_THE_ORDER]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    for part, section in _SECTIONS.items():
        for line in found[part]:
            writer.writerow([*order, section, *(_cell(line.get(name)) for name in OF_A_LINE)])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, str):
        return harmless(value)
    return "" if value is None else str(value)


def harmless(text: str) -> str:
    """`text`, behind an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


EXPORTER = Exporter("text/csv; charset=utf-8; header=present", ".csv", export)
