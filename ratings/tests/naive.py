"""A second, deliberately naive calculation of the ledger, in fractions.

It walks time minute by minute and looks at everything anew in each: which event
came before, which comes next, which price holds. It shares no code with the
core, and knows only what the clouds of `clouds.py` do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from ratings.core.model import Event, Price, Record

MINUTE = timedelta(minutes=1)
CHARGED = {
    "instance": {"vcpu": ("active",), "ram": ("active",), "disk": ("active", "shutoff")},
    "volume": {"size": ("active", "shutoff")},
}
NAMES = {"size": "volume"}
ORDER = {"create": 0, "delete": 2}


class Minute(NamedTuple):
    """What one minute of one component of one resource costs."""

    tenant_id: str
    quantity: Fraction
    price_id: int | None
    amount: Fraction


Bill = dict[tuple[str, str, datetime], Minute]
"""(resource id, component, start of the minute) -> what it costs"""


def bill(events: Iterable[Event], prices: Sequence[Price]) -> Bill:
    """Every charged minute of every resource."""
    found: Bill = {}
    by_resource: dict[str, dict[str, Event]] = {}
    for event in events:
        by_resource.setdefault(event.resource_id, {})[event.message_id] = event
    for resource_id, messages in by_resource.items():
        timeline = sorted(
            messages.values(),
            key=lambda e: (e.event_time, ORDER.get(e.action, 1), e.message_id),
        )
        for index, event in enumerate(timeline[:-1]):
            known = _history(timeline[: index + 1])
            if known is not None:
                _charge(found, resource_id, known, event, timeline[index + 1], prices)
    return found


def minutes(resource_id: str, records: Iterable[Record], prices: Mapping[int, Price]) -> Bill:
    """Records of a resource taken apart into minutes."""
    found: Bill = {}
    for record in records:
        moment = record.start
        while moment < record.end:
            rate = Fraction(0)
            if record.price_id is not None:
                rate = Fraction(record.quantity) * Fraction(prices[record.price_id].unit_price) / 60
            key = (resource_id, record.component, moment)
            assert key not in found, f"{key} is charged twice"
            found[key] = Minute(record.tenant_id, Fraction(record.quantity), record.price_id, rate)
            moment += MINUTE
    return found


def _history(past: Sequence[Event]) -> dict[str, object] | None:
    """What is believed after `past`; None where the resource does not exist."""
    known: dict[str, object] | None = None
    facts: dict[str, object] = {}
    deleted = False
    for event in past:
        if event.action == "delete":
            known, deleted = None, True
            continue
        if known is None and deleted and event.action != "create":
            continue
        was_open = known is not None
        facts.update(event.content)
        if event.action == "power_off":
            facts["status"] = "shutoff"
        elif event.action == "power_on" or not was_open:
            facts["status"] = event.content.get("status", "active")
        facts["tenant"] = event.tenant_id
        known, deleted = facts, False
    return None if known is None else dict(known)


def _charge(
    found: Bill,
    resource_id: str,
    known: Mapping[str, object],
    last: Event,
    following: Event,
    prices: Sequence[Price],
) -> None:
    for fact, statuses in CHARGED[last.resource_type].items():
        quantity = known.get(fact)
        if quantity is None or known["status"] not in statuses:
            continue
        if following.action != "resize" and fact in following.content:
            quantity = min(quantity, following.content[fact])  # type: ignore[type-var]
        if not quantity:
            continue
        component, tenant = NAMES.get(fact, fact), str(known["tenant"])
        moment = last.event_time
        while moment < following.event_time:
            best = _price(prices, component, last.region, tenant, moment)
            amount = Fraction(0)
            if best is not None:
                amount = Fraction(quantity) * Fraction(best.unit_price) / 60  # type: ignore[arg-type]
            found[resource_id, component, moment] = Minute(
                tenant,
                Fraction(quantity),  # type: ignore[arg-type]
                None if best is None else best.id,
                amount,
            )
            moment += MINUTE


def _price(
    prices: Sequence[Price], component: str, region: str, tenant: str, moment: datetime
) -> Price | None:
    best: tuple[int, Price] | None = None
    for price in prices:
        if price.component != component:
            continue
        if price.region not in (None, region) or price.tenant_id not in (None, tenant):
            continue
        if price.start is not None and moment < price.start:
            continue
        if price.end is not None and moment >= price.end:
            continue
        weight = 2 * (price.tenant_id is not None) + (price.region is not None)
        if best is None or weight > best[0]:
            best = weight, price
    return None if best is None else best[1]
