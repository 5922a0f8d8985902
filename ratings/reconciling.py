"""Reconciliation: what the journal shows of messages that are missing.

Discrepancies are worked out when somebody asks, from timelines; nothing is stored, so a
message that arrives late takes its discrepancy away. One request looks at a bounded part
of the journal, and says where the next one goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine

from ratings.core import contradictions
from ratings.core.discrepancies import (
    Discrepancy,
    View,
    Watch,
    announced,
    audits,
    counted,
    matched,
    silence,
    silent,
)
from ratings.core.model import Event
from ratings.core.timeline import ordered
from ratings.db import discrepancies, events
from ratings.db.resources import Resource
from ratings.settling import RulesOf, Settings, divided

LOG = logging.getLogger(__name__)

TRANSFORMER = "lifecycle"
"""Only what it makes is told by events of which each says what changes."""

_CHUNK = 500
_EVENTS = 100_000
"""Events that a request lets the database look through, at most."""

_DERIVED = 20_000
"""Events that are derived at once, at least those of one resource."""

_AUDITS_WITHIN = timedelta(days=32)
"""Where there was no audit for longer, there are none: Nova's are monthly by default."""

Marker = tuple[int, datetime | None, str]
"""Resource row id, and the time and the code of its last discrepancy on the page before;
without a time all of that resource has been looked at."""

START: Marker = (0, None, "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which discrepancies; None is all. since: what was shown, or is still so, since then."""

    tenant_id: str | None = None
    region: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    code: str | None = None
    since: datetime | None = None

    def has(self, found: Discrepancy) -> bool:
        return (
            self.code in (None, found.code)
            and self.tenant_id in (None, found.tenant_id)
            and (self.since is None or found.end >= self.since)
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A discrepancy and the resource that it is about."""

    resource: Resource
    discrepancy: Discrepancy

    @property
    def marker(self) -> Marker:
        return self.resource.id, self.discrepancy.at, self.discrepancy.code


@dataclass(frozen=True)
class Reconciliation:
    """With what discrepancies are looked for, as of `now`."""

    settings: Settings
    rules_of: RulesOf
    watch: Watch
    now: datetime

    @cached_property
    def types(self) -> Sequence[str]:
        """Resource types whose timelines can show something."""
        found = self.settings.definitions.types.items()
        return [name for name, each in found if each.transformer == TRANSFORMER]

    @cached_property
    def audits(self) -> Mapping[str, frozenset[str]]:
        return {name: audits(self.settings.definitions, name) for name in self.types}

    @cached_property
    def facts(self) -> discrepancies.Facts:
        """What has to be compared, by fact."""
        found: dict[str, list[str]] = {}
        for name in self.types:
            each = self.settings.definitions.types[name]
            for fact in counted(each) | matched(each):
                found.setdefault(fact, []).append(name)
            if announced(each):
                found.setdefault("status", []).append(name)
        return found

    def view(self, region: str, resource_type: str) -> View:
        rules = self.rules_of(resource_type)
        return View(rules, self.audits[resource_type], self.watch, region)


def watch(options: Any) -> Watch:
    """The patience that the options of ``[reconciliation]`` ask for."""
    return Watch(
        silence=timedelta(seconds=options.silence),
        settling=timedelta(seconds=options.settling),
        tolerance=timedelta(seconds=options.tolerance),
    )


def page(
    conn: Connection, how: Reconciliation, wanted: Wanted, *, after: Marker, limit: int
) -> tuple[list[Shown], Marker | None]:
    """Up to `limit` discrepancies past `after`, by resource, and the marker of the next page.

    A page may have fewer, even none, and yet a next one: its request has looked at enough.
    """
    search = _Search(conn, how, wanted)
    found: list[Shown] = []
    for resource, shown in search.past(after):
        found += shown
        if len(found) > limit:
            return found[:limit], found[limit - 1].marker
        after = resource, None, ""
    return found, after if search.unfinished else None


def everything(engine: Engine, how: Reconciliation, wanted: Wanted) -> Iterator[Shown]:
    """All discrepancies, in the order of `page`, in transactions of their own."""
    after: Marker | None = START
    while after is not None:
        with engine.connect() as conn:
            found, after = page(conn, how, wanted, after=after, limit=_CHUNK)
        yield from found


class _Search:
    """One request's way through the resources. unfinished: it stopped before the end."""

    def __init__(self, conn: Connection, how: Reconciliation, wanted: Wanted) -> None:
        self.conn = conn
        self.how = how
        self.wanted = wanted
        self.unfinished = False
        self._audited: dict[tuple[str, str], datetime | None] = {}

    def past(self, after: Marker) -> Iterator[tuple[int, list[Shown]]]:
        """Row id -> what is found of it, of all resources looked at that have something.

        The last one may have nothing: it is how far the search went.
        """
        row_id, at, code = after
        left = _EVENTS
        # Of a resource in the middle of which the page before ended, the rest comes first.
        start = row_id if at is None else row_id - 1
        while left > 0:
            taken = self._take(start)
            if not taken:
                return
            numbers = discrepancies.counts(self.conn, [r.id for r in taken], self.wanted.since)
            while len(taken) > 1 and sum(numbers[r.id] for r in taken) > max(left, _DERIVED):
                taken = taken[: len(taken) // 2]
            # With an instant, what was before it is looked at, too.
            earlier = 1 if self.wanted.since is None else discrepancies.RECENT
            left -= sum(numbers[r.id] for r in taken) + earlier * len(taken)
            for found, shown in self._of(taken):
                if at is not None and found == row_id:
                    yield found, [one for one in shown if one.marker[1:] > (at, code)]
                else:
                    yield found, shown
            start = taken[-1].id
            yield start, []
        self.unfinished = True

    def _take(self, after: int) -> list[Resource]:
        wanted = self.wanted
        types = self.how.types
        return discrepancies.take(
            self.conn,
            [name for name in types if wanted.resource_type in (None, name)],
            after=after,
            limit=_CHUNK,
            since=wanted.since,
            quiet=self.how.now - self.how.watch.silence,
            tenant_id=wanted.tenant_id,
            region=wanted.region,
            resource_id=wanted.resource_id,
        )

    def _of(self, taken: Sequence[Resource]) -> Iterator[tuple[int, list[Shown]]]:
        types = sorted({name for found in self.how.audits.values() for name in found})
        ids = [resource.id for resource in taken]
        present = {resource.key[1] for resource in taken}
        facts = {f: names for f, names in self.how.facts.items() if present.intersection(names)}
        suspects = set(discrepancies.suspects(self.conn, ids, facts, types, self.wanted.since))
        numbers = events.counts(self.conn, sorted(suspects))
        for group in divided(taken, numbers, _DERIVED):
            yield from self._judged(group, suspects)

    def _judged(
        self, group: Sequence[Resource], suspects: set[int]
    ) -> Iterator[tuple[int, list[Shown]]]:
        timelines = events.timelines(self.conn, [r.id for r in group if r.id in suspects])
        for resource in group:
            found = self._shown(resource, timelines.get(resource.id, ()))
            wanted = [one for one in found if self.wanted.has(one)]
            if wanted:
                wanted.sort(key=lambda one: (one.at, one.code))
                yield resource.id, [Shown(resource, one) for one in wanted]

    def _shown(self, resource: Resource, timeline: Sequence[Event]) -> list[Discrepancy]:
        region, resource_type, _ = resource.key
        how = self.how
        view = how.view(region, resource_type)
        try:
            found = contradictions.in_timeline(view, ordered(timeline), how.now)
            if silent(view, resource.state, self._audited_at(resource), how.now):
                found.append(silence(view, resource.state, how.now))
        except Exception:  # a plug-in may raise anything; its other resources can still be shown
            LOG.exception("the timeline of %s %s could not be looked at", *resource.key[1:])
            return []
        return found

    def _audited_at(self, resource: Resource) -> datetime | None:
        """When others like it were audited; asked only of what has been quiet for long."""
        how, (last, *_) = self.how, resource.state.last or (self.how.now,)
        if not resource.state.open or last >= how.now - how.watch.silence:
            return None
        region, resource_type, _ = resource.key
        if (region, resource_type) not in self._audited:
            self._audited[region, resource_type] = discrepancies.audited_at(
                self.conn,
                region,
                resource_type,
                sorted(how.audits[resource_type]),
                until=how.now - how.watch.settling,
                window=_AUDITS_WITHIN,
            )
        return self._audited[region, resource_type]
