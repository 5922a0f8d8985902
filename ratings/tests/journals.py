"""Journals that a person can read, for tests.

A line is ``TIME ACTION [fact=value ...]``; ``tenant=`` names the owner, ``id=``
the message id (by default the line's place), ``at=`` the resource. Numbers are
numbers, the rest is text. Times are UTC; ``06:00`` is a time of 2026-01-01.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import yaml

from ratings import shipped
from ratings.core import definitions
from ratings.core.ledger import Rules
from ratings.core.model import Event, Price, Record
from ratings.core.pricing import PriceBook
from ratings.transformers import lifecycle

DEFINITIONS = definitions.parse(
    yaml.safe_load((shipped.defaults() / "definitions.yaml").read_text())
)

_price_ids = itertools.count(1)


def instant(text: str) -> datetime:
    if len(text) <= 8:
        text = f"2026-01-01T{text}"
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def journal(text: str, resource_type: str = "instance") -> list[Event]:
    """Events of one or more resources of a type, in the order of the lines."""
    lines = [line.split() for line in text.strip().splitlines()]
    return [_event(number, line, resource_type) for number, line in enumerate(lines)]


def price(component: str, unit_price: str, **more: object) -> Price:
    """A price; start and end as texts."""
    for bound in ("start", "end"):
        if bound in more:
            more[bound] = instant(str(more[bound]))
    price_id = more.pop("id", None) or next(_price_ids)
    fields = {"currency": "USD", **more}
    return Price(price_id, component, Decimal(unit_price), **fields)  # type: ignore[arg-type]


def rules(*prices: Price, resource_type: str = "instance") -> Rules:
    return Rules(lifecycle.transform, DEFINITIONS.types[resource_type], PriceBook(prices, "USD"))


def lines(records: list[Record]) -> list[str]:
    """Records as ``06:00-07:00 component quantity [amount]``, in order."""
    return [
        f"{_clock(r.start)}-{_clock(r.end)} {r.component} {r.quantity.normalize():f}"
        + ("" if r.amount is None else f" {r.amount.normalize():f}")
        for r in sorted(records, key=lambda r: (r.start, r.component))
    ]


def _clock(moment: datetime) -> str:
    short = moment.strftime("%H:%M" if not moment.second else "%H:%M:%S")
    return short if moment.date() == datetime(2026, 1, 1).date() else f"{moment:%m-%dT}{short}"


def _event(number: int, words: list[str], resource_type: str) -> Event:
    facts = dict(word.split("=", 1) for word in words[2:])
    return Event(
        message_id=facts.pop("id", f"m{number:03}"),
        region=facts.pop("region", "RegionOne"),
        event_type=words[1],
        resource_type=resource_type,
        resource_id=facts.pop("at", "r1"),
        tenant_id=facts.pop("tenant", "acme") or None,
        event_time=instant(words[0]),
        action=words[1],
        content={name: _fact(value) for name, value in facts.items()},
        starts=words[1] != "delete",
    )


def _fact(value: str) -> Decimal | str:
    try:
        return Decimal(value)
    except InvalidOperation:
        return value
