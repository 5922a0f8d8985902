"""Pulling: what a source is, when which window of it is collected, and what can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import NamedTuple

from ratings.core.model import UTC_EPOCH

Pull = Callable[[str, datetime, datetime], Iterable[bytes]]
"""Given a tenant and a window ``[start, end)``: a JSON object per sample, in the form in which
Ceilometer publishes one.

What is measured again must come out with the same resource, meter and time. Raises
`SourceError`, also after it has given some samples.
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A plug-in, ready for use. region: where its samples are from."""

    region: str
    pull: Pull


class Tenant(NamedTuple):
    """A project of the cloud, as its list has it."""

    id: str
    name: str


class Span(NamedTuple):
    """The time ``[start, end)``."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """When what is collected. Windows are aligned to the UTC epoch.

    window:   how long one is.
    lag:      how long ago it must have ended.
    overlap:  how many windows that were collected before are asked for once more.
    start:    where a new tenant begins; None is `lookback` before it was seen first.
    pauses:   after the first error of a tenant, and the longest.
    """

    window: timedelta
    lag: timedelta
    overlap: int
    start: datetime | None
    lookback: timedelta
    pauses: tuple[timedelta, timedelta]

    def begin(self, seen_at: datetime) -> datetime:
        """Where the first window of a tenant begins."""
        return self._floor(self.start or seen_at - self.lookback)

    def horizon(self, now: datetime) -> datetime:
        """Up to where everything can be collected by now: the end of a window."""
        return self._floor(now - self.lag)

    def due(self, until: datetime, now: datetime) -> Span | None:
        """The window to collect next, of who is collected up to `until`; None while it lasts.

        It ends at the next multiple of a window, also where windows were of another length.
        """
        span = Span(until, self._floor(until) + self.window)
        return span if span.end <= self.horizon(now) else None

    def asked(self, span: Span, begun: datetime) -> Span:
        """`span` and the windows before it that overlap; nothing before `begun`."""
        return Span(max(min(begun, span.start), span.start - self.overlap * self.window), span.end)

    def pause(self, attempts: int) -> timedelta:
        """How long to wait after that many errors in a row: twice as long each time."""
        first, longest = self.pauses
        return min(first * (1 << min(attempts - 1, 30)), longest)

    def _floor(self, instant: datetime) -> datetime:
        return instant - (instant - UTC_EPOCH) % self.window


class SourceError(Exception):
    """A window that could not be collected whole; it is tried again, with `code` shown."""

    code = "source_refused"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class SourceUnreachable(SourceError):
    """The source answers nobody now, whichever tenant is asked about."""

    code = "source_unreachable"


class AnswerInvalid(SourceError):
    """What the source answered cannot be meant."""

    code = "source_answer_invalid"


def chosen(tenants: Iterable[Tenant], include: Sequence[str], ignore: Sequence[str]) -> list[str]:
    """Ids of those whose id or name fits a pattern of `include`, if there is any, and none of
    `ignore`; in order, each once."""

    def fits(tenant: Tenant, patterns: Sequence[str]) -> bool:
        return any(fnmatchcase(text, pattern) for text in tenant for pattern in patterns)

    return sorted(
        {
            tenant.id
            for tenant in tenants
            if (not include or fits(tenant, include)) and not fits(tenant, ignore)
        }
    )
