"""Status: whether everything that came in is accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ratings.client.connection import Connection


@dataclass(frozen=True, slots=True)
class SpoolStatus:
    """What waits on a host for the database; `max_bytes` is 0 without a spool."""

    entries: int
    bytes: int
    max_bytes: int
    alarm: bool
    oldest_at: datetime | None
    waiting_seconds: int | None
    draining_since: datetime | None
    damaged: int


@dataclass(frozen=True, slots=True)
class ParkedCount:
    """How many events are parked with a code; `waiting_seconds` is the age of the oldest."""

    code: str
    events: int
    oldest_at: datetime | None
    waiting_seconds: int | None


@dataclass(frozen=True, slots=True)
class RegionStatus:
    """What came in from a region; `lag_seconds` is the age of its newest rated event."""

    region: str
    received: int
    rated: int
    ignored: int
    parked: int
    duplicate: int
    last_event_time: datetime | None
    last_received_at: datetime | None
    lag_seconds: int | None


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Usage without a price; of each component at most 1000 records are counted."""

    component: str
    unit: str | None
    metadata: Mapping[str, str]
    records: int


@dataclass(frozen=True, slots=True)
class DeliveryError:
    """Orders that wait, by the code of their last error."""

    code: str
    orders: int


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """What a driver is owed, and got; `waiting_seconds` is the age of the oldest pending."""

    driver: str
    pending: int
    delivered: int
    oldest_pending_at: datetime | None
    last_delivered_at: datetime | None
    waiting_seconds: int | None
    errors: tuple[DeliveryError, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """received = rated + ignored + parked, or `balanced` is false."""

    version: str
    schema: str | None
    received: int
    rated: int
    ignored: int
    parked: int
    duplicate: int
    balanced: bool
    parked_by_code: tuple[ParkedCount, ...]
    regions: tuple[RegionStatus, ...]
    prices: int
    outbox: tuple[OutboxStatus, ...]
    spool: SpoolStatus | None
    unpriced: tuple[Unpriced, ...]


@dataclass(frozen=True, slots=True)
class Statuses:
    """``/v1/status``."""

    _connection: Connection

    def get(self) -> Status:
        """Counts that must add up, of one instant."""
        return self._connection.get("/status", Status)


@dataclass(frozen=True, slots=True)
class Spool:
    """``/v1/spool``."""

    _connection: Connection

    def get(self) -> SpoolStatus:
        """What waits on the host that answers; it does so without the database."""
        return self._connection.get("/spool", SpoolStatus)
