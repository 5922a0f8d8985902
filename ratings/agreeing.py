"""Agreeing upon terms: add one, end it, withdraw it. What is billed never changes by that.

Each holds the lock of prices, so that no order is being issued meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from psycopg import errors as pg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from ratings.core.errors import InvalidTerm, NotFound, PeriodBilled
from ratings.core.terms import Term, check, refuse_billed
from ratings.db import components, prices, sales_orders, tenants, terms
from ratings.db.reading import EVERYTHING
from ratings.db.terms import Standing
from ratings.once import Keep, Once, always
from ratings.settling import Settings


def add(engine: Engine, settings: Settings, term: Term, *, once: Once = always) -> Standing:
    """A new term (its id is given here); an amount without a currency is in the tenant's.

    A credit may begin in the past: it pays for orders to come. Raises InvalidTerm,
    PeriodBilled.
    """
    with _changing(engine, once) as (conn, keep):
        term = _in_currency(conn, settings, term)
        check(term)
        units = settings.definitions.units()
        if term.component is not None and term.component not in units:
            known = ", ".join(sorted(units))
            raise InvalidTerm(f"{term.component!r} is no component; there are {known}")
        components.ensure(conn, units)
        if term.kind != "credit":
            refuse_billed(term.start, _billed_until(conn, term))
        return keep(Standing(replace(term, id=terms.insert(conn, term)), term.value))


def end(engine: Engine, term_id: int, at: datetime, *, once: Once = always) -> Standing:
    """Let a term hold until `at`, sooner or later than it was to.

    Raises NotFound, InvalidTerm, PeriodBilled.
    """
    with _changing(engine, once) as (conn, keep):
        return keep(_end(conn, _existing(conn, term_id), at))


def withdraw(
    engine: Engine, term_id: int, now: datetime, *, once: Once = always
) -> Standing | None:
    """End a term now; None if it has never been in force, and so is removed.

    What is left of a credit pays for nothing any more. Raises NotFound, PeriodBilled.
    """
    with _changing(engine, once) as (conn, keep):
        standing = _existing(conn, term_id)
        term, remaining = standing
        if term.kind == "credit":
            unused, at = remaining == term.value, _billed_until(conn, term) or now
        else:
            unused, at = term.start is not None and term.start >= now, now
        if unused:
            terms.delete(conn, term_id)
            return keep(None)
        if term.end is not None and term.end <= at:
            return keep(standing)
        return keep(_end(conn, standing, at))


@contextmanager
def _changing(engine: Engine, once: Once) -> Iterator[tuple[Connection, Keep]]:
    """A transaction beside which no order is issued; what its triggers refuse is PeriodBilled."""
    try:
        with engine.begin() as conn:
            keep = once(conn)
            prices.open_for_change(conn)
            yield conn, keep
    except IntegrityError as error:
        if isinstance(error.orig, pg.RestrictViolation):
            raise PeriodBilled(str(error.orig.diag.message_primary)) from error
        raise


def _in_currency(conn: Connection, settings: Settings, term: Term) -> Term:
    """`term` with the currency that its orders have; an amount in another would never count."""
    if term.kind == "discount_percent":
        return term
    own = settings.currency
    if term.tenant_id is not None:
        own = tenants.currencies(conn, own).get(term.tenant_id, own)
        if term.currency not in (None, own):
            raise InvalidTerm(f"{term.tenant_id} is billed in {own}, not in {term.currency}")
    return replace(term, currency=term.currency or own)


def _end(conn: Connection, standing: Standing, at: datetime) -> Standing:
    term = standing.term
    ended = replace(term, end=at)
    check(ended)
    if term.kind != "credit" and term.end != at:
        refuse_billed(at if term.end is None else min(term.end, at), _billed_until(conn, term))
    terms.close(conn, term.id, at)
    return Standing(ended, standing.remaining)


def _billed_until(conn: Connection, term: Term) -> datetime | None:
    return sales_orders.billed_until(conn, term.tenant_id)


def _existing(conn: Connection, term_id: int) -> Standing:
    standing = terms.get(conn, EVERYTHING, term_id)
    if standing is None:
        raise NotFound(f"there is no term {term_id}")
    return standing
