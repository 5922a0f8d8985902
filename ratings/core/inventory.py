"""Inventories: what a service says that there is, and what is believed instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ratings.core import contradictions
from ratings.core.discrepancies import RECONCILED, Discrepancy, View, contradicts, differences
from ratings.core.model import Event, Fact, State
from ratings.core.stakes import Doubt, cost, lived_since
from ratings.core.timeline import ordered

Key = tuple[str, str, str]
"""(region, resource_type, resource_id)"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A resource in an inventory. facts: ``name`` and ``status`` among them.

    created_at: if the service tells.
    """

    key: Key
    tenant_id: str
    facts: Mapping[str, Fact]
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """All resources of some regions and types, as of `taken_at`.

    source: for people, where it comes from. digest: of what was read.
    """

    taken_at: datetime
    source: str
    digest: str
    regions: frozenset[str]
    types: frozenset[str]
    listed: Mapping[Key, Listed]


def agrees(view: View, state: State, listed: Listed) -> bool:
    """Whether what is believed is what is listed, as far as it can change a charge."""
    resource_type = view.rules.resource_type
    return (
        state.open
        and state.tenant_id == listed.tenant_id
        and not differences(resource_type, state.facts, listed.facts)
        and not contradicts(resource_type, state.facts.get("status"), listed.facts.get("status"))
    )


def present(
    view: View, listed: Listed, timeline: Sequence[Event], taken_at: datetime
) -> list[Discrepancy]:
    """How the timeline of a listed resource differs from the list, at its instant."""
    if _in_flux(view, timeline, taken_at) or _new(view, listed, taken_at):
        return []
    seen = _seen(listed, taken_at)
    events = ordered([*timeline, seen])
    index = events.index(seen)
    transform, resource_type = view.rules.transform, view.rules.resource_type
    believed = transform(State(), events[:index], resource_type)[1]
    if believed.open or believed.deleted_at is not None:
        return contradictions.at(view, events, index)
    if str(listed.facts.get("status", "")).lower().startswith("error"):
        return []  # it could not be built, of which nothing is told
    after = transform(State(), [seen], resource_type)[1]
    start = listed.created_at or taken_at - view.watch.silence
    doubt = Doubt(lived_since(after, start), taken_at)
    stake = cost(view.rules, view.region, doubt)
    detail = "is listed, and nothing was heard of it"
    span = start, taken_at
    return [view.found("unknown_to_ratings", seen, span, listed.tenant_id, detail, stake)]


def absent(
    view: View, state: State, timeline: Sequence[Event], taken_at: datetime
) -> list[Discrepancy]:
    """The discrepancy that a living resource is which is not listed; none if it may be gone.

    What has been heard of after the list was taken lives.
    """
    if not state.open or state.last is None or state.last[0] > taken_at:
        return []
    if _in_flux(view, timeline, taken_at):
        return []
    last, _, message_id = state.last
    stake = cost(view.rules, view.region, Doubt(state, taken_at))
    tenant = state.tenant_id
    currency = None if tenant is None else view.rules.prices.currency(tenant)
    detail = f"is not listed, and was heard of last at {last.isoformat()}"
    return [
        Discrepancy(
            "unknown_to_cloud", last, message_id, last, taken_at, tenant, detail, currency, stake
        )
    ]


def _in_flux(view: View, timeline: Sequence[Event], taken_at: datetime) -> bool:
    """Whether something happened while the list was made; the next list will tell."""
    near = view.watch.settling
    return any(
        event.action != "exists"
        and not event.event_type.startswith(RECONCILED)
        and abs(event.event_time - taken_at) < near
        for event in timeline
    )


def _new(view: View, listed: Listed, taken_at: datetime) -> bool:
    created_at = listed.created_at
    return created_at is not None and created_at > taken_at - view.watch.settling


def _seen(listed: Listed, taken_at: datetime) -> Event:
    """The list as an audit."""
    region, resource_type, resource_id = listed.key
    return Event(
        message_id="",
        region=region,
        event_type="the list",
        resource_type=resource_type,
        resource_id=resource_id,
        tenant_id=listed.tenant_id,
        event_time=taken_at,
        action="exists",
        content=listed.facts,
    )
