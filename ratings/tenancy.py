"""Tenants: the one currency in which each is billed."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, Row

from ratings.core.errors import Conflict, InvalidInput, NotFound
from ratings.core.pricing import is_currency
from ratings.db import prices, resources, tenants, terms
from ratings.db.reading import EVERYTHING
from ratings.once import Once, always
from ratings.rerating import CHUNK, Concerned, rerate
from ratings.settling import Settings

_TERMS = 1000
"""More than anybody agrees upon with a tenant that has no order yet."""


def set_currency(
    engine: Engine, settings: Settings, tenant_id: str, currency: str, *, once: Once = always
) -> Row[Any]:
    """Bill a tenant in `currency`; what it has used is rated anew with the prices in it.

    The row of the tenant (see `tenants.page`). Raises InvalidInput (currency_invalid),
    Conflict (currency_fixed) if it has orders or terms in another, PeriodBilled if what it used
    cannot be rated anew without changing what another tenant was billed.
    """
    if not is_currency(currency):
        raise InvalidInput(f"{currency!r} is no ISO 4217 code", code="currency_invalid")
    with engine.begin() as conn:
        keep = once(conn)
        # Who issues orders holds prices still, so there will be none before the end.
        prices.open_for_change(conn)
        billed = tenants.billed_in(conn, tenant_id)
        if billed not in (None, currency):
            raise Conflict(
                f"{tenant_id} has sales orders in {billed}: its currency does not change",
                code="currency_fixed",
            )
        agreed = {
            term.currency
            for term, _ in terms.page(conn, EVERYTHING, limit=_TERMS, tenant_id=tenant_id)
        }
        if agreed - {None, currency}:
            raise Conflict(
                f"terms of {tenant_id} are in another currency; withdraw them first",
                code="currency_fixed",
            )
        tenants.set_currency(conn, tenant_id, currency)
        found = partial(resources.of_tenants, conn, [tenant_id], limit=CHUNK, locked=True)
        everything = Concerned(lambda after: found(after=after))
        rerate(conn, settings, [everything], retroactive=False)
        return keep(shown(conn, settings, tenant_id))


def shown(conn: Connection, settings: Settings, tenant_id: str) -> Row[Any]:
    """The row of a tenant (see `tenants.page`). NotFound if nobody knows it."""
    found = tenants.get(conn, settings.currency, tenant_id)
    if found is None:
        raise NotFound(f"nothing is known of a tenant {tenant_id!r}")
    return found


def currency_of(conn: Connection, settings: Settings, tenant_id: str | None) -> str:
    """In which currency a price for a tenant (None: for all) is meant that names none."""
    found = None if tenant_id is None else tenants.get(conn, settings.currency, tenant_id)
    return settings.currency if found is None else str(found.currency)
