"""Bugs put into ratings on purpose: a simulation that does not see them is worth nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from ratings import adjusting, billing, repricing, settling
from ratings import rater as rating
from ratings.batch import Result
from ratings.core import adjustments, graduation, ledger, pricing
from ratings.core.errors import Unavailable
from ratings.core.model import ACTIONS, SINCE, Event
from ratings.db import events, records, sales_orders
from ratings.rater import Rater
from ratings.tests.simulation.campaign import DAYS, Outcome, simulate
from ratings.tests.simulation.site import Site
from ratings.transformers import gauges, lifecycle, uptime, windows

PATIENCE = 200
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


def _again(self: pricing.PriceBook, segment: Any, region: str) -> Any:
    changes, prices = self._schedule(segment, region)
    first = prices[bisect_right(changes, segment.start)]
    if first is not None and first.per == "unit":
        return [(segment.start, segment.end, first)]
    inside = [at for at in changes if segment.start < at < segment.end]
    return [
        piece
        for start, end in pairwise([segment.start, *inside, segment.end])
        for piece in pricing._months(start, end, prices[bisect_right(changes, start)])
    ]


def _anew(memory: Any, event: Event, sampling: Any) -> Any:
    value, before = windows.value_of(event), windows.number(memory, "counter")
    if value is None or before is None or value >= before:
        return gauges._grown(memory, event, sampling)
    return {**memory, "counter": value}


def _last(memory: Any, event: Event, sampling: Any) -> Any:
    value = windows.value_of(event)
    return memory if value is None else {**memory, "max": value}


def _without_lead_in(state: Any, event: Event, sampling: Any) -> Any:
    return state.since if SINCE in state.memory else event.event_time


def _a_moment_late(moment: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: moment(*given) + timedelta(microseconds=1)


def _stale(keep: Callable[..., Any]) -> Callable[..., Any]:
    def in_order_only(conn: Any, cases: Any, verdicts: Mapping[int, Any]) -> None:
        in_order = [i for i in verdicts if cases[i][1].state is cases[i][0].state]
        keep(conn, cases, {row_id: verdicts[row_id] for row_id in in_order})

    return in_order_only


def _without_free(holds: Callable[..., Any]) -> Callable[..., Any]:
    def charging(band: graduation.Band, start: Any, end: Any) -> Any:
        return 0 if band.kind == "free" else holds(band, start, end)

    return charging


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
    Fault("what comes late is taken to come in order", settling, "follows", lambda *_: True),
    Fault(
        "checkpoints stay as they were when a late sample came",
        settling,
        "_keep_checkpoints",
        _stale(settling._keep_checkpoints),
    ),
    Fault("an order leaves out what runs on", billing, "decided", lambda *_, **more: iter(())),
    Fault(
        "a price takes over one microsecond late",
        repricing,
        "_moment",
        _a_moment_late(repricing._moment),
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
    Fault(
        "a price that begins within a count charges it, too", pricing.PriceBook, "pieces", _again
    ),
    Fault(
        "what a counter shows that began anew is not counted",
        gauges,
        "_DELTA",
        gauges._DELTA._replace(noted=_anew),
    ),
    Fault(
        "a counter is forgotten with its window",
        gauges,
        "_DELTA",
        gauges._DELTA._replace(kept=frozenset()),
    ),
    Fault(
        "of a window the last size counts, not the largest",
        gauges,
        "_MAX",
        gauges._MAX._replace(noted=_last),
    ),
    Fault("no status holds from before a window", uptime, "_since", _without_lead_in),
    Fault("what adjusts a billed period stays as it is", adjusting, "settled", lambda *_: []),
    Fault("minimum charges charge nothing", adjustments, "_topped_up", lambda *_: iter(())),
    Fault("credits pay nothing", adjusting, "paid", lambda *_: []),
    Fault(
        "free units are not free", graduation.Band, "holds", _without_free(graduation.Band.holds)
    ),
    Fault(
        "everybody is billed in one currency",
        pricing.PriceBook,
        "currency",
        lambda self, tenant: self._currency,
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
