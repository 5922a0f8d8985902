"""Exporters: an order in the format that somebody else reads.

An exporter is a pure function of an order and of those whom it concerns. It is an
entry point in the namespace ``ratings.exporters`` that names an `Exporter`; `plugins`
finds it. No clock, no files, no floats: the same order gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ratings.core.errors import InvalidInput, RatingError
from ratings.core.orders import Issued, Order
from ratings.exporters.parties import Directory, Parties

DRAFT = 0
"""The id of what has none: issued orders count from 1."""


class NotExportable(RatingError):
    """The format cannot say what the order, or what the operator's file of parties, says."""

    code = "not_exportable"
    status = 409


@dataclass(frozen=True, slots=True)
class Exporter:
    """A format.

    media_type: of the bytes, as HTTP says it.
    suffix:     of a file's name, with its dot.
    export:     raises NotExportable.
    """

    media_type: str
    suffix: str
    export: Callable[[Issued, Parties], bytes]


def drafted(order: Order, now: datetime) -> Issued:
    """A draft as exporters take it; `now` is when it was made."""
    return Issued(DRAFT, now, None, order)


def is_draft(issued: Issued) -> bool:
    return issued.id == DRAFT


def invoice_number(order_id: int, parties: Parties) -> str:
    """What an order is called where it is paid."""
    return f"{parties.invoice.number_prefix}{order_id}"


@dataclass(frozen=True, slots=True)
class File:
    """Something to keep, with what it is and what to call it."""

    content: bytes
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class Exports:
    """The installed formats by name, and whom orders concern."""

    exporters: Mapping[str, Exporter]
    directory: Directory

    def file(self, format_: str, issued: Issued) -> File:
        """An order or a draft in a format: ``sales-order-7.csv``, ``sales-draft-TENANT.csv``.

        Raises InvalidInput (format_unknown), NotExportable.
        """
        if format_ not in self.exporters:
            known = ", ".join(sorted(self.exporters))
            raise InvalidInput(f"format must be one of {known}", code="format_unknown")
        exporter, tenant_id = self.exporters[format_], issued.order.tenant_id
        content = exporter.export(issued, self.directory.parties(tenant_id))
        tenant = re.sub(r"[^A-Za-z0-9_-]", "_", tenant_id)
        name = f"sales-draft-{tenant}" if is_draft(issued) else f"sales-order-{issued.id}"
        return File(content, exporter.media_type, f"{name}{exporter.suffix}")
