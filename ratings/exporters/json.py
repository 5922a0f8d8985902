"""``json``: the document that the API answers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from ratings.core.orders import Issued
from ratings.core.writing import plain, stamp
from ratings.exporters import Exporter
from ratings.exporters.document import document
from ratings.exporters.parties import Parties


def export(issued: Issued, parties: Parties) -> bytes:
    """JSON; numbers have every digit, a draft has no id, digest or time of issue."""
    return msgspec.json.encode(_plain(document(issued)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return msgspec.Raw(plain(value).encode())
    return stamp(value) if isinstance(value, datetime) else value


EXPORTER = Exporter("application/json", ".json", export)
