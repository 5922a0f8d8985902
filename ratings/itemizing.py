"""Itemizing: what a line of an issued order is made of, records or an adjustment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from ratings import adjusting, explaining, orders
from ratings.core.composing import exact_sum, parts
from ratings.core.errors import NotFound
from ratings.core.explaining import Working, of_adjustment, written
from ratings.core.model import Price
from ratings.core.orders import Adjustment, Basis, Item, Line, Order
from ratings.core.pricing import PriceBook
from ratings.core.writing import plain
from ratings.db import adjustments as made
from ratings.db import evidence, sales_orders, terms
from ratings.db.reading import Scope, reading
from ratings.db.sales_orders import Entry
from ratings.db.terms import Standing
from ratings.explaining import Explained
from ratings.settling import Settings


@dataclass(frozen=True, slots=True)
class Reckoned:
    """An adjustment explained.

    step:       1 to 4, as in `core.adjustments`.
    rule:       what it did, as a sentence.
    price, term: what it is of; one of them.
    basis, working: None where it takes back what another line explains.
    based_on:   lines of the same order that it was worked out of.
    order_id:   of the period that is adjusted: this order, or the one that is corrected.
    takes_back: the order that said it, and the line there; None unless it is taken back.
    """

    step: int
    rule: str
    price: Price | None
    term: Standing | None
    basis: Basis | None
    working: Working | None
    based_on: list[int]
    order_id: int | None
    takes_back: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Itemized:
    """A line of an order, and its records (of usage) or the adjustment that it is."""

    order_id: int
    order: Order
    number: int
    line: Line
    records: list[Explained]
    adjustment: Reckoned | None


class _Opened(NamedTuple):
    """An issued order, taken apart."""

    id: int
    order: Order
    entries: Sequence[Entry]
    adjustments: Sequence[Adjustment]
    parts: list[list[Item] | Adjustment]


def line(engine: Engine, settings: Settings, scope: Scope, order_id: int, number: int) -> Itemized:
    """A line of an issued order in `scope` by its number. Raises NotFound, DigestMismatch."""
    with reading(engine, scope, snapshot=True) as conn:
        opened = _open(conn, scope, order_id)
        if not 1 <= number <= len(opened.parts):
            raise NotFound(f"sales order {order_id} has no line {number}")
        found, part = opened.order.numbered()[number - 1], opened.parts[number - 1]
        records, adjustment = [], None
        if isinstance(part, Adjustment):
            book = settings.price_book(conn)
            adjustment = _reckoned(conn, scope, book, opened, number, part)
        else:
            # Two records may be equal; the item is the one that the entry holds.
            ids = {id(entry.item): entry.record_id for entry in opened.entries}
            signs = {record_id: i.sign for i in part if (record_id := ids[id(i)]) is not None}
            records = explaining.records(conn, scope, signs)
        return Itemized(order_id, opened.order, number, found, records, adjustment)


def _open(conn: Connection, scope: Scope, order_id: int) -> _Opened:
    header = sales_orders.get(conn, scope, order_id)
    if header is None:
        raise NotFound(f"there is no sales order {order_id}")
    entries = sales_orders.entries(conn, order_id)
    adjustments = made.of_order(conn, order_id)
    order = orders.verified(orders.regenerated(header, entries, adjustments)).order
    items = [entry.item for entry in entries]
    return _Opened(order_id, order, entries, adjustments, parts(items, adjustments))


def _reckoned(
    conn: Connection,
    scope: Scope,
    book: PriceBook,
    opened: _Opened,
    number: int,
    one: Adjustment,
) -> Reckoned:
    order = opened.order
    term = None if one.kind in ("free", "tier") else terms.get(conn, scope, one.source)
    price = book[one.source] if term is None else None
    basis = None
    if one.kind == "credit" and term is not None:
        basis = _credited(conn, order, number, one, term)
    elif one.sign > 0:
        again = adjusting.adjusted(
            conn, book, order.tenant_id, order.start, order.end, opened.entries
        )
        basis = next((each.basis for each in again if each == one), None)
    of_period = opened.id
    if one.reason is not None:
        of_period = evidence.ending(conn, order.tenant_id, [one.end]).get(one.end, of_period)
    return Reckoned(
        step=_STEPS[one.kind],
        rule=_rule(one, term, basis, order.currency),
        price=price,
        term=term,
        basis=basis,
        working=None if basis is None else of_adjustment(one, basis, order.currency),
        based_on=_based_on(order, number, one, book) if one.reason is None else [],
        order_id=of_period,
        takes_back=_taken_back(conn, scope, order, one) if one.sign < 0 else None,
    )


_STEPS = {"free": 1, "tier": 1, "discount": 2, "minimum": 3, "credit": 4}


def _credited(
    conn: Connection, order: Order, number: int, one: Adjustment, term: Standing
) -> Basis:
    """What was due before a credit paid, and what remained of it."""
    before = [*order.lines[: number - 1], *order.corrections]
    due = exact_sum(each.amount for each in before if each.amount is not None)
    paid = made.paid_before(conn, one.source, order.end)
    remaining = Fraction(term.term.value) - Fraction(paid)
    return Basis(Fraction(due), remaining, Fraction(one.amount))


def _based_on(order: Order, number: int, one: Adjustment, book: PriceBook) -> list[int]:
    """Numbers of the lines of which the adjustment at `number` was worked out."""
    before = list(enumerate(order.lines[: number - 1], 1))
    if one.kind in ("free", "tier"):
        kind = _ladder(book[one.source])
        return [
            n
            for n, each in before
            if each.source is not None
            and each.kind == "usage"
            and _ladder(book[each.source]) == kind
        ]
    if one.kind == "credit":
        corrections = range(len(order.lines) + 1, len(order.lines) + len(order.corrections) + 1)
        return [n for n, _ in before] + list(corrections)
    concerned = (None, one.component)
    return [n for n, each in before if one.component is None or each.component in concerned]


def _ladder(price: Price) -> tuple[object, ...]:
    """What prices have in common that count together."""
    return price.component, price.region, price.tenant_id, price.match, price.per


def _taken_back(
    conn: Connection, scope: Scope, order: Order, one: Adjustment
) -> tuple[int, int] | None:
    place = made.first_said(conn, order.tenant_id, one, order.end)
    if place is None:
        return None
    order_id, position = place
    opened = _open(conn, scope, order_id)
    said = opened.adjustments[position - 1]
    return order_id, next(n for n, part in enumerate(opened.parts, 1) if part is said)


def _rule(one: Adjustment, term: Standing | None, basis: Basis | None, currency: str) -> str:
    if one.sign < 0:
        return "It is not what the period comes to any more, and is taken back."
    if basis is None:
        return "It cannot be worked out again."
    base = written(basis.base)
    if term is None:
        return (
            f"Step 1, free units and tiers: {base} {one.unit} were counted, of which"
            f" {plain(one.quantity)} are {_band(one)}; beside what their records"
            f" charge, each of these costs {plain(one.unit_price)} {currency}."
        )
    agreed = "" if basis.agreed is None else written(basis.agreed)
    return {
        "discount_percent": f"Step 2, discounts: {plain(term.term.value)} percent of the {base}"
        f" {currency} that were left of what was used in its time.",
        "discount_amount": f"Step 2, discounts: {agreed} {currency} are agreed for the time of the"
        f" order; {base} {currency} were left to take it off.",
        "minimum": f"Step 3, minimum charge: {agreed} {currency} are agreed for the time of the"
        f" order; {base} {currency} were charged.",
        "credit": f"Step 4, credits: {base} {currency} were due, and {agreed} {currency} remained"
        " of it.",
    }[term.term.kind]


def _band(one: Adjustment) -> str:
    return "free" if one.kind == "free" else one.description
