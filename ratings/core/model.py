"""The nouns, frozen.

All instants are aware datetimes in UTC with microseconds; all intervals are
half-open ``[start, end)``; all numbers are exact decimals. What an order has by the
ten thousand is a named tuple, which is made in a third of the time of a dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

UTC_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Fact = Decimal | str
"""What an event says about one property: a number, or a text."""

Key = tuple[datetime, int, str]
"""The place of an event in its timeline: (event_time, precedence, message_id)."""

Metadata = tuple[tuple[str, str], ...]
"""Text facts that a price may match, sorted by name."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a kind of event does to the timeline it stands in.

    opens:      starts the resource again after it was deleted.
    closes:     ends the resource.
    resizes:    its content takes over at its instant; otherwise content that
                differs from what was believed proves that a change was missed.
    status:     the status that holds from its instant on.
    precedence: order among events of one instant.
    """

    opens: bool = False
    closes: bool = False
    resizes: bool = False
    status: str | None = None
    precedence: int = 1


_AUDIT = Action()

SAMPLE = "sample"
"""The action of a metering sample: one more sight of its resource."""

SINCE = "since"
"""In the memory of a state: where the segment begins that a window holds back."""

ACTIONS: Mapping[str, Action] = {
    "create": Action(opens=True, precedence=0),
    "restore": Action(opens=True, status="active"),
    "delete": Action(closes=True, precedence=2),
    "resize": Action(resizes=True),
    "power_on": Action(status="active"),
    "power_off": Action(status="shutoff"),
    "suspend": Action(status="suspended"),
    "resume": Action(status="active"),
    "pause": Action(status="paused"),
    "unpause": Action(status="active"),
    "shelve": Action(status="shelved"),
    "shelve_offload": Action(status="shelved_offloaded"),
    "unshelve": Action(status="active"),
    "rescue": Action(status="rescued"),
    "unrescue": Action(status="active"),
    "soft_delete": Action(status="soft_delete"),
    "exists": _AUDIT,
    "update": _AUDIT,
    "rebuild": _AUDIT,
    "reboot": _AUDIT,
    "migrate": _AUDIT,
    "retype": _AUDIT,
    "transfer": _AUDIT,
    "attach": _AUDIT,
    "detach": _AUDIT,
    SAMPLE: _AUDIT,
}
"""Every action. What each does is code, which event type does it is data; all but
``sample`` may be named by definitions."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing the cloud said about one resource at one instant.

    tenant_id:  the owner, or None where the event does not tell. The text fact
                ``requester`` then names the project that asked: good enough to
                start a resource, never to move one.
    content:    facts by name; ``name`` and ``status`` are facts like any other.
    starts:     whether it may be the first evidence of a resource.
    """

    message_id: str
    region: str
    event_type: str
    resource_type: str
    resource_id: str
    tenant_id: str | None
    event_time: datetime
    action: str
    content: Mapping[str, Fact]
    starts: bool = True

    @property
    def key(self) -> Key:
        return self.event_time, ACTIONS[self.action].precedence, self.message_id


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that says nothing billable, by rule of the definitions.

    event_time is None where the event bears none that can be read.
    """

    message_id: str
    region: str
    event_type: str
    event_time: datetime | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event that cannot be understood: to be parked under `code`.

    message_id is None where the event bears none.
    """

    code: str
    detail: str
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What is believed about a resource after the last event of its timeline.

    last:   key of that event; None before the first.
    open:   whether the resource exists, and is charged from ``last`` on.
    facts:  what is known of it; text facts ``name`` and ``status`` among them.
    memory: what a transformer of windows needs of the samples that it has seen, under
            names of its own. No sender can put anything there.
    """

    last: Key | None = None
    open: bool = False
    tenant_id: str | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    created_at: datetime | None = None
    deleted_at: datetime | None = None
    memory: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def since(self) -> datetime | None:
        """No record that is still to be derived begins before; None before the first event."""
        held_back = self.memory.get(SINCE)
        if isinstance(held_back, str):
            return datetime.fromisoformat(held_back)
        return None if self.last is None else self.last[0]


class Segment(NamedTuple):
    """What two neighbouring events say about the time between them."""

    start: datetime
    end: datetime
    component: str
    quantity: Decimal
    tenant_id: str
    metadata: Metadata = ()


class Tier(NamedTuple):
    """What each unit above a number of units costs."""

    above: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """Money per unit of a component, with the time in which it holds.

    per:    second, minute, hour, day, month (of the calendar, UTC), or ``unit``
            for counted things, whatever time they took.
    match:  text facts that the segment must have; the empty match fits all.
    free:   units that cost nothing, per tenant and order period. A unit is what
            `unit_price` buys: a counted thing, or one for one `per`.
    tiers:  what units above a number of them cost each, ascending; below the first
            it is `unit_price`. The free ones count.
    start, end: None is unbounded.
    """

    id: int
    component: str
    unit_price: Decimal
    currency: str
    region: str | None = None
    tenant_id: str | None = None
    match: Metadata = ()
    per: str = "hour"
    start: datetime | None = None
    end: datetime | None = None
    name: str | None = None
    description: str | None = None
    free: Decimal = Decimal()
    tiers: tuple[Tier, ...] = ()


class Record(NamedTuple):
    """One priced segment of the ledger; two records are equal by value.

    Without a price (unit_price, price_id and amount are None) it keeps the
    usage until a price turns up.
    """

    component: str
    start: datetime
    end: datetime
    tenant_id: str
    quantity: Decimal
    metadata: Metadata
    currency: str
    unit_price: Decimal | None = None
    price_id: int | None = None
    amount: Decimal | None = None
