"""``/v1/parked_events``: what could not be understood, and another try."""

from __future__ import annotations

from collections.abc import Mapping

from ratings.api.endpoint import Contract, endpoint
from ratings.api.idempotency import Asked
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import parked_events as types
from ratings.db import parked_events
from ratings.policies import parked_events as policy
from ratings.requeueing import requeue


class ParkedEvents(Resource):
    @endpoint(
        Contract(
            rule=policy.LIST,
            query=types.ParkedEventsQuery,
            answer=types.ParkedEvent,
            plural="parked_events",
        )
    )
    def get_all(self, query: types.ParkedEventsQuery) -> Page:
        """Parked events with their reason, in the order in which they came in."""
        with self.services.engine.connect() as conn:
            rows = parked_events.page(
                conn, limit=query.limit + 1, after=query.marker, code=query.code
            )
        return page(rows, query.limit, lambda row: row.id)


class Requeue(Resource):
    @endpoint(Contract(rule=policy.REQUEUE, body=types.Requeue, answer=types.Requeued, once=True))
    def post(self, which: types.Requeue, asked: Asked) -> Mapping[str, int]:
        """Try parked events again, and say what became of them. Unavailable."""
        services = self.services
        with asked.alone(services.engine) as keep:
            tried = requeue(
                services.engine, services.rater, services.reader, code=which.code, ids=which.ids
            )
            return keep(tried)
