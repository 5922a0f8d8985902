"""Running sums of what came in, per region: received = rated + ignored + parked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

SHARDS = 16

_ADD = f"""
INSERT INTO tallies AS t (region, shard, received, rated, ignored, parked, duplicate,
                          last_event_time, last_received_at)
SELECT n.region, pg_backend_pid() %% {SHARDS}, n.received, n.rated, n.ignored, n.parked,
       n.duplicate, n.last_event_time, clock_timestamp()
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
            %s::timestamptz[])
    AS n (region, received, rated, ignored, parked, duplicate, last_event_time)
ORDER BY n.region
ON CONFLICT (region, shard) DO UPDATE SET
    received = t.received + excluded.received,
    rated = t.rated + excluded.rated,
    ignored = t.ignored + excluded.ignored,
    parked = t.parked + excluded.parked,
    duplicate = t.duplicate + excluded.duplicate,
    last_event_time = greatest(t.last_event_time, excluded.last_event_time),
    last_received_at = excluded.last_received_at"""

_SUMS = """
SELECT region, sum(received)::bigint AS received, sum(rated)::bigint AS rated,
       sum(ignored)::bigint AS ignored, sum(parked)::bigint AS parked,
       sum(duplicate)::bigint AS duplicate, max(last_event_time) AS last_event_time,
       max(last_received_at) AS last_received_at
FROM tallies GROUP BY region ORDER BY region"""


@dataclass(slots=True)
class Tally:
    """What one batch adds for one region. `parked` is negative when events leave parking."""

    rated: int = 0
    ignored: int = 0
    parked: int = 0
    duplicate: int = 0
    last_event_time: datetime | None = None

    def saw(self, instant: datetime | None) -> None:
        if instant is not None and (self.last_event_time is None or instant > self.last_event_time):
            self.last_event_time = instant


def add(conn: Connection, tallies: Mapping[str, Tally]) -> None:
    """Add to the sums; the last statement of a transaction, for it holds a row until its end."""
    rows = [
        (
            region,
            tally.rated + tally.ignored + tally.parked,
            tally.rated,
            tally.ignored,
            tally.parked,
            tally.duplicate,
            tally.last_event_time,
        )
        for region, tally in tallies.items()
    ]
    conn.exec_driver_sql(_ADD, tuple(list(column) for column in zip(*rows, strict=True)))


def sums(conn: Connection) -> Sequence[Row[Any]]:
    """Everything that ever came in, by region."""
    return conn.exec_driver_sql(_SUMS).all()
