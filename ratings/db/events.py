"""The journal: every event that was understood, once, as it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from ratings.core.model import Event, Ignored
from ratings.db.arrays import array
from ratings.db.copying import NULL, cell, copy, instant_cell, json_cell, row
from ratings.db.filtering import where

_COLUMNS = (
    "message_id, region, event_type, event_time, state, resource_id, tenant_id, action, starts,"
    " content, body"
)

_KNOWN = "SELECT message_id FROM events WHERE message_id = ANY(%s::text[])"

_TIMELINES = """
SELECT e.resource_id AS id, e.message_id, e.event_type, e.event_time, e.tenant_id, e.action,
       e.starts, e.content, r.region, r.resource_type, r.resource_id
FROM unnest(%s::bigint[], %s::timestamptz[]) AS k (resource_id, after)
JOIN resources r ON r.id = k.resource_id
CROSS JOIN LATERAL (
    SELECT * FROM events
    WHERE resource_id = k.resource_id AND state = 'rated'
      AND event_time > coalesce(k.after, '-infinity')
    -- Keeps it a look-up per resource, as for records.
    OFFSET 0) AS e"""

_COUNTS = """
SELECT k.resource_id AS id,
       (SELECT count(*) FROM events WHERE resource_id = k.resource_id
            AND event_time > coalesce(k.after, '-infinity')) AS number
FROM unnest(%s::bigint[], %s::timestamptz[]) AS k (resource_id, after)"""

_PAGE = """
SELECT e.id, e.message_id, e.region, e.event_type, e.event_time, e.received_at, e.state,
       r.resource_type, r.resource_id, e.tenant_id, e.action,
       e.content::text AS content, e.body::text AS body
FROM events e LEFT JOIN resources r ON r.id = e.resource_id"""

_FILTERS = {
    "after": "e.id > %(after)s",
    "resource_id": "e.resource_id IN"
    " (SELECT id FROM resources WHERE resource_id = %(resource_id)s)",
    "event_type": "e.event_type = %(event_type)s",
    "start": "e.event_time >= %(start)s",
    "end": "e.event_time < %(end)s",
}


class Entry(NamedTuple):
    """A row to be journaled; `resource_id` is the row id of the resource, None if ignored."""

    event: Event | Ignored
    resource_id: int | None
    body: str


def known(conn: Connection, message_ids: Sequence[str]) -> set[str]:
    """Those of `message_ids` that are in the journal already."""
    return set(conn.exec_driver_sql(_KNOWN, (array(message_ids),)).scalars())


def append(conn: Connection, entries: Iterable[Entry]) -> None:
    """Journal `entries`, in the order of their message ids.

    The order keeps two writers that meet on the same messages from waiting for
    each other. IntegrityError if a message id is in the journal already.
    """
    in_order = sorted(entries, key=lambda entry: entry.event.message_id)
    copy(conn, "events", _COLUMNS, map(_row, in_order))


def page(conn: Connection, *, limit: int, **filters: Any) -> Sequence[Row[Any]]:
    """Up to `limit` journaled events, as they came in. `content` and `body` are JSON text.

    Filters: after (a row id), resource_id (of the cloud), event_type, start, end.
    """
    given = {"limit": limit, **filters}
    sql = f"{_PAGE} {where(_FILTERS, given)} ORDER BY e.id LIMIT %(limit)s"
    return conn.exec_driver_sql(sql, given).all()


def timelines(
    conn: Connection, resource_ids: Sequence[int], after: Mapping[int, datetime] = {}
) -> dict[int, list[Event]]:
    """All events of each resource (by row id), or those `after` its instant, in no order."""
    found: dict[int, list[Event]] = {resource_id: [] for resource_id in resource_ids}
    asked = array(resource_ids), array(map(after.get, resource_ids))
    for e in conn.exec_driver_sql(_TIMELINES, asked):
        content = {
            name: value if isinstance(value, str) else Decimal(value)
            for name, value in e.content.items()
        }
        found[e.id].append(
            Event(
                message_id=e.message_id,
                region=e.region,
                event_type=e.event_type,
                resource_type=e.resource_type,
                resource_id=e.resource_id,
                tenant_id=e.tenant_id,
                event_time=e.event_time,
                action=e.action,
                content=content,
                starts=e.starts,
            )
        )
    return found


def counts(
    conn: Connection, resource_ids: Sequence[int], after: Mapping[int, datetime] = {}
) -> dict[int, int]:
    """How many events there are of each resource (row id), or how many `after` its instant."""
    asked = array(resource_ids), array(map(after.get, resource_ids))
    return {r.id: r.number for r in conn.exec_driver_sql(_COUNTS, asked)}


def _row(entry: Entry) -> str:
    event = entry.event
    start = row(
        cell(event.message_id),
        cell(event.region),
        cell(event.event_type),
        instant_cell(event.event_time),
    )
    if isinstance(event, Ignored):
        return row(start, "ignored", NULL, NULL, NULL, NULL, NULL, cell(entry.body))
    return row(
        start,
        "rated",
        str(entry.resource_id),
        cell(event.tenant_id),
        cell(event.action),
        "t" if event.starts else "f",
        json_cell(event.content),
        cell(entry.body),
    )
