"""Sales orders: close a period, draft one, and say again what an issued one said."""

from __future__ import annotations

import logging
from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from psycopg import errors as pg
from sqlalchemy import Connection, Engine, Row
from sqlalchemy.exc import IntegrityError, OperationalError

from ratings import billing, settling
from ratings.billing import Bill
from ratings.core.composing import compose, sealed
from ratings.core.errors import DigestMismatch, NotFound, OrderOverlap
from ratings.core.orders import Adjustment, Issued, Order
from ratings.db import adjustments as made
from ratings.db import outbox, prices, sales_orders
from ratings.db.reading import Scope, reading
from ratings.db.sales_orders import Entry
from ratings.once import Once, always
from ratings.rater import Rater

LOG = logging.getLogger(__name__)

_ATTEMPTS = 3
_ONCE = ("ex_sales_orders_overlap", "uq_sales_order_lines_record_id_sign")
"""What PostgreSQL says to the second of two who close the same period."""

_MEANWHILE = "another order of {} was issued meanwhile"


def close(
    engine: Engine,
    rater: Rater,
    tenant_id: str,
    end: datetime,
    now: datetime,
    *,
    once: Once = always,
) -> Issued:
    """Issue the order of a tenant up to `end`: what runs is written up to it, and billed.

    It begins where the last one ended, else with the first usage. Raises
    InvalidInput (end_in_future, end_not_after_start, no_usage), OrderOverlap.
    """
    attempts = _ATTEMPTS
    while True:
        attempts -= 1
        try:
            issued, bill, cut = _close(engine, rater, tenant_id, end, now, once)
            break
        except OperationalError as error:
            if not attempts or not isinstance(error.orig, pg.DeadlockDetected):
                raise
    try:
        _cut_newcomers(engine, rater, bill, cut)
    except OperationalError as error:
        # The order stands; its successor cuts what is left.
        LOG.warning("sales order %s: newcomers are not cut yet: %s", issued.id, error.orig)
    return issued


def _close(
    engine: Engine, rater: Rater, tenant_id: str, end: datetime, now: datetime, once: Once
) -> tuple[Issued, Bill, set[int]]:
    """The order, how it was made, and the row ids of what was cut at its end."""
    component_ids = rater.component_ids()
    cut: set[int] = set()
    try:
        with engine.begin() as conn:
            keep = once(conn)
            previous = billing.previous_of(conn, tenant_id, end, now)
            bill = Bill(conn, rater.settings, rater.book(conn), tenant_id, previous, end, True)
            for cases, verdicts in billing.decided(bill):
                settling.apply(conn, cases, verdicts, component_ids)
                cut.update(cases)
            found = sales_orders.outstanding(conn, tenant_id, end)
            if sales_orders.last(conn, tenant_id) != previous:
                # Issued while this one waited for locks; later ones meet the constraints.
                raise OrderOverlap(_MEANWHILE.format(tenant_id))
            order, entries, adjustments = billing.composed(bill, found)
            order_id, created_at = sales_orders.insert(conn, order, entries)
            made.append(conn, order_id, adjustments)
            outbox.append(conn, order_id, rater.settings.drivers)
            issued = keep(_related(conn, Issued(order_id, created_at, order.digest, order)))
    except IntegrityError as error:
        if isinstance(error.orig, pg.Error) and error.orig.diag.constraint_name in _ONCE:
            raise OrderOverlap(_MEANWHILE.format(tenant_id)) from error
        raise
    return issued, bill, cut


def _cut_newcomers(engine: Engine, rater: Rater, bill: Bill, cut: Set[int]) -> None:
    """Cut what was first heard of while the order was being issued; `cut` are row ids of the rest.

    Who rated it could not see the order, nor the order it. All who rate hold prices
    still, so after a moment of the opposite there is nobody left who knows no better.
    """
    with engine.begin() as conn:
        prices.open_for_change(conn)
    with engine.begin() as conn:
        again = replace(bill, conn=conn, book=rater.book(conn))
        for cases, verdicts in billing.decided(again, but=cut):
            settling.apply(conn, cases, verdicts, rater.component_ids())


def draft(
    engine: Engine, rater: Rater, scope: Scope, tenant_id: str, end: datetime, now: datetime
) -> Order:
    """What `close` would issue at this instant, without the digest; nothing is written.

    `tenant_id` is in `scope`. Raises InvalidInput as `close` does.
    """
    with reading(engine, scope, snapshot=True) as conn:
        previous = billing.previous_of(conn, tenant_id, end, now)
        book = rater.book(conn, still=False)
        bill = Bill(conn, rater.settings, book, tenant_id, previous, end, False)
        found = sales_orders.outstanding(conn, tenant_id, end)
        entries = {entry.record_id: entry for entry in found if entry.item.sign > 0}
        reversals = [entry for entry in found if entry.item.sign < 0]
        added: list[Entry] = []
        for cases, verdicts in billing.decided(bill):
            obsolete = [i for v in verdicts.values() for i in v.change.supersede]
            gone = [i for i in obsolete if entries.pop(i, None) is None]
            if gone:
                reversals += sales_orders.billed_among(conn, tenant_id, gone)
            added += billing.entries_of(bill, cases, verdicts)
        return billing.composed(bill, [*entries.values(), *added, *reversals])[0]


def proven(engine: Engine, scope: Scope, order_id: int) -> Issued:
    """An issued order in `scope`, made again, and found to be what was issued.

    Raises NotFound, DigestMismatch.
    """
    return verified(regenerate(engine, scope, order_id))


def verified(issued: Issued) -> Issued:
    """`issued`, if it is what was issued. Raises DigestMismatch."""
    if issued.digest != issued.order.digest:
        raise DigestMismatch(
            f"sales order {issued.id} of {issued.order.tenant_id} was issued with the digest "
            f"{issued.digest}; what the ledger has now gives {issued.order.digest}"
        )
    return issued


def regenerate(engine: Engine, scope: Scope, order_id: int) -> Issued:
    """An issued order in `scope`, made again from its records. Raises NotFound.

    Whether it is what was issued is for the caller to see: compare the two digests.
    """
    with reading(engine, scope, snapshot=True) as conn:
        header = sales_orders.get(conn, scope, order_id)
        if header is None:
            raise NotFound(f"there is no sales order {order_id}")
        entries = sales_orders.entries(conn, order_id)
        return _related(conn, regenerated(header, entries, made.of_order(conn, order_id)))


def _related(conn: Connection, issued: Issued) -> Issued:
    """`issued` with the earlier orders that its corrections are about."""
    spans = [(line.start, line.end) for line in issued.order.corrections]
    if not spans:
        return issued
    touched = sales_orders.touched(conn, issued.order.tenant_id, spans)
    return replace(issued, corrects=tuple(i for i in touched if i != issued.id))


def regenerated(
    header: Row[Any], entries: Sequence[Entry], adjustments: Sequence[Adjustment]
) -> Issued:
    """The issued order of a header (see `sales_orders.get`), made again of what it points at."""
    order = sealed(
        compose(
            header.tenant_id,
            header.start,
            header.end,
            header.currency,
            [entry.item for entry in entries],
            adjustments,
            header.previous_digest,
        )
    )
    return Issued(header.id, header.created_at, header.digest, order)
