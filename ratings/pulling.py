"""Pulling: tenant by tenant and window by window, what sources measured is taken in.

A window is asked for, read and rated; when all of it is committed, the row of its tenant says
so. Who dies in between has only to ask again, for what is told twice is a duplicate. So any
number of pullers may work on one database, and none of them has to be stopped gently.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from ratings.batch import Arrival, Result
from ratings.core.errors import Unavailable
from ratings.core.model import Unreadable
from ratings.core.pulls import Schedule, Source, SourceError, SourceUnreachable, Span
from ratings.db import collections
from ratings.db.collections import Claim
from ratings.receiving import Read, parked, receive

LOG = logging.getLogger(__name__)

_LONGEST_DETAIL = 1000

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Intake:
    """How samples are taken in. batch: how many go into one transaction."""

    read: Read
    rate: Callable[[Sequence[Arrival]], list[Result]]
    batch: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a window of a tenant: how many samples of each state, and the error."""

    source: str
    tenant_id: str
    span: Span
    states: Mapping[str, int]
    error: SourceError | None = None


def enrol(
    engine: Engine,
    sources: Mapping[str, Source],
    tenant_ids: Sequence[str],
    schedule: Schedule,
    clock: Clock,
) -> None:
    """Whom to collect from now on. Who is no longer among them is collected up to this moment."""
    now = clock()
    with engine.begin() as conn:
        for name, source in sources.items():
            key = name, source.region
            collections.enrol(conn, key, tenant_ids, schedule.begin(now), now)


def turn(
    engine: Engine, intake: Intake, sources: Mapping[str, Source], schedule: Schedule, clock: Clock
) -> Iterator[Outcome]:
    """Collect what is due, one window after the other, until nothing is.

    All sources and tenants take turns. A source that answers nobody is left alone for the rest;
    other errors are their tenant's alone. Raises Unavailable and DBAPIError when the database
    cannot be used.
    """
    working = dict(sources)
    while working:
        for name, source in list(working.items()):
            outcome = _next(engine, intake, name, source, schedule, clock)
            if outcome is not None:
                yield outcome
            if outcome is None or isinstance(outcome.error, SourceUnreachable):
                del working[name]


def _next(
    engine: Engine, intake: Intake, name: str, source: Source, schedule: Schedule, clock: Clock
) -> Outcome | None:
    """One window of the tenant whose turn it is; None if no tenant has any that is due."""
    now = clock()
    horizon, key = schedule.horizon(now), (name, source.region)
    with collections.claimed(engine, key, horizon, now) as found:
        if found is None:
            with engine.begin() as conn:
                collections.satisfy(conn, key, horizon)
            return None
        conn, claim = found
        span = schedule.due(claim.collected_until, now)
        assert span is not None, "what is before the horizon is due"
        states: Counter[str] = Counter()
        error = _collect(intake, source, claim, schedule.asked(span, claim.collected_from), states)
        _record(conn, claim, span, states, error, schedule, clock())
        return Outcome(name, claim.tenant_id, span, states, error)


def _collect(
    intake: Intake, source: Source, claim: Claim, asked: Span, states: Counter[str]
) -> SourceError | None:
    """Take a window in, and count what became of its samples; why it is not whole, if so."""
    try:
        bodies = iter(source.pull(claim.tenant_id, *asked))
        while batch := list(islice(bodies, intake.batch)):
            arrivals = list(_arrivals(intake.read, batch, source.region))
            states.update(result.state for result in intake.rate(arrivals))
    except SourceError as error:
        return error
    except (Unavailable, OperationalError, InterfaceError):
        raise
    except Exception as error:  # a plug-in may raise anything, and must stop no other tenant
        LOG.exception("%s could not be collected", claim.tenant_id)
        detail = f"unexpected {type(error).__name__}; see the log"
        return SourceError(detail, code="puller_failed")
    return None


def _arrivals(read: Read, bodies: Iterable[bytes], region: str) -> Iterator[Arrival]:
    for body in bodies:
        for part in receive(read, body, region):
            yield from part.arrivals
            if part.refusal is not None:  # nobody is there who could be told
                reading = Unreadable(part.refusal.code, part.refusal.detail, None)
                yield parked(region, reading, part.body)


def _record(
    conn: Connection,
    claim: Claim,
    span: Span,
    states: Counter[str],
    error: SourceError | None,
    schedule: Schedule,
    now: datetime,
) -> None:
    samples = states.total() - states["duplicate"]
    if error is None:
        collections.collected(conn, claim, span.end, samples, now)
    else:
        detail = error.detail.replace("\0", "")[:_LONGEST_DETAIL]
        again = now + schedule.pause(claim.attempts + 1)
        collections.failed(conn, claim, (error.code, detail), again, samples, now)
