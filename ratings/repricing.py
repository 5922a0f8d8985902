"""Changing prices: the ledger follows in the same transaction.

A price that begins in the future changes nothing yet. One that reaches back
derives anew every resource whose ledger reaches into its time. Where that would change what an
order has billed with a price, it is refused with PeriodBilled, unless it is meant to
be `retroactive`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial

from psycopg import errors as pg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from ratings.core.errors import InvalidPrice, NotFound, PriceOverlap
from ratings.core.meters import LONGEST_WINDOW
from ratings.core.model import UTC_EPOCH, Price, Tier
from ratings.core.pricing import check
from ratings.db import components, prices, resources
from ratings.db.reading import EVERYTHING
from ratings.once import Once, always
from ratings.rerating import CHUNK, Concerned, rerate
from ratings.settling import Settings


@dataclass(frozen=True, slots=True)
class Successor:
    """What is to hold in place of a price, from `start` on (None: now).

    None elsewhere is: as it was. Free units are taken away by 0, tiers by none of them.
    """

    unit_price: Decimal | None = None
    per: str | None = None
    name: str | None = None
    description: str | None = None
    start: datetime | None = None
    free: Decimal | None = None
    tiers: tuple[Tier, ...] | None = None

    def of(self, old: Price) -> Price:
        """What `old` becomes, apart from the time in which it holds."""
        return replace(
            old,
            unit_price=old.unit_price if self.unit_price is None else self.unit_price,
            per=self.per or old.per,
            name=old.name if self.name is None else self.name,
            description=old.description if self.description is None else self.description,
            free=old.free if self.free is None else self.free,
            tiers=old.tiers if self.tiers is None else self.tiers,
        )


def add(
    engine: Engine,
    settings: Settings,
    price: Price,
    *,
    retroactive: bool = False,
    once: Once = always,
) -> Price:
    """A new price (its id is given here). Raises InvalidPrice, PriceOverlap, PeriodBilled."""
    _refuse_unknown(settings, price)
    with engine.begin() as conn:
        keep = once(conn)
        prices.open_for_change(conn)
        added = _insert(conn, settings, price)
        _follow(conn, settings, [added], retroactive)
        return keep(added)


def add_all(
    engine: Engine, settings: Settings, book: Sequence[Price], *, retroactive: bool = False
) -> int:
    """Add a whole book or nothing of it; returns how many prices were not there yet.

    Raises InvalidPrice, PriceOverlap, PeriodBilled.
    """
    for price in book:
        _refuse_unknown(settings, price)
    with engine.begin() as conn:
        prices.open_for_change(conn)
        known = {_nameless(price) for price in prices.load(conn)}
        new = [price for price in book if _nameless(price) not in known]
        # All of them before the ledger follows, so that it follows once.
        _follow(conn, settings, [_insert(conn, settings, price) for price in new], retroactive)
    return len(new)


def take_over(
    engine: Engine,
    settings: Settings,
    price_id: int,
    successor: Successor,
    now: datetime,
    *,
    retroactive: bool = False,
    once: Once = always,
) -> Price:
    """Let `successor` hold in place of a price, which keeps its past.

    Where it charges the same, the price is merely described anew. Raises
    NotFound, InvalidPrice, PeriodBilled.
    """
    with engine.begin() as conn:
        keep = once(conn)
        prices.open_for_change(conn)
        old = _existing(conn, price_id)
        new = successor.of(old)
        check(new)
        if _nameless(new) == _nameless(old):
            prices.describe(conn, price_id, new.name, new.description)
            return keep(new)
        at = _moment(old, successor.start, now)
        if at == old.start:
            prices.delete(conn, price_id)
        else:
            prices.close(conn, price_id, at)
        added = _insert(conn, settings, replace(new, start=at))
        _follow(conn, settings, [added], retroactive)
        return keep(added)


def end(
    engine: Engine,
    settings: Settings,
    price_id: int,
    now: datetime,
    *,
    retroactive: bool = False,
    once: Once = always,
) -> None:
    """No longer charge it: from now on, or never if nothing was priced with it.

    Raises NotFound, PeriodBilled.
    """
    with engine.begin() as conn:
        keep = once(conn)
        prices.open_for_change(conn)
        price = _existing(conn, price_id)
        if price.end is not None and price.end <= now:
            return keep(None)
        begun = price.start is None or price.start < now
        if begun and prices.used(conn, price_id):
            prices.close(conn, price_id, now)
        else:
            prices.delete(conn, price_id)
        # Events may be a little ahead of the clock, and what they closed was priced.
        _follow(conn, settings, [replace(price, start=now) if begun else price], retroactive)
        return keep(None)


def _refuse_unknown(settings: Settings, price: Price) -> None:
    check(price)
    units = settings.definitions.units()
    if price.component not in units:
        known = ", ".join(sorted(units))
        raise InvalidPrice(f"{price.component!r} is no component; there are {known}")


def _nameless(price: Price) -> Price:
    """What a price charges, apart from how it is called."""
    return replace(price, id=0, name=None, description=None)


def _insert(conn: Connection, settings: Settings, price: Price) -> Price:
    component_ids = components.ensure(conn, settings.definitions.units())
    try:
        price_id = prices.insert(conn, price, component_ids[price.component])
    except IntegrityError as error:
        if isinstance(error.orig, pg.ExclusionViolation):
            raise PriceOverlap(
                f"another price of {price.component} with the same region, tenant, match and"
                " currency holds at some instant of this one"
            ) from error
        raise
    return replace(price, id=price_id)


def _follow(
    conn: Connection, settings: Settings, changed: Iterable[Price], retroactive: bool
) -> None:
    """Derive anew what lived while a price of `changed` holds. The caller keeps raters away."""
    concerned = [_concerned(conn, settings, price) for price in changed]
    if concerned:
        rerate(conn, settings, concerned, retroactive=retroactive)


def _concerned(conn: Connection, settings: Settings, price: Price) -> Concerned:
    """What may be charged with `price`: nothing of a window that ended before it."""
    types = [
        name
        for name, resource_type in settings.definitions.types.items()
        if any(component.name == price.component for component in resource_type.components)
    ]
    found = partial(
        resources.lock_affected,
        conn,
        types,
        region=price.region,
        start=price.start,
        end=price.end,
        reach=settings.definitions.meters.window,
        limit=CHUNK,
    )
    since = None
    if price.start is not None and price.start > UTC_EPOCH:
        since = price.start - LONGEST_WINDOW
    return Concerned(lambda after: found(after=after), since)


def _existing(conn: Connection, price_id: int) -> Price:
    price = prices.get(conn, EVERYTHING, price_id)
    if price is None:
        raise NotFound(f"there is no price {price_id}")
    return price


def _moment(old: Price, start: datetime | None, now: datetime) -> datetime:
    """When the successor of `old` begins; what has begun cannot be replaced from its start."""
    at = start or (now if old.start is None else max(now, old.start))
    begun = old.start is None or old.start < now
    if old.start is not None and (at < old.start or (begun and at == old.start)):
        raise InvalidPrice("start_at must lie after the start of the price that it takes over from")
    if old.end is not None and at >= old.end:
        raise InvalidPrice("start_at must lie before the end of the price that it takes over from")
    return at
