"""Discrepancies: what was not told, and how two descriptions of a resource differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from ratings.core.definitions import Definitions, ResourceType
from ratings.core.ledger import Rules
from ratings.core.model import ACTIONS, Event, Fact, State
from ratings.core.stakes import Doubt, cost

RECONCILED = "ratings.reconciliation."
"""What the types of events begin with that an operator has approved."""

CODES = (
    "create_missing",
    "delete_contradicted",
    "delete_missing",
    "resize_missing",
    "retype_missing",
    "silent",
    "status_missing",
    "transfer_missing",
    "unknown_to_cloud",
    "unknown_to_ratings",
)
"""Every code of a discrepancy; the last two come of lists only."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How patient to be.

    silence:   a resource of an audited type is heard of at least this often.
    settling:  how long messages take to arrive, and a run of audits to end.
    tolerance: how far the clocks of the cloud are apart.
    """

    silence: timedelta
    settling: timedelta
    tolerance: timedelta


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that was not told.

    at:         the event that shows it (message_id); of silence, the last event there is.
    start, end: the time in doubt, [start, end).
    tenant_id:  who was believed to own it in that time, or is said to.
    amount:     what is at stake, in `currency`; 0 of usage without a price.
    """

    code: str
    at: datetime
    message_id: str
    start: datetime
    end: datetime
    tenant_id: str | None
    detail: str
    currency: str | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class View:
    """With what a timeline is looked at.

    audits: event types that repeat what holds; see `audits`.
    """

    rules: Rules
    audits: frozenset[str]
    watch: Watch
    region: str

    def found(
        self,
        code: str,
        event: Event,
        doubt: tuple[datetime, datetime],
        tenant_id: str | None,
        detail: str,
        amount: Decimal,
    ) -> Discrepancy:
        """A discrepancy that `event` shows about the time of `doubt`."""
        currency = None if tenant_id is None else self.rules.prices.currency(tenant_id)
        return Discrepancy(
            code, event.event_time, event.message_id, *doubt, tenant_id, detail, currency, amount
        )


def audits(definitions: Definitions, resource_type: str) -> frozenset[str]:
    """Event types that tell again and again that a resource of a type exists, or did.

    ``exists`` is what flat events call it.
    """
    return frozenset(
        event_type
        for event_type, rules in definitions.rules.items()
        if any(r.action == "exists" and r.resource_type.name == resource_type for r in rules)
    ) | {"exists"}


def counted(resource_type: ResourceType) -> frozenset[str]:
    """The numeric facts that are charged."""
    return frozenset(c.quantity for c in resource_type.components if isinstance(c.quantity, str))


def matched(resource_type: ResourceType) -> frozenset[str]:
    """The text facts that prices may ask for."""
    return frozenset(name for c in resource_type.components for name in c.metadata)


def announced(resource_type: ResourceType) -> frozenset[str]:
    """The statuses of which an event tells when they begin. Others come unannounced."""
    return frozenset(
        status for name in resource_type.actions if (status := ACTIONS[name].status) is not None
    )


def differences(
    resource_type: ResourceType, facts: Mapping[str, Fact], content: Mapping[str, Fact]
) -> dict[str, Fact]:
    """What `content` says otherwise than `facts`, of what can change a charge by itself.

    A fact that was not known before is no difference. Nor is a status, see `contradicts`.
    """
    return {
        name: value
        for name in counted(resource_type) | matched(resource_type)
        if (value := content.get(name)) is not None and facts.get(name, value) != value
    }


def contradicts(resource_type: ResourceType, believed: Fact | None, said: Fact | None) -> bool:
    """Whether two statuses cannot follow each other without an event."""
    known = announced(resource_type)
    return said != believed and said in known and believed in known


def told(facts: Mapping[str, Fact], said: Mapping[str, Fact]) -> str:
    """What is said otherwise, for a person."""
    return ", ".join(
        f"{name} is {_plain(said[name])}, not {_plain(facts.get(name))}" for name in sorted(said)
    )


def silent(view: View, state: State, audited_at: datetime | None, now: datetime) -> bool:
    """Whether a resource has missed an audit.

    audited_at: when others of its type and region were, `Watch.settling` ago at the
    latest; None where there are no audits.
    """
    if not state.open or state.last is None or audited_at is None:
        return False
    return state.last[0] + view.watch.silence < audited_at <= now - view.watch.settling


def silence(view: View, state: State, now: datetime) -> Discrepancy:
    """The discrepancy that a `silent` resource is."""
    assert state.last is not None
    last, _, message_id = state.last
    tenant = state.tenant_id
    currency = None if tenant is None else view.rules.prices.currency(tenant)
    accrued = cost(view.rules, view.region, Doubt(state, now))
    detail = f"not heard of since {last.isoformat()}, while others of its type are audited"
    return Discrepancy("silent", last, message_id, last, now, tenant, detail, currency, accrued)


def _plain(fact: Fact | None) -> str:
    return f"{fact:f}" if isinstance(fact, Decimal) else str(fact)
