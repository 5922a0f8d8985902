"""Rating anew what a change of prices or of a currency concerns, within its transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from ratings import settling
from ratings.core.errors import PeriodBilled
from ratings.core.ledger import Verdict
from ratings.db import components, sales_orders
from ratings.db.resources import Resource
from ratings.settling import Settings

CHUNK = 1000

Select = Callable[[int], Sequence[Resource]]
"""Row id -> up to `CHUNK` resources past it, locked in id order; none at the end."""


class Concerned(NamedTuple):
    """What a change concerns; nothing that ended before `since`, if that is known."""

    select: Select
    since: datetime | None = None


def rerate(
    conn: Connection, settings: Settings, concerned: Iterable[Concerned], *, retroactive: bool
) -> None:
    """Derive anew what is `concerned`, with prices as `conn` sees them now.

    The caller keeps raters away, and rolls back on PeriodBilled: raised unless
    `retroactive`, when a record would go that an order has billed with a price.
    Usage that was billed as unpriced waits for its price, and may get it.
    """
    rules_of = settings.rules(settings.price_book(conn))
    component_ids = components.ensure(conn, settings.definitions.units())
    billed = _Billed()
    for portion, since in _portions(conn, concerned):
        cases, cuts = settling.gather(conn, portion, {}, since=since, from_the_start=since is None)
        verdicts = settling.decide_all(cases, cuts, rules_of)
        if not retroactive and (gone := _priced(cases, verdicts)):
            billed.note(sales_orders.priced_among(conn, gone))
        # What is refused is counted to its end, but need not be written.
        if not billed.records:
            settling.apply(conn, cases, verdicts, component_ids)
    if billed.records:
        raise PeriodBilled(billed.told())


def _portions(
    conn: Connection, concerned: Iterable[Concerned]
) -> Iterator[tuple[Sequence[Resource], datetime | None]]:
    """All that is concerned, as much of it at a time as fits into memory, and since when."""
    for select, since in concerned:
        after = 0
        while locked := select(after):
            yield from ((portion, since) for portion in settling.portions(conn, locked, since))
            after = locked[-1].id


def _priced(cases: settling.Cases, verdicts: Mapping[int, Verdict]) -> list[int]:
    """Ids of the records with a price that `verdicts` supersede."""
    return [
        record_id
        for row_id, verdict in verdicts.items()
        for record_id in verdict.change.supersede
        if cases[row_id][1].have[record_id].unit_price is not None
    ]


@dataclass(frozen=True, slots=True)
class _Billed:
    """What a change would take from orders: ids of records and of orders, and tenants."""

    records: set[int] = field(default_factory=set)
    orders: set[int] = field(default_factory=set)
    tenants: set[str] = field(default_factory=set)

    def note(self, rows: Iterable[Row[Any]]) -> None:
        for row in rows:
            self.records.add(row.record_id)
            self.orders.add(row.order_id)
            self.tenants.add(row.tenant_id)

    def told(self) -> str:
        return (
            f"{_counted(self.records, 'record')} of {_counted(self.orders, 'sales order')} of"
            f" {_counted(self.tenants, 'tenant')} would no longer be true; let it begin after the"
            " end of these orders, or ask for it to be retroactive: then the tenants' next orders"
            " take back what was billed, and bill it anew"
        )


def _counted(things: set[Any], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
