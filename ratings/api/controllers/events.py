"""``/v1/events``: where events come in, and the journal of those that did."""

from __future__ import annotations

import logging
from typing import Any

from ratings.api import ranges
from ratings.api.endpoint import Contract, endpoint
from ratings.api.faults import SeveralErrors
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.silence import NotDurable
from ratings.api.types import events as types
from ratings.batch import Arrival, Result
from ratings.core.errors import InvalidInput, Unavailable
from ratings.core.model import Unreadable
from ratings.db import events
from ratings.readers import split

LOG = logging.getLogger(__name__)

_MOST_ERRORS = 100
"""Reasons that a refusal lists."""


class Events(Resource):
    @endpoint(Contract(query=types.PostEventsQuery, body=bytes, answer=types.Receipt, status=202))
    def post(self, query: types.PostEventsQuery, body: bytes) -> dict[str, Any]:
        """Take in one event or a list, of any format.

        What cannot be understood is parked; what is no event, or a flat event that
        breaks a rule, refuses the whole request. Raises InvalidInput, NotDurable.
        """
        arrivals, indexes = self._read(body, query.region or self.services.region)
        try:
            results = self.services.combiner.rate(arrivals)
        except Unavailable as error:
            LOG.error("%d events were not kept: %s", len(arrivals), error.detail)
            raise _not_durable() from error
        except Exception as error:
            LOG.exception("%d events were not kept", len(arrivals))
            raise _not_durable() from error
        return _receipt(results, indexes)

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
        refusals: list[InvalidInput] = []
        sent = split(body)
        for index, one in enumerate(sent):
            try:
                found = self._read_one(one, region)
            except InvalidInput as error:
                detail = f"event {index}: {error.detail}" if len(sent) > 1 else error.detail
                refusals.append(type(error)(detail, code=error.code))
                if len(refusals) == _MOST_ERRORS:
                    break
                continue
            arrivals += found
            indexes += [index] * len(found)
        if refusals:
            raise SeveralErrors(refusals)
        return arrivals, indexes

    def _read_one(self, body: bytes, region: str) -> list[Arrival]:
        try:
            received = self.services.reader.read(body, region)
        except InvalidInput:
            raise
        except Exception as error:  # a bug of ours must not cost the sender its event
            LOG.exception("an event broke its reader")
            reading = Unreadable("reader_failed", f"{type(error).__name__} in the reader")
            return [Arrival(region, reading, body.decode("utf-8", "backslashreplace"))]
        return [Arrival(region, one.reading, one.body.decode()) for one in received]


def _not_durable() -> NotDurable:
    return NotDurable("The events could not be stored; send them again.")


def _receipt(results: list[Result], indexes: list[int]) -> dict[str, Any]:
    counts = {"rated": 0, "duplicate": 0, "ignored": 0, "parked": 0}
    problems = []
    for index, result in zip(indexes, results, strict=True):
        counts[result.state] += 1
        if result.state == "parked":
            problems.append({"index": index, "code": result.code, "detail": result.detail})
    return {"received": len(results), **counts, "problems": problems}
