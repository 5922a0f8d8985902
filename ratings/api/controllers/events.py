"""``/v1/events``: where events come in, and the journal of those that did."""

from __future__ import annotations

from typing import Any

from ratings.api import ranges
from ratings.api.endpoint import Contract, endpoint
from ratings.api.faults import SeveralErrors
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.spooling import rate_or_keep
from ratings.api.types import events as types
from ratings.batch import Arrival, Result
from ratings.core.errors import InvalidInput
from ratings.db import events
from ratings.receiving import receive

_MOST_ERRORS = 100
"""Reasons that a refusal lists."""


class Events(Resource):
    @endpoint(Contract(query=types.PostEventsQuery, body=bytes, answer=types.Receipt, status=202))
    def post(self, query: types.PostEventsQuery, body: bytes) -> dict[str, Any]:
        """Take in one event or a list, of any format.

        What cannot be understood is parked; what is no event, or a flat event that
        breaks a rule, refuses the whole request, whether the database is there or not.
        Raises InvalidInput, NotDurable.
        """
        region = query.region or self.services.region
        arrivals, indexes = self._read(body, region)
        sent = ("events", region, body)
        results = rate_or_keep(self.services.combiner, self.services.spooling, arrivals, sent)
        return _spooled(len(arrivals)) if results is None else _receipt(results, indexes)

    @endpoint(Contract(query=types.EventsQuery, answer=types.Event, plural="events"))
    def get_all(self, query: types.EventsQuery) -> Page:
        """The journal, in the order in which events came in."""
        ranges.check(query.start, query.end)
        with self.services.engine.connect() as conn:
            rows = events.page(
                conn,
                limit=query.limit + 1,
                after=query.marker,
                resource_id=query.resource_id,
                event_type=query.event_type,
                start=query.start,
                end=query.end,
            )
        return page(rows, query.limit, lambda row: row.id)

    def _read(self, body: bytes, region: str) -> tuple[list[Arrival], list[int]]:
        """Arrivals, and for each the index of the object that it was sent in."""
        arrivals: list[Arrival] = []
        indexes: list[int] = []
        refused: list[tuple[int, InvalidInput]] = []
        count = 0
        for index, part in enumerate(receive(self.services.reader.read, body, region)):
            count += 1
            if part.refusal is not None:
                refused.append((index, part.refusal))
                if len(refused) == _MOST_ERRORS:
                    break
            arrivals += part.arrivals
            indexes += [index] * len(part.arrivals)
        if refused:
            raise SeveralErrors([_of(index, error, count) for index, error in refused])
        return arrivals, indexes


def _of(index: int, error: InvalidInput, count: int) -> InvalidInput:
    """Why one of `count` events is refused."""
    detail = f"event {index}: {error.detail}" if count > 1 else error.detail
    return type(error)(detail, code=error.code)


def _spooled(count: int) -> dict[str, Any]:
    """The receipt of a request that waits; only such a one says how many do."""
    return {**_receipt([], []), "received": count, "spooled": count}


def _receipt(results: list[Result], indexes: list[int]) -> dict[str, Any]:
    counts = {"rated": 0, "duplicate": 0, "ignored": 0, "parked": 0}
    problems = []
    for index, result in zip(indexes, results, strict=True):
        counts[result.state] += 1
        if result.state == "parked":
            problems.append({"index": index, "code": result.code, "detail": result.detail})
    return {"received": len(results), **counts, "problems": problems}
