"""Random clouds that tell of everything they do, for tests of what is missing.

Every change is told once, when it happens; audits come when they like and tell the truth,
up to a minute ahead of the message of a change, as clocks are apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ratings.core.model import Event

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=10)
"""Between two things that happen to a resource: longer than clocks are apart."""

SIZES = {
    "instance": ({"vcpu": 1, "ram": 512, "disk": 5}, {"vcpu": 4, "ram": 2048, "disk": 80}),
    "volume": ({"size": 10}, {"size": 25}),
}
AUDITS = {"instance": "compute.instance.exists", "volume": "volume.exists"}
POWER = {"active": ("power_off", "shutoff"), "shutoff": ("power_on", "active")}
CHANGES = {
    "instance": ("resize", "power", "exists", "exists", "update", "rebuild"),
    "volume": ("resize", "transfer", "exists", "exists", "attach", "create"),
}


@dataclass
class Life:
    """The truth about one resource, and what is told of it."""

    resource_type: str
    resource_id: str
    tenant: str = "acme"
    size: int = 0
    status: str = "active"
    at: datetime = START
    told: list[Event] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {
            name: Decimal(value) for name, value in SIZES[self.resource_type][self.size].items()
        }
        if self.resource_type == "instance":
            facts |= {"status": self.status, "flavor": ("small", "large")[self.size]}
        return facts

    def say(self, action: str, event_type: str | None = None, **more: Any) -> None:
        self.told.append(
            Event(
                message_id=f"{self.resource_id}-{len(self.told):03}",
                region="RegionOne",
                event_type=event_type or action,
                resource_type=self.resource_type,
                resource_id=self.resource_id,
                tenant_id=self.tenant,
                event_time=more.pop("at", self.at),
                action=action,
                content=more.pop("content", self.facts()),
                starts=action not in ("delete", "update"),
            )
        )

    def audit(self, *, gone: bool = False, early: int = 0) -> None:
        action = "delete" if gone else "exists"
        self.say(action, AUDITS[self.resource_type], at=self.at - timedelta(seconds=early))

    def change(self, what: str, early: int | None) -> None:
        """Something happens; `early` is by how many seconds an audit tells of it before."""
        if what == "update":
            self.say("update", content={"name": "web"})
            return
        if what == "resize":
            self.size = 1 - self.size
        elif what == "transfer":
            self.tenant = "globex" if self.tenant == "acme" else "acme"
        elif what == "power":
            what, self.status = POWER[self.status]
        if what == "exists":
            self.audit()
            return
        if early is not None and what in ("resize", "transfer", "power_off", "power_on"):
            self.audit(early=early)
        self.say(what)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """The life of one resource, from its creation; perhaps with an end, or with two."""
    resource_type = draw(st.sampled_from(sorted(SIZES)))
    life = Life(resource_type, draw(st.sampled_from(["r1", "r2"])), size=draw(st.integers(0, 1)))
    for again in range(draw(st.integers(1, 2))):
        life.status = "active"
        life.say("create")
        for what in draw(st.lists(st.sampled_from(CHANGES[resource_type]), max_size=8)):
            life.at += STEP
            life.change(what, draw(st.none() | st.integers(0, 60)))
        if not again and not draw(st.booleans()):
            break
        life.at += STEP
        life.say("delete")
        if draw(st.booleans()):
            life.at += timedelta(seconds=draw(st.integers(-60, 600)))
            life.audit(gone=True)
        life.at += 7 * STEP
    return life
