"""Bugs put into ratings on purpose: a simulation that does not see them is worth nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from ratings import rater as rating
from ratings import repricing
from ratings.batch import Result
from ratings.core import ledger, pricing
from ratings.core.errors import Unavailable
from ratings.core.model import ACTIONS, Event
from ratings.db import events, records, sales_orders
from ratings.rater import Rater
from ratings.tests.simulation.campaign import DAYS, Outcome, simulate
from ratings.tests.simulation.site import Site
from ratings.transformers import lifecycle

PATIENCE = 100
"""Cloud-days in which each bug has to be caught."""


class Fault(NamedTuple):
    """A bug: what it is, and (place, name, what stands there instead)."""

    name: str
    place: object
    attribute: str
    bug: Any


def _half_up(numerator: int, denominator: int, places: int = pricing.PLACES) -> Decimal:
    whole, rest = divmod(numerator * 10**places, denominator)
    return Decimal(f"{whole + (2 * rest >= denominator)}E-{places}")


def _late_cut(cut: Callable[..., Any]) -> Callable[..., Any]:
    def late(start: Any, end: Any, price: Any, cuts: Any) -> Any:
        return cut(start, end, price, [at + timedelta(microseconds=1) for at in cuts])

    return late


def _stale_book(self: Rater, conn: Any, *, still: bool = True) -> Any:
    if self._book is None:
        self._book = (0, self.settings.price_book(conn))
    return self._book[1]


def _hopeful(rate: Callable[..., Any]) -> Callable[..., Any]:
    def hope(self: Rater, arrivals: Any) -> Any:
        try:
            return rate(self, arrivals)
        except Unavailable:
            return [Result("rated")] * len(arrivals)

    return hope


def _no_reversals(outstanding: Callable[..., Any]) -> Callable[..., Any]:
    def forgetful(*given: Any) -> Any:
        return [entry for entry in outstanding(*given) if entry.item.sign > 0]

    return forgetful


def _ignoring_status(evidence: Callable[..., Any]) -> Callable[..., Any]:
    def numbers_only(before: Any, event: Any, action: Any) -> Mapping[str, Any]:
        found = evidence(before, event, action)
        return found if found is before else {**found, "status": before["status"]}

    return numbers_only


FAULTS = (
    Fault("the greater of both is charged, not the lesser", lifecycle, "min", max),
    Fault(
        "of one instant, a delete does not come last, nor a create first",
        Event,
        "key",
        property(lambda event: (event.event_time, 1, event.message_id)),
    ),
    Fault("what is in the journal already is not known", events, "known", lambda *_: set()),
    Fault("what is disproved is not superseded", records, "supersede", lambda *_: None),
    Fault("cuts are one microsecond late", ledger, "_cut", _late_cut(ledger._cut)),
    Fault("halves are rounded up, not to even", pricing, "rounded", _half_up),
    Fault(
        "a resize is a contradiction, not a change",
        lifecycle,
        "ACTIONS",
        {**ACTIONS, "resize": replace(ACTIONS["resize"], resizes=False)},
    ),
    Fault(
        "the status that an audit finds proves nothing",
        lifecycle,
        "_evidence",
        _ignoring_status(lifecycle._evidence),
    ),
    Fault("the price book is read once", Rater, "book", _stale_book),
    Fault("a price that reaches back changes nothing", repricing, "_follow", lambda *_: None),
    Fault(
        "orders forget to take back what was disproved",
        sales_orders,
        "outstanding",
        _no_reversals(sales_orders.outstanding),
    ),
    Fault("what got no answer is taken to be stored", Rater, "rate", _hopeful(Rater.rate)),
    Fault("an event may be of any time to come", rating, "_timely", lambda arrival, _: arrival),
    Fault(
        "prices per month do not begin anew with the month",
        pricing,
        "_months",
        lambda start, end, price: [(start, end, price)],
    ),
)


def caught(site: Site, fault: Fault, first_seed: int, days: int) -> tuple[int, Outcome | None]:
    """Cloud-days until the simulation differs, and its last outcome; None if it does not."""
    passed = 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fault.place, fault.attribute, fault.bug, raising=False)
        while passed < days:
            outcome = simulate(site, first_seed + passed // DAYS, DAYS)
            passed += DAYS
            if outcome.differences:
                return passed, outcome
    return passed, None
