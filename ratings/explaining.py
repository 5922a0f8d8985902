"""Explaining records: from an amount to the price, the events, the orders and the rounding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row

from ratings.core.errors import NotFound
from ratings.core.explaining import (
    Cause,
    Neighbour,
    Sighting,
    Working,
    causes,
    nearest,
    of_record,
    seen_by,
)
from ratings.core.model import ACTIONS, Key, Price, Record
from ratings.db import evidence, prices
from ratings.db import records as ledger
from ratings.db.reading import Scope, lifted, reading

_Related = Callable[[int, int, int, int], Sequence[Row[Any]]]


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a record begins or ends, and why."""

    at: datetime
    causes: list[Cause]


@dataclass(frozen=True, slots=True)
class Explained:
    """A record with all that it follows from.

    row:         of the ledger (see `evidence.records`).
    sign:        1, or -1 where the order that is explained takes it back.
    price:       None without one, or where it was removed since.
    before, after: the events between which it lies; None where there is none.
    replaces:    what the order that bills it takes back in its place.
    replaced_by: what was billed in its place, or is to be.
    """

    row: Row[Any]
    sign: int
    record: Record
    price: Price | None
    working: Working | None
    begins: Bound
    ends: Bound
    before: Sighting | None
    after: Sighting | None
    replaces: Sequence[Row[Any]]
    replaced_by: Sequence[Row[Any]]


def record(engine: Engine, scope: Scope, record_id: int) -> Explained:
    """One record of the ledger in `scope` explained. Raises NotFound."""
    with reading(engine, scope, snapshot=True) as conn:
        found = records(conn, scope, {record_id: 1})
    if not found:
        raise NotFound(f"there is no record {record_id}")
    return found[0]


def records(conn: Connection, scope: Scope, signs: dict[int, int]) -> list[Explained]:
    """Records explained, by start; `signs` are theirs by id. All are of one tenant."""
    rows = evidence.records(conn, scope, list(signs))
    if not rows:
        return []
    beside = _Beside.of(conn, rows)
    price_of = cache(lambda price_id: prices.get(conn, scope, price_id))
    related = cache(lambda *which: evidence.in_order(conn, *which))
    return [_explained(conn, row, signs[row.id], price_of, beside, related) for row in rows]


class _Beside(NamedTuple):
    """What lies beside records: events and current records, by record id and side; orders."""

    events: dict[tuple[int, str], list[tuple[Key, Sighting]]]
    records: dict[tuple[int, str], Neighbour]
    orders: dict[datetime, int]

    @classmethod
    def of(cls, conn: Connection, rows: Sequence[Row[Any]]) -> _Beside:
        owners = {row.id: row.tenant_id for row in rows}
        events: dict[tuple[int, str], list[tuple[Key, Sighting]]] = {}
        with lifted(conn):
            # Of what names others nothing but type and time is told: see `seen_by`.
            found = evidence.neighbours(conn, list(owners))
        for e in found:
            seen = Sighting(
                e.id, e.message_id, e.event_type, e.event_time, e.received_at, e.action, e.content
            )
            key = e.event_time, ACTIONS[e.action].precedence, e.message_id
            sighting = seen_by(owners[e.record_id], e.owners or (), seen)
            events.setdefault((e.record_id, e.side), []).append((key, sighting))
        met = {
            (n.record_id, "before" if n.precedes else "after"): Neighbour(n.price_id)
            for n in evidence.adjacent(conn, list(owners))
        }
        instants = sorted({bound for row in rows for bound in (row.start, row.end)})
        return cls(events, met, evidence.ending(conn, rows[0].tenant_id, instants))


def _explained(
    conn: Connection,
    row: Row[Any],
    sign: int,
    price_of: Callable[[int], Price | None],
    beside: _Beside,
    related: _Related,
) -> Explained:
    one = ledger.of(row)
    price = None if row.price_id is None else price_of(row.price_id)
    per = None if price is None else price.per
    validity = (None, None) if price is None else (price.start, price.end)
    before = nearest(beside.events.get((row.id, "before"), ()), last=True)
    after = nearest(beside.events.get((row.id, "after"), ()), last=False)

    def bound(at: datetime, side: str, event: Sighting | None) -> Bound:
        order_id, met = beside.orders.get(at), beside.records.get((row.id, side))
        return Bound(at, causes(one, at, per, validity, event, order_id, met, sampled=row.sampled))

    return Explained(
        row=row,
        sign=sign,
        record=one,
        price=price,
        working=None if per is None else of_record(one, row.unit, per),
        begins=bound(row.start, "before", before),
        ends=bound(row.end, "after", after),
        before=before,
        after=after,
        replaces=_replaced(row, related),
        replaced_by=_replacing(conn, row, related),
    )


def _replaced(row: Row[Any], related: _Related) -> Sequence[Row[Any]]:
    """What the order that billed a record as a correction takes back of its time."""
    if row.reason is None:
        return []
    taken_back = related(row.billed_in, -1, row.row_id, row.component_id)
    return [other for other in taken_back if _overlap(row, other)]


def _replacing(conn: Connection, row: Row[Any], related: _Related) -> Sequence[Row[Any]]:
    """What takes the place of a record that turned out not to be true."""
    if row.taken_back_in is not None:
        billed = related(row.taken_back_in, 1, row.row_id, row.component_id)
        return [other for other in billed if _overlap(row, other)]
    return [] if row.superseded_at is None else evidence.current(conn, row)


def _overlap(one: Row[Any], other: Row[Any]) -> bool:
    return bool(one.start < other.end and other.start < one.end)
