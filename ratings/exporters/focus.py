"""``focus`` and ``focus-parquet``: FOCUS 1.2, the dataset Cost and Usage, as CSV and Parquet."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any

from ratings.core.orders import Issued
from ratings.core.writing import plain
from ratings.exporters import Exporter, NotExportable
from ratings.exporters.counted import PLACES
from ratings.exporters.focus_rows import COLUMNS, MONEY, NUMBER, PRICE, TEXT, TIME, rows
from ratings.exporters.parties import Parties

_DIGITS = 38
"""Of the widest decimal that every reader of Parquet knows."""

_SCALES = {MONEY: 12, PRICE: 24, NUMBER: PLACES}


def export_csv(issued: Issued, parties: Parties) -> bytes:
    """RFC 4180, UTF-8; null is an empty cell. Texts are as they are: FOCUS wants them so."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(issued, parties):
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, Decimal):
        # Programs that guess the types of columns shall not guess integers.
        text = plain(value)
        return text if "." in text else f"{text}.0"
    if isinstance(value, datetime):
        precision = "microseconds" if value.microsecond else "seconds"
        return f"{value.isoformat(timespec=precision)[:-6]}Z"
    return "" if value is None else str(value)


def export_parquet(issued: Issued, parties: Parties) -> bytes:
    """Money and quantities are decimals, times UTC. NotExportable without the extra parquet."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise NotExportable("Parquet needs the extra: pip install ratings[parquet]") from None
    types = {
        TEXT: pa.string(),
        TIME: pa.timestamp("us", tz="UTC"),
        **{kind: pa.decimal128(_DIGITS, scale) for kind, scale in _SCALES.items()},
    }
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    try:
        table = pa.Table.from_pylist(list(rows(issued, parties)), schema=schema)
    except pa.ArrowInvalid as error:
        raise NotExportable(f"a number is too long for Parquet: {error}") from None
    target = io.BytesIO()
    parquet.write_table(table, target)
    return target.getvalue()


EXPORTER = Exporter("text/csv; charset=utf-8; header=present", ".focus.csv", export_csv)
PARQUET = Exporter("application/vnd.apache.parquet", ".focus.parquet", export_parquet)
