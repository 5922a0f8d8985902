"""Explanations as a person reads them; programs get them whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ratings.client.explanations import (
    Bound,
    Cause,
    ExplainedAdjustment,
    ExplainedRecord,
    Related,
    Sighting,
    Working,
)
from ratings.client.lines import Line
from ratings.client.osc.showing import plain
from ratings.client.prices import Price
from ratings.client.terms import Term


def records(found: tuple[ExplainedRecord, ...]) -> str:
    """The records of a line, each with its arithmetic, its bounds and its orders."""
    return "\n\n".join("\n".join(_record(each)) for each in found)


def line(found: Line) -> str:
    """A line of an order."""
    of = found.resource_name or found.resource_id or found.description or "the tenant"
    words = (found.line, f"{found.kind}:", of, found.component, f"from {plain(found.start)}")
    told = " ".join(str(word) for word in words if word is not None)
    return f"{told} to {plain(found.end)}: {plain(found.amount)}"


def adjustment(found: ExplainedAdjustment | None) -> str:
    """What an adjustment follows from."""
    if found is None:
        return ""
    told = [f"step {found.step}: {found.rule}"]
    if found.price is not None:
        told.append(price(found.price))
    if found.term is not None:
        told.append(term(found.term))
    if found.working is not None:
        told.append(found.working.sentence)
    if found.based_on:
        told.append(f"based on the lines {', '.join(map(str, found.based_on))}")
    if found.takes_back is not None:
        told.append(f"takes back line {found.takes_back.line} of order {found.takes_back.order_id}")
    return "\n".join(told)


def working(found: Working | None) -> str:
    """The arithmetic."""
    return "no price holds" if found is None else found.sentence


def price(found: Price | None) -> str:
    """A price."""
    if found is None:
        return "none"
    return f"price {found.id}: {plain(found.unit_price)} {found.currency} per {found.per}"


def term(found: Term) -> str:
    """A discount, a minimum charge or a credit."""
    unit = "percent" if found.kind == "discount_percent" else found.currency
    return f"term {found.id}: {found.kind} of {plain(found.value)} {unit}, {found.reason}"


def bound(found: Bound) -> str:
    """Where a record begins or ends, and why."""
    return f"{plain(found.at)}, for {' and '.join(map(_cause, found.causes)) or 'no known reason'}"


def sighting(found: Sighting | None) -> str:
    """An event."""
    if found is None:
        return "no event yet"
    if found.foreign:
        return f"{found.event_type} at {plain(found.event_time)}, of another tenant"
    told = f"event {found.id}, {found.event_type} at {plain(found.event_time)}"
    return f"{told} ({found.message_id})"


def related(found: tuple[Related, ...]) -> str:
    """Records that stand or stood for the same time."""
    return ", ".join(f"{each.id} ({plain(each.amount)})" for each in found)


OF_RECORD: Mapping[str, Callable[[Any], str]] = {
    "price": price,
    "working": working,
    "begins": bound,
    "ends": bound,
    "before": sighting,
    "after": sighting,
    "replaces": related,
    "replaced_by": related,
}
"""Attributes of a record explained, and how a person reads them."""

OF_LINE: Mapping[str, Callable[[Any], str]] = {
    "line": line,
    "records": records,
    "adjustment": adjustment,
}
"""Attributes of a line explained, likewise."""


def _record(found: ExplainedRecord) -> Iterator[str]:
    back = ", taken back" if found.sign < 0 else ""
    yield f"record {found.id}{back}: {working(found.working)}"
    yield f"  begins {bound(found.begins)}"
    yield f"  ends {bound(found.ends)}"
    yield f"  {price(found.price)}"
    for name, others in (("replaces", found.replaces), ("replaced by", found.replaced_by)):
        if others:
            yield f"  {name} {related(others)}"


def _cause(found: Cause) -> str:
    if found.kind == "event":
        return sighting(found.event)
    if found.kind == "order":
        return f"order {found.order_id} ends"
    if found.kind == "price":
        before, after = (each or "none" for each in (found.price_before, found.price_after))
        return f"the price changes from {before} to {after}"
    return f"a {found.kind} ends"
