"""Rating anew what a change of prices or of a currency concerns, within its transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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


def rerate(
    conn: Connection, settings: Settings, selections: Iterable[Select], *, retroactive: bool
) -> None:
    """Derive anew what `selections` find, with prices as `conn` sees them now.

    The caller keeps raters away, and rolls back on PeriodBilled: raised unless
    `retroactive`, when a record would go that an order has billed with a price.
    Usage that was billed as unpriced waits for its price, and may get it.
    """
    rules_of = settings.rules(settings.price_book(conn))
    component_ids = components.ensure(conn, settings.definitions.units())
    billed = _Billed()
    for select in selections:
        after = 0
        while locked := select(after):
            cases, cuts = settling.gather(conn, locked, {}, from_the_start=True)
            verdicts = settling.decide_all(cases, cuts, rules_of)
            if not retroactive and (gone := _priced(cases, verdicts)):
                billed.note(sales_orders.priced_among(conn, gone))
            # What is refused is counted to its end, but need not be written.
            if not billed.records:
                settling.apply(conn, cases, verdicts, component_ids)
            after = locked[-1].id
    if billed.records:
        raise PeriodBilled(billed.told())


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
