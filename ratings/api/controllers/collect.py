"""``/v1/collect``: how far sources were pulled, and asking for it now."""

from __future__ import annotations

from typing import Any

from ratings.api.endpoint import Contract, endpoint
from ratings.api.idempotency import Asked
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import collect as types
from ratings.db import collections
from ratings.policies import collect as policy


class Collect(Resource):
    @endpoint(
        Contract(
            rule=policy.LIST,
            query=types.CollectQuery,
            answer=types.Collection,
            plural="collections",
        )
    )
    def get_all(self, query: types.CollectQuery) -> Page:
        """What was collected last, of each source and tenant, and what went wrong."""
        with self.services.engine.connect() as conn:
            rows = collections.page(
                conn,
                limit=query.limit + 1,
                after=query.marker,
                source=query.source,
                region=query.region,
                tenant_id=query.tenant_id,
                failing=query.failing,
            )
        return page(rows, query.limit, lambda row: row.id)

    @endpoint(
        Contract(
            rule=policy.REQUEST,
            body=types.CollectRequest,
            answer=types.CollectRequested,
            status=202,
            once=True,
        )
    )
    def post(self, which: types.CollectRequest, asked: Asked) -> dict[str, Any]:
        """Let pullers collect these next; they see it at their next turn."""
        services = self.services
        with services.engine.begin() as conn:
            keep = asked.telling(dict)(conn)
            found = collections.request(
                conn,
                services.clock(),
                source=which.source,
                region=which.region,
                tenant_ids=which.tenant_ids,
                since=which.since,
            )
            unknown = sorted(set(which.tenant_ids or ()) - set(found))
            return keep({"requested": len(found), "unknown": unknown})
