"""The days of a cloud as ratings sees them: messages come, processes die, orders are issued."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from ratings import requeueing
from ratings.core.errors import Unavailable
from ratings.settling import Settings
from ratings.tests.simulation import office
from ratings.tests.simulation.bargains import Bargains
from ratings.tests.simulation.cloud import Cloud
from ratings.tests.simulation.desk import Desk, Difference
from ratings.tests.simulation.network import Delivery
from ratings.tests.simulation.sabotage import Killed, a_trap
from ratings.tests.simulation.site import SETTINGS, Answer, NoAnswer, Process, Site
from ratings.tests.simulation.words import Message

T = TypeVar("T")

AHEAD = timedelta(hours=1)
"""How far an event may lie ahead of the clock."""

_FAILURES = (Unavailable, NoAnswer, DBAPIError)
_HOUR = timedelta(hours=1)


@dataclass
class Drive:
    """One run through the deliveries of a cloud.

    calm: nothing dies, and nobody meets anybody.
    """

    site: Site
    cloud: Cloud
    deliveries: Sequence[Delivery]
    calm: bool = False
    differences: list[Difference] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.chance = Random(f"drive {self.cloud.seed}")
        self.rough = self.chance.choice((0.0, 0.1, 0.3, 0.6))
        self.crashes = self.chance.choice((0, 0, 0, 1))
        self.learns_late = self.chance.random() < 0.25
        self.book = office.Book(self.cloud, self.chance)
        self.pending: list[Message] = []
        self.desk = Desk(self.site, self.cloud, self.book, self.differences)
        self.bargains = Bargains(self.desk, self.chance, self.counts, self._attempt)

    def run(self) -> None:
        """From the first delivery to the last; then everything is mended and billed."""
        self.site.renew(_ignorant() if self.learns_late else SETTINGS)
        self.site.clock.time = self.cloud.times.start
        self.bargains.open()
        arriving = list(self.deliveries)
        while arriving:
            size = self.chance.choice((1, 1, 2, 5, 10, 20, 40))
            batch, arriving = arriving[:size], arriving[size:]
            self.site.clock.time = max(self.site.clock.time, batch[-1].at)
            self._deliver([one.message for one in batch])
            self._meanwhile()
        self._mend()

    def _mend(self) -> None:
        """What is pending arrives, what is parked gets its try, what was used is billed."""
        self.rough, self.crashes = 0.0, 0
        self.site.clock.jump = timedelta()
        # Later than any order of a clock that was five hours fast.
        last = max(self.site.clock.time, self.cloud.times.end) + 7 * _HOUR
        self.site.clock.time = last
        if self.learns_late:
            self._learn()
        self._deliver([])
        assert not self.pending
        self._requeue()
        self.desk.close_all(self.site.office, last - _HOUR)

    def _meanwhile(self) -> None:
        """Between two batches, one thing or the other."""
        dice = self.chance.random()
        if dice < 0.02:
            self.site.clock.jump = self.chance.choice((-5, 0, 0, 5)) * _HOUR
        elif dice < 0.03:
            self._requeue()
        elif dice < 0.035 and self.learns_late:
            self._learn()
        elif dice < 0.05:
            self.chance.choice(self.site.processes).start(self.settings)
        elif dice < 0.11:
            self.bargains.change_prices()
        elif dice < 0.12:
            self.bargains.change_currencies()
        elif dice < 0.15 and self.book.agrees:
            self.bargains.change_terms()
        elif dice < 0.23:
            self._bill(self.site.office)

    @property
    def settings(self) -> Settings:
        return self.site.office.settings

    def _learn(self) -> None:
        """The operator completes the definitions, and tries again what was parked."""
        self.learns_late = False
        self.site.start_all(SETTINGS)
        self._requeue()

    def _deliver(self, messages: Sequence[Message]) -> None:
        """To some process; what gets no answer is sent again, sometime."""
        messages = [*self.pending, *messages]
        self.pending = []
        process = self.chance.choice([*self.site.collectors, self.site.api])
        groups = [messages]
        if process.serves:
            doors = sorted({(message.region, message.sampled) for message in messages})
            groups = [[m for m in messages if (m.region, m.sampled) == door] for door in doors]
        for group in groups:
            answers = self._attempt(process, lambda group=group: process.take(group))
            if answers is None:
                self.pending += group
            else:
                self._compare(group, answers)
        if self.pending and not self.rough:
            self._deliver([])

    def _compare(self, messages: Sequence[Message], answers: Sequence[Answer]) -> None:
        """Every answer is one that its message can have at this time."""
        self.counts["deliveries"] += len(messages)
        self.acknowledged.update(message.message_id for message in messages)
        found = Counter(
            "taken" if state in ("rated", "duplicate", "ignored") else state
            for answer in answers
            for state in answer.states
        )
        found.update(code for answer in answers for code in answer.codes)
        self.counts["duplicate"] += sum(a.states.count("duplicate") for a in answers)
        expected: Counter[str] = Counter()
        for message in messages:
            for code in self._codes(message):
                expected.update(["taken"] if code is None else ["parked", code])
        if found != expected:
            told = ", ".join(sorted({m.event_type for m in messages}))
            self.differences.append(Difference("answer", told, str(expected), str(found)))

    def _codes(self, message: Message) -> list[str | None]:
        """Under which code each part of a message is parked now; None where it is not."""
        if message.fate == "ignored":
            return [None]
        if message.fate != "rated":
            return [message.fate]
        if self._is_unknown(message):
            return ["event_type_unknown"]
        latest = self.site.clock() + AHEAD
        return ["event_in_future" if said.at > latest else None for said in message.says]

    def _is_unknown(self, message: Message) -> bool:
        flat = "." not in message.event_type
        known = flat or message.event_type in self.settings.definitions.rules
        return not known and not message.sampled

    def _requeue(self) -> None:
        process = self.chance.choice((self.site.office, *self.site.collectors))
        for _ in range(2):
            found = self._attempt(
                process,
                lambda: requeueing.requeue(process.engine, process.rater, process.reader),
            )
            if found is not None:
                return

    def _bill(self, process: Process) -> None:
        """Issue the order of somebody, up to a midnight, to now, or to any instant."""
        now = self.site.clock()
        ago = self.chance.choice((0.0, 0.1, 5.0, 20.0)) * self.chance.random() * _HOUR
        end = self.cloud.times.rough(now - ago)
        if self.chance.random() < 0.5:
            end = end.replace(hour=0, minute=0, second=0, microsecond=0)
        tenant = self.chance.choice(self.cloud.tenants)
        expected = self.desk.draft(process, tenant, end)
        issued = self._attempt(process, lambda: self.desk.issue(process, tenant, end))
        met = process.saboteur.sprung == "meet"
        self.desk.check(tenant, end, issued, None if met else expected)

    def _attempt(self, process: Process, work: Callable[[], T]) -> T | None:
        """What `work` returns, unless somebody dies of it. Who died is started again."""
        trap = None
        if not self.calm and self.chance.random() < self.rough:
            trap = a_trap(self.chance, self.crashes > 0)
        process.saboteur.arm(trap, self._meet)
        try:
            return work()
        except Killed:
            process.start(self.settings)
            return None
        except _FAILURES as error:
            if process.saboteur.sprung is None:
                self.differences.append(Difference("failure", "", "an answer", repr(error)))
            return None
        finally:
            process.saboteur.disarm()
            sprung = process.saboteur.sprung
            if sprung is not None:
                self.counts[sprung] += 1
                if sprung.startswith("crash"):
                    self.crashes -= 1
                    self.site.repair()

    def _meet(self) -> None:
        """While another process stands between two statements, a guest does its work."""
        guest = self.site.guest
        guest.start(self.settings)
        try:
            if self.chance.random() < 0.2:
                tenant = self.chance.choice(self.cloud.tenants)
                self.desk.issue(guest, tenant, self._last_hour())
            else:
                guest.take(self._again())
        except _FAILURES:
            self.counts["met a lock"] += 1

    def _last_hour(self) -> datetime:
        return self.site.clock().replace(minute=0, second=0, microsecond=0)

    def _again(self) -> list[Message]:
        """Messages that have arrived, or are just about to: some of the newest."""
        known = [d.message for d in self.deliveries if d.at <= self.site.clock.time]
        return self.chance.sample(known[-60:], min(len(known), 15, 60))


def _ignorant() -> Settings:
    """Definitions that know nothing of shares and routers yet."""
    definitions = SETTINGS.definitions
    rules = {
        event_type: rule
        for event_type, rule in definitions.rules.items()
        if not event_type.startswith(("share.", "router."))
    }
    return replace(SETTINGS, definitions=replace(definitions, rules=rules))
