"""What a message says, and what is charged for what: the simulation's own words.

Nothing here comes from the code or the definitions of ratings. It is the second opinion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

Fact = Fraction | str

RUNNING = frozenset({"active", "paused", "rescued"})


@dataclass(frozen=True)
class Said:
    """What one message says about one resource.

    verb:   create, delete, restore; resize (the size changes now); turn (the status
            changes now); look (whatever it says was so before); sample (it was measured).
    at:     when it took effect, as the message has it.
    turns:  the status that it brings.
    owner:  the tenant, where the message is sure of it; asker: who asked, where it is not.
    starts: whether it may be the first that is heard of the resource.
    """

    message_id: str
    region: str
    kind: str
    resource_id: str
    verb: str
    at: datetime
    facts: Mapping[str, Fact] = field(default_factory=dict)
    turns: str | None = None
    owner: str | None = None
    asker: str | None = None
    starts: bool = True

    @property
    def resource(self) -> tuple[str, str, str]:
        return self.region, self.kind, self.resource_id


@dataclass(frozen=True)
class Message:
    """Bytes on the wire, and what is to become of them.

    sent:  when it leaves its service.
    says:  what it says; nothing where it is to be ignored or parked.
    fate:  rated, ignored, or the code under which it is parked for good.
    news:  whether anything is missed that nothing else tells if it gets lost.
    sampled: whether it is a sample, which comes in by a door of its own.
    """

    message_id: str
    event_type: str
    region: str
    sent: datetime
    body: bytes
    says: tuple[Said, ...] = ()
    fate: str = "rated"
    news: bool = False
    sampled: bool = False


@dataclass(frozen=True)
class Counted:
    """A component: how much of it a resource has, and when it is charged.

    fact:     the name of a number; None where there is one of it.
    only:     statuses in which it is charged; None is all of them.
    never:    (fact, texts) with which it is not.
    label:    the text that its records bear.
    optional: recorded only at a price.
    adds_up:  it is counted, as bytes are, and not used for a time.
    """

    name: str
    fact: str | None = None
    only: frozenset[str] | None = None
    never: tuple[str, frozenset[str]] | None = None
    label: str | None = None
    optional: bool = False
    adds_up: bool = False

    def of(self, facts: Mapping[str, Fact]) -> Fraction:
        """How much of it is charged while `facts` hold."""
        if self.only is not None and facts.get("status") not in self.only:
            return Fraction(0)
        if self.never is not None and facts.get(self.never[0]) in self.never[1]:
            return Fraction(0)
        found = Fraction(1) if self.fact is None else facts.get(self.fact, Fraction(0))
        assert isinstance(found, Fraction)
        return found

    def labels(self, facts: Mapping[str, Fact]) -> dict[str, str]:
        if self.label is None or self.label not in facts:
            return {}
        return {self.label: str(facts[self.label])}


class Stretch(NamedTuple):
    """What one component of a resource has cost its owner for a time at a stretch."""

    counted: Counted
    start: datetime
    end: datetime
    tenant: str
    quantity: Fraction
    labels: tuple[tuple[str, str], ...]


Cuts = Mapping[str, Sequence[datetime]]
"""Ends of issued orders, by tenant."""

_HIDDEN = ("visibility", frozenset({"public"}))
_STOWED = ("status", frozenset({"building", "shelved_offloaded", "soft_delete"}))

COUNTED: Mapping[str, tuple[Counted, ...]] = {
    "instance": (
        Counted("vcpu", "vcpu", RUNNING),
        Counted("ram", "ram", RUNNING),
        Counted("disk", "disk", never=_STOWED),
        Counted("instance", None, RUNNING, label="flavor", optional=True),
    ),
    "volume": (Counted("volume", "size", label="volume_type"),),
    "volume_snapshot": (Counted("volume_snapshot", "size"),),
    "volume_backup": (Counted("volume_backup", "size"),),
    "share": (Counted("share", "size"),),
    "image": (Counted("image", "size", never=_HIDDEN),),
    "instance_snapshot": (Counted("instance_snapshot", "size", never=_HIDDEN),),
    **{
        name: (Counted(name),)
        for name in ("floating_ip", "router", "network", "subnet", "port", "vpn", "load_balancer")
    },
    # What is known from samples.
    "volume.size": (Counted("volume.size", label="volume_type", optional=True),),
    "network.incoming.bytes": (Counted("network.incoming.bytes", optional=True, adds_up=True),),
    "cpu": (Counted("cpu", label="flavor", optional=True, adds_up=True),),
    "instance.uptime": (Counted("instance.uptime", label="flavor", optional=True),),
}
