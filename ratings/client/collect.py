"""Collections: how far each tenant was pulled from each source, and asking for it now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ratings.client.connection import Connection
from ratings.client.wire import Instant


@dataclass(frozen=True, slots=True)
class Collection:
    """Everything from `collected_from` to `collected_until` has been taken in.

    `attempts`, `code` and `detail` are of the errors since.
    """

    id: int
    source: str
    region: str
    tenant_id: str
    collected_from: datetime
    collected_until: datetime
    requested_at: datetime | None
    gone_at: datetime | None
    next_attempt_at: datetime
    last_attempt_at: datetime | None
    last_collected_at: datetime | None
    samples: int
    attempts: int
    code: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Requested:
    """How many collections were asked for, and tenants that no puller has seen yet."""

    requested: int
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collections:
    """``/v1/collect``."""

    _connection: Connection

    def list(
        self,
        *,
        source: str | None = None,
        region: str | None = None,
        tenant_id: str | None = None,
        failing: bool | None = None,
        page_size: int | None = None,
    ) -> Iterator[Collection]:
        """Each tenant of each source; `failing` is whether the last attempt failed."""
        query = {"source": source, "region": region, "tenant_id": tenant_id, "failing": failing}
        return self._connection.each("/collect", "collections", Collection, query, page_size)

    def create(
        self,
        *,
        tenant_ids: Sequence[str] | None = None,
        source: str | None = None,
        region: str | None = None,
        since: Instant | None = None,
    ) -> Requested:
        """Let pullers collect these tenants next, or all; they see it at their next turn.

        What was measured from `since` on is collected again.
        """
        body = {"tenant_ids": tenant_ids, "source": source, "region": region, "since": since}
        return self._connection.post("/collect", Requested, body)
