"""What a tenant has spent, and will have: gathered for one instant, asked for any periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from ratings import accruing
from ratings.core import forecasting, spending
from ratings.core.forecasting import Horizon, Prospect, horizon, lasts
from ratings.core.graduation import climbing
from ratings.core.model import Record
from ratings.core.orders import Item, Subject
from ratings.core.pricing import PriceBook
from ratings.core.spending import SINCE_EVER, Stretch, Usage
from ratings.db import resources, sales_orders, terms
from ratings.db import spending as ledger
from ratings.db.reading import Scope
from ratings.db.resources import Resource
from ratings.db.spending import Whose
from ratings.settling import Settings


@dataclass(frozen=True, slots=True)
class View:
    """A tenant at the instant `now`, on one connection that sees one state of the database.

    open:    what runs, by row id; running: what it has used since its last record.
    """

    conn: Connection
    settings: Settings
    now: datetime
    usage: Usage
    open: Mapping[int, Resource]
    running: Mapping[int, Sequence[Item]]

    def spent(self, start: datetime, until: datetime) -> Decimal:
        """What was spent in [start, until), of which the end may be yet to come."""
        return spending.spent(self.usage, start, min(until, self.now))

    def forecast(self, start: datetime, end: datetime) -> Decimal:
        """What will have been spent in [start, end), which is not over."""
        prospect = _prospect(self, horizon(start, end), end)
        return forecasting.forecast(self.usage, prospect, self.now, start, end)


def view(
    conn: Connection,
    settings: Settings,
    book: PriceBook,
    tenant_id: str,
    now: datetime,
    bounds: Iterable[datetime],
) -> View:
    """For periods that begin or end at `bounds`, or end later than `now`."""
    open_ones = _open(conn, tenant_id, now)
    running = _running(conn, settings, book, tenant_id, open_ones.values(), now)
    whose = Whose(tenant_id, book.currency(tenant_id), now)
    agreed = terms.standing(conn, tenant_id)
    apart = climbing(book)
    past = {bound for bound in bounds if bound < now} | {now}
    stretches = [Stretch(SINCE_EVER, None, True)]
    if agreed or apart:
        beginning = _beginning(conn, tenant_id, open_ones.values(), now)
        stretches = _billed(conn, tenant_id, min(past), now)
        stretches = stretches or [Stretch(beginning, None, True)]
        past |= {beginning if stretch.first else stretch.start for stretch in stretches}
        changes = {bound for term in agreed for bound in (term.start, term.end)}
        past |= {change for change in changes if change is not None and min(past) < change < now}
    usage = Usage(
        tenant_id=tenant_id,
        currency=whose.currency,
        book=book,
        terms=agreed,
        stretches=tuple(stretches),
        items=ledger.items(conn, whose, sorted(past), apart),
        running=[item for items in running.values() for item in items],
    )
    return View(conn, settings, now, usage, open_ones, running)


def order_start(conn: Connection, tenant_id: str, now: datetime) -> datetime:
    """Where the order period that runs began: as the next order will say."""
    last = sales_orders.billed_until(conn, tenant_id)
    return last or _beginning(conn, tenant_id, _open(conn, tenant_id, now).values(), now)


def _beginning(
    conn: Connection, tenant_id: str, open_ones: Iterable[Resource], now: datetime
) -> datetime:
    """When a tenant is first known to have used anything; `now` if it has not."""
    running = [r.state.since for r in open_ones if r.state.since is not None]
    return min([*running, ledger.beginning(conn, tenant_id) or now])


def _billed(conn: Connection, tenant_id: str, since: datetime, now: datetime) -> list[Stretch]:
    """The order periods from the one that holds `since` on; none if nothing has been billed."""
    last = sales_orders.billed_until(conn, tenant_id)
    if last is None:
        return []
    periods = sales_orders.periods(conn, tenant_id, since, now)
    return [*(Stretch(*period) for period in periods), Stretch(last, None, False)]


def _open(conn: Connection, tenant_id: str, now: datetime) -> dict[int, Resource]:
    rows = resources.by_ids(conn, list(resources.to_close(conn, tenant_id, [now])))
    return {resource.id: resource for resource in map(resources.of, rows) if resource.state.open}


def _running(
    conn: Connection,
    settings: Settings,
    book: PriceBook,
    tenant_id: str,
    open_ones: Iterable[Resource],
    until: datetime,
) -> dict[int, list[Item]]:
    """What `open_ones` have used, or will have, since their last records, and has a price."""
    units, currency = settings.definitions.units(), book.currency(tenant_id)
    known = {resource.id: resource for resource in open_ones}

    def item(resource: Resource, record: Record) -> Item:
        per = None if record.price_id is None else book[record.price_id].per
        return Item(Subject(*resource.key, None), record, units[record.component], per)

    accrued = accruing.accrue(conn, settings.rules(book), Scope(tenant_id), known.values(), until)
    return {
        row_id: [
            item(known[row_id], record)
            for record in records
            if record.currency == currency and record.amount is not None
        ]
        for row_id, records in accrued.items()
    }


def _prospect(seen: View, of: Horizon, end: datetime) -> Prospect:
    conn, usage, now = seen.conn, seen.usage, seen.now
    types = seen.settings.definitions.types
    sampled = {name for name, kind in types.items() if kind.sampling is not None}
    lasting = {
        row_id: resource
        for row_id, resource in seen.open.items()
        if lasts(resource.state.created_at, now, of, sampled=resource.key[1] in sampled)
    }
    tails = _running(conn, seen.settings, usage.book, usage.tenant_id, lasting.values(), end)
    brief = {row_id: items for row_id, items in seen.running.items() if row_id not in lasting}
    beginning = _beginning(conn, usage.tenant_id, seen.open.values(), now)
    known_for = now - beginning
    window = min(of.recent, known_for) if known_for > timedelta() else of.recent
    whose = Whose(usage.tenant_id, usage.currency, now)
    recent = ledger.recent(conn, whose, now - window, sampled, of.lasting)
    return Prospect(
        lasting=[item for items in tails.values() for item in items],
        brief=[item for items in brief.values() for item in items],
        recent=recent,
        window=window,
    )
