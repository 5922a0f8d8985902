"""What goes into a sales order: gathered and decided, for closing and for drafts alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from ratings import adjusting, settling
from ratings.core.composing import compose, corrected, credited, sealed
from ratings.core.errors import Conflict, InvalidInput
from ratings.core.ledger import Verdict
from ratings.core.meters import LONGEST_WINDOW
from ratings.core.orders import Adjustment, Item, Order, Subject
from ratings.core.pricing import PriceBook
from ratings.db import resources, sales_orders
from ratings.db.reading import lifted
from ratings.db.resources import Resource
from ratings.db.sales_orders import Entry
from ratings.settling import Settings

_CHUNK = 1000

Decided = tuple[settling.Cases, Mapping[int, Verdict]]


@dataclass(frozen=True, slots=True)
class Bill:
    """An order in the making, on one connection.

    previous: the order that it follows.
    locked:   whether it is to be issued: resources are locked, and prices keep still.
    """

    conn: Connection
    settings: Settings
    book: PriceBook
    tenant_id: str
    previous: Row[Any] | None
    end: datetime
    locked: bool


def previous_of(conn: Connection, tenant_id: str, end: datetime, now: datetime) -> Row[Any] | None:
    """The order that the one up to `end` follows. InvalidInput: end_in_future, ..."""
    refuse_future(end, now)
    previous = sales_orders.last(conn, tenant_id)
    if previous is not None and end <= previous.end:
        raise InvalidInput(
            f"end must lie after the end of the last order, {previous.end.isoformat()}",
            code="end_not_after_start",
        )
    return previous


def refuse_future(end: datetime, now: datetime) -> None:
    """InvalidInput (end_in_future): what is to come cannot be billed."""
    if end > now:
        raise InvalidInput("end lies in the future", code="end_in_future")


def decided(bill: Bill, *, but: Set[int] = frozenset()) -> Iterator[Decided]:
    """Cases and verdicts of all that runs on or crosses a cut, a thousand resources at a time.

    Those with a row id in `but` are left out.
    """
    rules_of = bill.settings.rules(bill.book)
    cuts = [bill.end] if bill.previous is None else [bill.previous.end, bill.end]
    closing = {bill.tenant_id: bill.end}
    # What another has by now may have to be cut, too, with what is believed of it.
    with lifted(bill.conn):
        crossing = resources.to_close(bill.conn, bill.tenant_id, cuts)
    concerned = [row_id for row_id in crossing if row_id not in but]
    for at in range(0, len(concerned), _CHUNK):
        with lifted(bill.conn):
            chunk = concerned[at : at + _CHUNK]
            found = resources.by_ids(bill.conn, chunk, locked=bill.locked)
        for group, since in _by_history(map(resources.of, found), crossing, cuts):
            cases, all_cuts = settling.gather(bill.conn, group, {}, since=since, closing=closing)
            yield cases, settling.decide_all(cases, all_cuts, rules_of)


def _by_history(
    found: Iterable[Resource], crossing: Mapping[int, bool], cuts: Sequence[datetime]
) -> Iterator[tuple[Sequence[Resource], datetime | None]]:
    """Those heard of since the last of `cuts`, or with a record that crosses one, and from when
    on they have to be derived anew: since before any window that the cut may lie in.

    The others need what is believed. A record that crosses the cut before `end` is older
    than that: the order that made that cut could not reach it (see `orders.close`).
    """
    groups: dict[datetime | None, list[Resource]] = {}
    for resource in found:
        last, since = resource.state.last, None
        if crossing[resource.id]:
            since = cuts[0] - LONGEST_WINDOW
        elif last is not None and last[0] > cuts[-1]:
            since = cuts[-1] - LONGEST_WINDOW
        groups.setdefault(since, []).append(resource)
    yield from ((group, since) for since, group in groups.items())


def entries_of(
    bill: Bill, cases: settling.Cases, verdicts: Mapping[int, Verdict]
) -> Iterator[Entry]:
    """What `verdicts` would write into the ledger, as far as the order takes it."""
    units = bill.settings.definitions.units()
    for row_id, verdict in verdicts.items():
        resource = cases[row_id][0]
        owned = resource.state.tenant_id == bill.tenant_id
        name = resource.state.facts.get("name") if owned else None
        subject = Subject(*resource.key, None if name is None else str(name))
        for record in verdict.change.insert:
            if record.tenant_id == bill.tenant_id and record.start < bill.end:
                per = None if record.price_id is None else bill.book[record.price_id].per
                item = Item(subject, record, units[record.component], per)
                yield Entry(None, row_id, item)


def composed(bill: Bill, entries: Sequence[Entry]) -> tuple[Order, list[Entry], list[Adjustment]]:
    """The order of `entries`, these with their reasons, and its adjustments.

    InvalidInput: no_usage. Conflict: currency_mixed.
    """
    conn, tenant_id, previous, end = bill.conn, bill.tenant_id, bill.previous, bill.end
    if previous is None and not entries:
        raise InvalidInput(f"{tenant_id} has used nothing before that", code="no_usage")
    start = previous.end if previous is not None else min(e.item.record.start for e in entries)
    items = corrected((entry.item for entry in entries), start)
    explained = [entry._replace(item=item) for entry, item in zip(entries, items, strict=True)]
    currency = bill.book.currency(tenant_id)
    if others := {entry.item.record.currency for entry in entries} - {currency}:
        # The default was another when it was recorded; what was billed keeps its currency.
        raise Conflict(
            f"{tenant_id} is billed in {currency}, but has usage in {', '.join(sorted(others))};"
            " set the currency of the tenant, then that is rated anew",
            code="currency_mixed",
        )
    digest = None if previous is None else previous.digest
    adjustments = adjusting.adjusted(conn, bill.book, tenant_id, start, end, explained)
    order = compose(tenant_id, start, end, currency, items, adjustments, digest)
    credits = adjusting.paid(conn, tenant_id, start, end, currency, order.total)
    order = credited(order, credits) if credits else order
    return sealed(order) if bill.locked else order, explained, [*adjustments, *credits]
