"""``/v1/events``: where events come in, and the journal of those that did."""

from __future__ import annotations

from typing import Any

from ratings.api import intake, ranges
from ratings.api.caller import Caller
from ratings.api.endpoint import Contract, endpoint
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import events as types
from ratings.db import events
from ratings.policies import events as policy


class Events(Resource):
    @endpoint(
        Contract(
            rule=policy.CREATE,
            caller=True,
            query=types.PostEventsQuery,
            body=bytes,
            answer=types.Receipt,
            status=202,
        )
    )
    def post(self, caller: Caller, query: types.PostEventsQuery, body: bytes) -> dict[str, Any]:
        """Take in one event or a list, of any format.

        What cannot be understood is parked; what is no event, or a flat event that
        breaks a rule, refuses the whole request, whether the database is there or not.
        Raises InvalidInput, Forbidden, NotDurable.
        """
        reader = self.services.reader
        return intake.take_in(self.services, caller, body, query.region, "events", reader.read)

    @endpoint(
        Contract(rule=policy.LIST, query=types.EventsQuery, answer=types.Event, plural="events")
    )
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
