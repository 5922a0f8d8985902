"""One resource: what happens to it, and what its service tells of that."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any, NamedTuple

from ratings.tests.simulation import wire
from ratings.tests.simulation.words import Fact, Message, Said

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


class Times(NamedTuple):
    """The days of a cloud, the grain of its clocks, and which of them go wrong.

    skew: how likely a message bears a wrong time.
    """

    start: datetime
    end: datetime
    grain: timedelta
    skew: float = 0.0

    def rough(self, at: datetime) -> datetime:
        """`at` as the clocks of this cloud tell it."""
        return self.start + (at - self.start) // self.grain * self.grain


class Step(NamedTuple):
    """From `at` on the resource is this; facts None: it does not exist."""

    at: datetime
    tenant: str
    facts: Mapping[str, Fact] | None


class Life:
    """The story of a resource. `at` is where it has got to.

    forms: the formats in which its service's messages arrive.
    doubtful: whether a message of it bears a wrong time, so that the truth is lost.
    """

    def __init__(
        self,
        chance: Random,
        times: Times,
        kind: str,
        region: str,
        tenant: str,
        forms: Sequence[str],
    ) -> None:
        self.chance, self.times = chance, times
        self.kind, self.region, self.tenant = kind, region, tenant
        self.resource_id = new_id(chance)
        self.forms = forms
        self.facts: dict[str, Fact] = {"name": f"{kind}-{self.resource_id[:4]}"}
        self.at = times.rough(times.start + chance.random() * 0.6 * (times.end - times.start))
        self.alive = False
        self.doubtful = False
        self.steps: list[Step] = []
        self.messages: list[Message] = []

    @property
    def resource(self) -> tuple[str, str, str]:
        return self.region, self.kind, self.resource_id

    def wait(self) -> bool:
        """Some time passes, seconds to many hours; False when the days are over."""
        span = self.chance.choice((10 * SECOND, 20 * MINUTE, 300 * MINUTE, 1500 * MINUTE))
        # A coarse clock may tell the next deed at the instant of the last one, never before it.
        later = self.times.rough(self.at + SECOND + self.chance.random() * span)
        self.at = max(self.at, later)
        return self.at < self.times.end - MINUTE

    def now(self, *, alive: bool = True, **facts: Fact) -> None:
        """This is how it is from here on."""
        self.facts.update(facts)
        self.alive = alive
        self.steps.append(Step(self.at, self.tenant, dict(self.facts) if alive else None))

    def was(self, at: datetime) -> Step | None:
        """What it is at an instant; None before its time, and after it."""
        found = None
        for step in self.steps:
            if step.at > at:
                break
            found = step
        return None if found is None or found.facts is None else found

    def died(self, since: datetime, until: datetime) -> Step | None:
        """Its last state, if it ended in (since, until] for good."""
        if not self.steps or self.steps[-1].facts is not None:
            return None
        return self.steps[-2] if since < self.steps[-1].at <= until else None

    def tell(
        self,
        event_type: str,
        verb: str,
        *,
        traits: Mapping[str, Any],
        payload: Mapping[str, Any],
        facts: Mapping[str, Fact],
        at: datetime | None = None,
        effective: datetime | None = None,
        turns: str | None = None,
        owner: str | None = None,
        asker: str | None = None,
        starts: bool = True,
        news: bool = True,
        forms: Sequence[str] | None = None,
    ) -> None:
        """A message that counts, at its time or at the earlier one at which it took effect."""
        sent = self.at if at is None else at
        claimed = sent
        if self.chance.random() < self.times.skew:
            claimed = self.times.rough(claimed + self.chance.uniform(-2, 2) * 60 * MINUTE)
            self.doubtful = True
        took = effective if effective is not None and effective <= claimed else claimed
        message_id = new_id(self.chance)
        said = Said(
            message_id,
            *self.resource,
            verb,
            took,
            dict(facts),
            turns,
            owner,
            None if owner else asker,
            starts,
        )
        form = self.chance.choice(forms or self.forms)
        body = wire.write(form, message_id, event_type, claimed, traits, payload, asker)
        self.messages.append(
            Message(message_id, event_type, self.region, sent, body, (said,), news=news)
        )

    def mutter(
        self,
        event_type: str,
        traits: Mapping[str, Any],
        payload: Mapping[str, Any],
        at: datetime | None = None,
    ) -> None:
        """A message that is to be ignored."""
        at = at or self.at
        message_id = new_id(self.chance)
        form = self.chance.choice(self.forms)
        body = wire.write(form, message_id, event_type, at, traits, payload, self.tenant)
        self.messages.append(Message(message_id, event_type, self.region, at, body, fate="ignored"))


def new_id(chance: Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def whole(number: int) -> Fraction:
    return Fraction(number)
