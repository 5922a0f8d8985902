"""Events and samples: sending them, the journal, and what could not be understood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from ratings.client import wire
from ratings.client.connection import Connection
from ratings.client.wire import Instant

Sent: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]] | bytes
"""One or a list; bytes are JSON that is sent as it is."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the event at `index` of a request was parked."""

    index: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a request's events, all of which are durable."""

    received: int
    rated: int
    duplicate: int
    ignored: int
    parked: int
    spooled: int | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the journal; `body` is what was sent."""

    id: int
    message_id: str
    region: str
    event_type: str
    event_time: datetime
    received_at: datetime
    state: str
    resource_type: str | None
    resource_id: str | None
    tenant_id: str | None
    action: str | None
    content: Any
    body: Any


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event that could not be understood; `body` is what was sent, as a text."""

    id: int
    message_id: str | None
    region: str | None
    code: str
    detail: str
    received_at: datetime
    attempts: int
    body: str


@dataclass(frozen=True, slots=True)
class Requeued:
    """What became of parked events that were tried again."""

    tried: int
    rated: int
    duplicate: int
    ignored: int
    parked: int


@dataclass(frozen=True, slots=True)
class Events:
    """``/v1/events``."""

    _connection: Connection

    def post(self, events: Sent, *, region: str | None = None) -> Receipt:
        """Send events of any format. When this returns, they are durable.

        An exception of keystoneauth1 means that they may not be: send them again, which is
        harmless. BadRequest for what is no event, or a flat event that breaks a rule.
        """
        return self._connection.post_body("/events", Receipt, _body(events), {"region": region})

    def list(
        self,
        *,
        resource_id: str | None = None,
        event_type: str | None = None,
        start: Instant | None = None,
        end: Instant | None = None,
        page_size: int | None = None,
    ) -> Iterator[Event]:
        """The journal, in the order in which events came in."""
        query = {"resource_id": resource_id, "event_type": event_type, "start": start, "end": end}
        return self._connection.each("/events", "events", Event, query, page_size)


@dataclass(frozen=True, slots=True)
class Samples:
    """``/v1/samples``."""

    _connection: Connection

    def post(self, samples: Sent, *, region: str | None = None) -> Receipt:
        """Send samples of Ceilometer, as `Events.post` sends events."""
        return self._connection.post_body("/samples", Receipt, _body(samples), {"region": region})


@dataclass(frozen=True, slots=True)
class ParkedEvents:
    """``/v1/parked_events``."""

    _connection: Connection

    def list(
        self, *, code: str | None = None, page_size: int | None = None
    ) -> Iterator[ParkedEvent]:
        """Parked events with their reason, in the order in which they came in."""
        query = {"code": code}
        return self._connection.each(
            "/parked_events", "parked_events", ParkedEvent, query, page_size
        )

    def requeue(self, *, code: str | None = None, ids: Sequence[int] | None = None) -> Requeued:
        """Try parked events again: those of a code, or of some ids; else all."""
        body = {"code": code, "ids": ids}
        return self._connection.post("/parked_events/requeue", Requeued, body)


def _body(given: Sent) -> bytes:
    return given if isinstance(given, bytes) else wire.encode(given).encode()
