"""Budgets: agree on one, watch it, and tell that a threshold was crossed.

A check reads what a tenant has spent and decides in one transaction that writes the
alerts down, each once for its threshold and period, whoever else checks at the same
time; and with each, to whom it is owed. It is told afterwards, as orders are delivered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from psycopg import errors as pg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from ratings import tenancy
from ratings.core.budgets import (
    ACTUAL,
    FORECAST,
    Alert,
    Budget,
    Span,
    Threshold,
    check,
    crossed,
    span_of,
    spans,
)
from ratings.core.deliveries import Patience
from ratings.core.errors import Conflict, InvalidBudget, NotFound, RatingError
from ratings.db import budgets
from ratings.db.outbox import Claim
from ratings.db.reading import EVERYTHING, Scope, reading
from ratings.delivering import Clock, Outcome, work_off
from ratings.once import Once, always
from ratings.rater import Rater
from ratings.settling import Settings
from ratings.spending import View, view

LOG = logging.getLogger(__name__)

MOST = 50
"""Budgets of a tenant: each costs something whenever it is looked at."""

_ATTEMPTS = 3

Tell = Callable[[Alert], str]
"""A channel, ready for use: hands an alert over and says under what reference it arrived.

It may be called again for an alert that arrived. Raises `Refused` and `Unreachable`.
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget in the period that runs."""

    budget: Budget
    span: Span
    spent: Decimal
    forecast: Decimal


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a tenant's budgets raised, and what kept it from looking at some."""

    tenant_id: str
    alerts: tuple[Alert, ...] = ()
    problems: tuple[str, ...] = ()


def add(engine: Engine, settings: Settings, budget: Budget, *, once: Once = always) -> Budget:
    """A new budget: its id is given here, and its currency, the tenant's, if it has none.

    Raises InvalidBudget, Conflict (budgets_exhausted).
    """
    with engine.begin() as conn:
        keep = once(conn)
        own = tenancy.currency_of(conn, settings, budget.tenant_id)
        if budget.currency not in ("", own):
            raise InvalidBudget(f"{budget.tenant_id} is billed in {own}, not in {budget.currency}")
        budget = replace(budget, currency=own)
        check(budget)
        # Else two could count at the same time, and nobody would look at what is beyond `MOST`.
        budgets.be_alone(conn, budget.tenant_id)
        if len(budgets.page(conn, EVERYTHING, limit=MOST, tenant_id=budget.tenant_id)) == MOST:
            raise Conflict(
                f"{budget.tenant_id} has {MOST} budgets already", code="budgets_exhausted"
            )
        return keep(replace(budget, id=budgets.insert(conn, budget)))


def remove(
    engine: Engine, scope: Scope, budget_id: int, now: datetime, *, once: Once = always
) -> None:
    """Watch a budget no longer; its alerts stay. Raises NotFound."""
    with engine.begin() as conn:
        keep = once(conn)
        known = budgets.get(conn, scope, budget_id)
        if known is None or not budgets.delete(conn, budget_id, now):
            raise NotFound(f"there is no budget {budget_id}")
        keep(None)


def standing(engine: Engine, rater: Rater, scope: Scope, budget_id: int, now: datetime) -> Standing:
    """A budget, and what has become of it in the period that runs.

    Raises NotFound, Conflict (currency_mixed).
    """
    with reading(engine, scope, snapshot=True) as conn:
        budget = budgets.get(conn, scope, budget_id)
        if budget is None:
            raise NotFound(f"there is no budget {budget_id}")
        span = span_of(budget.period, now)
        book = rater.book(conn, still=False)
        if budget.currency != book.currency(budget.tenant_id):
            detail = _other_currency(budget, book.currency(budget.tenant_id))
            raise Conflict(detail, code="currency_mixed")
        seen = view(conn, rater.settings, book, budget.tenant_id, now, span)
        return Standing(budget, span, seen.spent(*span), seen.forecast(*span))


def check_each(
    engine: Engine,
    rater: Rater,
    drivers: Sequence[str],
    clock: Clock,
    tenants: Sequence[str] | None = None,
) -> Iterator[Checked]:
    """Look at the budgets of `tenants`, by default of all, and owe what is crossed to `drivers`.

    The failure of one tenant harms no other. Raises DBAPIError when the database is gone.
    """
    if tenants is None:
        with engine.connect() as conn:
            tenants = budgets.tenants(conn)
    for tenant_id in tenants:
        try:
            yield _checked(engine, rater, drivers, tenant_id, clock())
        except RatingError as error:
            yield Checked(tenant_id, problems=(error.detail,))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) is None:
                raise
            yield Checked(tenant_id, problems=(str(error.orig).splitlines()[0],))


def tell(
    engine: Engine, channels: Mapping[str, Tell], patience: Patience, clock: Clock
) -> Iterator[Outcome]:
    """Hand over the alerts that are due, as `delivering.deliver` does with orders."""

    def attempt(claimed: Claim) -> str:
        with engine.connect() as conn:
            (alert,) = budgets.alerts(conn, EVERYTHING, limit=1, id=claimed.about)
        return channels[claimed.driver](alert)

    return work_off(engine, budgets.claim, attempt, channels, patience, clock)


def _checked(
    engine: Engine, rater: Rater, drivers: Sequence[str], tenant_id: str, now: datetime
) -> Checked:
    attempts = _ATTEMPTS
    while True:
        attempts -= 1
        try:
            with reading(engine, EVERYTHING, snapshot=True) as conn, conn.begin():
                checked = _decided(conn, rater, tenant_id, now)
                ids = [
                    (alert, budgets.raise_alert(conn, alert, drivers)) for alert in checked.alerts
                ]
            new = tuple(replace(alert, id=given) for alert, given in ids if given is not None)
            return replace(checked, alerts=new)
        except OperationalError as error:
            # Another check was faster: what it raised can be seen now.
            if not attempts or not isinstance(error.orig, pg.SerializationFailure):
                raise


def _decided(conn: Connection, rater: Rater, tenant_id: str, now: datetime) -> Checked:
    """The alerts that are to be raised; they have no ids yet."""
    book = rater.book(conn, still=False)
    currency = book.currency(tenant_id)
    own = budgets.page(conn, EVERYTHING, limit=MOST, tenant_id=tenant_id)
    problems = tuple(
        _other_currency(budget, currency) for budget in own if budget.currency != currency
    )
    open_ones = _open(conn, [b for b in own if b.currency == currency], now)
    if not open_ones:
        return Checked(tenant_id, problems=problems)
    bounds = {bound for _, span, _ in open_ones for bound in span}
    money = _Money(view(conn, rater.settings, book, tenant_id, now, bounds))
    alerts = [
        Alert(0, budget, threshold, span, found[ACTUAL] or Decimal(), found[FORECAST], now)
        for budget, span, thresholds in open_ones
        for found in (money.of(span, thresholds),)
        for threshold in crossed(budget, thresholds, found)
    ]
    return Checked(tenant_id, tuple(alerts), problems)


def _other_currency(budget: Budget, currency: str) -> str:
    return (
        f"budget {budget.id} is in {budget.currency}, and {budget.tenant_id} is billed in"
        f" {currency}; delete it and add another"
    )


def _open(
    conn: Connection, own: Sequence[Budget], now: datetime
) -> list[tuple[Budget, Span, list[Threshold]]]:
    """Which thresholds of which periods nobody has been told about yet."""
    watched = [(budget, span) for budget in own for span in spans(budget, now)]
    if not watched:
        return []
    since = min(span.start for _, span in watched)
    told = budgets.raised(conn, [budget.id for budget in own], since)
    found = [
        (budget, span, [t for t in budget.thresholds if (budget.id, t, span.start) not in told])
        for budget, span in watched
    ]
    return [(budget, span, thresholds) for budget, span, thresholds in found if thresholds]


class _Money:
    """What is spent and forecast in periods, each worked out once and only if it is needed."""

    def __init__(self, seen: View) -> None:
        self._seen = seen
        self._spent: dict[Span, Decimal] = {}
        self._forecast: dict[Span, Decimal] = {}

    def of(self, span: Span, thresholds: Sequence[Threshold]) -> dict[str, Decimal | None]:
        if span not in self._spent:
            self._spent[span] = self._seen.spent(*span)
        wanted = any(threshold.kind == FORECAST for threshold in thresholds)
        if wanted and span.end > self._seen.now and span not in self._forecast:
            self._forecast[span] = self._seen.forecast(*span)
        return {ACTUAL: self._spent[span], FORECAST: self._forecast.get(span)}
