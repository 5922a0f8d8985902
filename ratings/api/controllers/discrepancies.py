"""``/v1/discrepancies``: where the journal shows that something was not told."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from ratings import reconciling
from ratings.api.endpoint import Contract, endpoint
from ratings.api.paging import Page
from ratings.api.resource import Resource
from ratings.api.types import discrepancies as types
from ratings.core.errors import InvalidInput
from ratings.policies import discrepancies as policy
from ratings.readers.times import instant
from ratings.reconciling import START, Marker, Reconciliation, Shown, Wanted

_MARKER = re.compile(r"([0-9]{1,18})(?:/([0-9T:.+-]{19,32})/([a-z_]{1,40}))?", re.ASCII)


class Discrepancies(Resource):
    @endpoint(
        Contract(
            rule=policy.LIST,
            query=types.DiscrepanciesQuery,
            answer=types.Discrepancy,
            plural="discrepancies",
        )
    )
    def get_all(self, query: types.DiscrepanciesQuery) -> Page:
        """What timelines show by now, resource by resource. Nothing is written.

        A page looks at a bounded part of the journal: it may be short, or empty, and
        yet have a next one.
        """
        services = self.services
        wanted = Wanted(
            tenant_id=query.tenant_id,
            region=query.region,
            resource_type=query.resource_type,
            resource_id=query.resource_id,
            code=query.code,
            since=query.since,
        )
        after = START if query.marker is None else _unmarked(query.marker)
        with services.engine.connect() as conn:
            how = Reconciliation(
                services.settings,
                services.rater.rules(conn, still=False),
                services.watch,
                services.clock(),
            )
            rows, marker = reconciling.page(conn, how, wanted, after=after, limit=query.limit)
        return Page([_row(one) for one in rows], None if marker is None else _marked(marker))


def _row(shown: Shown) -> dict[str, Any]:
    region, resource_type, resource_id = shown.resource.key
    return {
        **asdict(shown.discrepancy),
        "region": region,
        "resource_type": resource_type,
        "resource_id": resource_id,
    }


def _marked(marker: Marker) -> str:
    row_id, at, code = marker
    return str(row_id) if at is None else f"{row_id}/{at.isoformat()}/{code}"


def _unmarked(marker: str) -> Marker:
    found = _MARKER.fullmatch(marker.replace(" ", "+"))
    if found is not None:
        row_id, at, code = found.groups()
        if at is None:
            return int(row_id), None, ""
        when = instant(at)
        if when is not None:
            return int(row_id), when, code
    raise InvalidInput("marker is none of this list", code="query_invalid")
