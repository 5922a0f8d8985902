"""Sales orders: close a period, draft one, and say again what an issued one said."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import errors as pg
from sqlalchemy import Connection, Engine, Row
from sqlalchemy.exc import IntegrityError, OperationalError

from ratings import settling
from ratings.core.errors import (
    DigestMismatch,
    InvalidInput,
    NotFound,
    OrderOverlap,
)
from ratings.core.ledger import Verdict
from ratings.core.orders import Item, Order, Subject, compose, corrected
from ratings.db import prices, resources, sales_orders
from ratings.db.resources import Resource
from ratings.db.sales_orders import Entry
from ratings.rater import Rater

LOG = logging.getLogger(__name__)

_CHUNK = 1000
_ONCE = ("ex_sales_orders_overlap", "uq_sales_order_lines_record_id_sign")
"""What PostgreSQL says to the second of two who close the same period."""

_MEANWHILE = "another order of {} was issued meanwhile"

Decided = tuple[settling.Cases, Mapping[int, Verdict]]


@dataclass(frozen=True, slots=True)
class Issued:
    """An order that is final.

    digest is the one that was stored; that of `order` is of what was found.
    """

    id: int
    created_at: datetime
    digest: str | None
    order: Order


def close(engine: Engine, rater: Rater, tenant_id: str, end: datetime, now: datetime) -> Issued:
    """Issue the order of a tenant up to `end`: what runs is written up to it, and billed.

    It begins where the last one ended, else with the first usage. Raises
    InvalidInput (end_in_future, end_not_after_start, no_usage), OrderOverlap.
    """
    component_ids = rater.component_ids()
    cut: set[int] = set()
    try:
        with engine.begin() as conn:
            previous = _previous(conn, tenant_id, end, now)
            for cases, verdicts in _decided(conn, rater, tenant_id, previous, end, locked=True):
                settling.apply(conn, cases, verdicts, component_ids)
                cut.update(cases)
            found = sales_orders.outstanding(conn, tenant_id, end)
            if sales_orders.last(conn, tenant_id) != previous:
                # Issued while this one waited for locks; later ones meet the constraints.
                raise OrderOverlap(_MEANWHILE.format(tenant_id))
            order, entries = _composed(rater, tenant_id, previous, end, found, sealed=True)
            order_id, created_at = sales_orders.insert(conn, order, entries)
    except IntegrityError as error:
        if isinstance(error.orig, pg.Error) and error.orig.diag.constraint_name in _ONCE:
            raise OrderOverlap(_MEANWHILE.format(tenant_id)) from error
        raise
    try:
        _cut_newcomers(engine, rater, tenant_id, previous, end, cut)
    except OperationalError as error:
        # The order stands; its successor cuts what is left.
        LOG.warning("sales order %s: newcomers are not cut yet: %s", order_id, error.orig)
    return Issued(order_id, created_at, order.digest, order)


def _cut_newcomers(
    engine: Engine,
    rater: Rater,
    tenant_id: str,
    previous: Row[Any] | None,
    end: datetime,
    cut: Set[int],
) -> None:
    """Cut what was first heard of while the order was being issued; `cut` are row ids of the rest.

    Who rated it could not see the order, nor the order it. All who rate hold prices
    still, so after a moment of the opposite there is nobody left who knows no better.
    """
    with engine.begin() as conn:
        prices.open_for_change(conn)
    with engine.begin() as conn:
        newcomers = _decided(conn, rater, tenant_id, previous, end, locked=True, but=cut)
        for cases, verdicts in newcomers:
            settling.apply(conn, cases, verdicts, rater.component_ids())


def draft(engine: Engine, rater: Rater, tenant_id: str, end: datetime, now: datetime) -> Order:
    """What `close` would issue at this instant, without the digest; nothing is written.

    Raises InvalidInput as `close` does.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn:
        previous = _previous(conn, tenant_id, end, now)
        found = sales_orders.outstanding(conn, tenant_id, end)
        entries = {entry.record_id: entry for entry in found if entry.item.sign > 0}
        reversals = [entry for entry in found if entry.item.sign < 0]
        added: list[Entry] = []
        for cases, verdicts in _decided(conn, rater, tenant_id, previous, end, locked=False):
            obsolete = [i for v in verdicts.values() for i in v.change.supersede]
            gone = [i for i in obsolete if entries.pop(i, None) is None]
            if gone:
                reversals += sales_orders.billed_among(conn, tenant_id, gone)
            added += _to_be_billed(rater, tenant_id, end, cases, verdicts)
    found = [*entries.values(), *added, *reversals]
    return _composed(rater, tenant_id, previous, end, found, sealed=False)[0]


def proven(engine: Engine, order_id: int) -> Issued:
    """An issued order, made again, and found to be what was issued.

    Raises NotFound, DigestMismatch.
    """
    issued = regenerate(engine, order_id)
    if issued.digest != issued.order.digest:
        raise DigestMismatch(
            f"sales order {order_id} of {issued.order.tenant_id} was issued with the digest "
            f"{issued.digest}; what the ledger has now gives {issued.order.digest}"
        )
    return issued


def regenerate(engine: Engine, order_id: int) -> Issued:
    """An issued order, made again from the records that it points at. Raises NotFound.

    Whether it is what was issued is for the caller to see: compare the two digests.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn:
        header = sales_orders.get(conn, order_id)
        if header is None:
            raise NotFound(f"there is no sales order {order_id}")
        return regenerated(header, sales_orders.items(conn, order_id))


def refuse_future(end: datetime, now: datetime) -> None:
    """InvalidInput (end_in_future): what is to come cannot be billed."""
    if end > now:
        raise InvalidInput("end lies in the future", code="end_in_future")


def regenerated(header: Row[Any], items: Sequence[Item]) -> Issued:
    """The issued order of a header (see `sales_orders.get`), made again from its items."""
    order = compose(
        header.tenant_id,
        header.start,
        header.end,
        header.currency,
        items,
        header.previous_digest,
    )
    return Issued(header.id, header.created_at, header.digest, order)


def _previous(conn: Connection, tenant_id: str, end: datetime, now: datetime) -> Row[Any] | None:
    """The order that the new one follows."""
    refuse_future(end, now)
    previous = sales_orders.last(conn, tenant_id)
    if previous is not None and end <= previous.end:
        raise InvalidInput(
            f"end must lie after the end of the last order, {previous.end.isoformat()}",
            code="end_not_after_start",
        )
    return previous


def _decided(
    conn: Connection,
    rater: Rater,
    tenant_id: str,
    previous: Row[Any] | None,
    end: datetime,
    *,
    locked: bool,
    but: Set[int] = frozenset(),
) -> Iterator[Decided]:
    """Cases and verdicts of all that runs on or crosses a cut, a thousand resources at a time.

    Those with a row id in `but` are left out.
    """
    rules_of = rater.rules(conn, still=locked)
    cuts = [end] if previous is None else [previous.end, end]
    after = 0
    while found := resources.to_close(
        conn, tenant_id, cuts, after=after, limit=_CHUNK, locked=locked
    ):
        concerned = [resource for resource in found if resource.id not in but]
        for group, from_the_start in _by_history(concerned, end):
            cases, all_cuts = settling.gather(
                conn, group, {}, from_the_start=from_the_start, closing={tenant_id: end}
            )
            yield cases, settling.decide_all(cases, all_cuts, rules_of)
        after = found[-1].id


def _by_history(
    found: Sequence[Resource], end: datetime
) -> Iterator[tuple[Sequence[Resource], bool]]:
    """Resources heard of since `end` need their whole timeline, the others what is believed."""
    since = [r for r in found if r.state.last is not None and r.state.last[0] > end]
    before = [r for r in found if r.state.last is None or r.state.last[0] <= end]
    yield from ((group, late) for group, late in ((before, False), (since, True)) if group)


def _to_be_billed(
    rater: Rater,
    tenant_id: str,
    end: datetime,
    cases: settling.Cases,
    verdicts: Mapping[int, Verdict],
) -> Iterator[Entry]:
    units = rater.settings.definitions.units()
    for row_id, verdict in verdicts.items():
        resource = cases[row_id][0]
        name = resource.state.facts.get("name")
        subject = Subject(*resource.key, None if name is None else str(name))
        for record in verdict.change.insert:
            if record.tenant_id == tenant_id and record.start < end:
                yield Entry(None, row_id, Item(subject, record, units[record.component]))


def _composed(
    rater: Rater,
    tenant_id: str,
    previous: Row[Any] | None,
    end: datetime,
    entries: Sequence[Entry],
    *,
    sealed: bool,
) -> tuple[Order, list[Entry]]:
    """The order of `entries`, and these with their reasons."""
    if previous is None and not entries:
        raise InvalidInput(f"{tenant_id} has used nothing before that", code="no_usage")
    start = previous.end if previous is not None else min(e.item.record.start for e in entries)
    items = corrected((entry.item for entry in entries), start)
    explained = [entry._replace(item=item) for entry, item in zip(entries, items, strict=True)]
    order = compose(
        tenant_id,
        start,
        end,
        rater.settings.currency,
        items,
        None if previous is None else previous.digest,
        sealed=sealed,
    )
    return order, explained
