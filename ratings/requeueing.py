"""Parked events, tried again: after the definitions have learnt to understand them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Engine

from ratings.batch import Arrival
from ratings.core.errors import InvalidInput, NoNotification
from ratings.core.model import Unreadable
from ratings.db import parked_events
from ratings.db.parked_events import Waiting
from ratings.rater import Rater
from ratings.readers import Reader
from ratings.receiving import broken, rate_or_park

_CHUNK = 500


def requeue(
    engine: Engine,
    rater: Rater,
    reader: Reader,
    *,
    code: str | None = None,
    ids: Sequence[int] | None = None,
) -> Mapping[str, int]:
    """Read and rate parked events anew: those of a code, or of some row ids, else all.

    Returns how many were tried, and how many readings of them were rated, ignored,
    duplicate, or parked again. None holds up those behind it, and none that is parked
    meanwhile is tried. Raises Unavailable; what was done until then stays done.
    """
    counts = Counter(tried=0, rated=0, duplicate=0, ignored=0, parked=0)
    with engine.connect() as conn:
        after, newest = 0, parked_events.newest(conn)
    while waiting := _take(engine, after, newest, code, ids):
        arrivals = [arrival for one in waiting for arrival in _arrivals(reader, one)]
        counts["tried"] += len(waiting)
        counts.update(result.state for result in rate_or_park(rater.rate, arrivals))
        after = waiting[-1].id
    return counts


def _take(
    engine: Engine, after: int, newest: int, code: str | None, ids: Sequence[int] | None
) -> list[Waiting]:
    with engine.connect() as conn:
        return parked_events.take(
            conn, after=after, newest=newest, limit=_CHUNK, code=code, ids=ids
        )


def _arrivals(reader: Reader, waiting: Waiting) -> Iterator[Arrival]:
    # What a bus may not say it may not say on another try either.
    read = reader.read_notification if waiting.code == NoNotification.code else reader.read
    try:
        received = read(waiting.body.encode(), waiting.region)
    except InvalidInput as error:
        reading = Unreadable(error.code, error.detail)
    except Exception as error:
        reading = broken(error)
    else:
        # What is parked leaves with the last of its readings: when all others are committed, and
        # it is its own, if it has one.
        *others, last = sorted(
            received, key=lambda one: one.reading.message_id == waiting.message_id
        )
        for one in others:
            yield Arrival(waiting.region, one.reading, one.body.decode())
        yield Arrival(waiting.region, last.reading, last.body.decode(), waiting.message_id)
        return
    yield Arrival(waiting.region, reading, waiting.body, waiting.message_id)
