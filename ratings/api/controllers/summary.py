"""``/v1/summary``: what it has come to, grouped."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ratings.api import ranges
from ratings.api.endpoint import Contract, endpoint
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import summary as types
from ratings.core.errors import InvalidInput
from ratings.db import summary
from ratings.db.reading import Scope, reading
from ratings.policies import summary as policy


class Summary(Resource):
    @endpoint(
        Contract(
            rule=policy.LIST,
            scoped=True,
            query=types.SummaryQuery,
            answer=types.Summary,
            plural="summary",
        )
    )
    def get_all(self, scope: Scope, query: types.SummaryQuery) -> Page:
        """Amounts of the ledger in [start, end), grouped by any of the keys, per currency.

        A record that crosses a bound counts with the share of its time; the shares
        of adjacent ranges add up to its amount.
        """
        ranges.check(query.start, query.end)
        keys: Sequence[str] = query.groupby
        order = (*keys, "currency")
        with reading(self.services.engine, scope) as conn:
            rows = summary.page(
                conn,
                scope,
                keys,
                limit=query.limit + 1,
                after=None if query.marker is None else _unmarked(query.marker, len(order)),
                start=query.start,
                end=query.end,
                tenant_id=query.tenant_id,
                region=query.region,
                resource_type=query.resource_type,
                component=query.component,
                resource_id=query.resource_id,
            )
        return page(rows, query.limit, lambda row: _mark(row, order))


def _mark(row: Mapping[str, Any], order: Sequence[str]) -> str:
    """A marker that names the group of a row."""
    return base64.urlsafe_b64encode(msgspec.json.encode([row[key] for key in order])).decode()


def _unmarked(marker: str, length: int) -> list[str]:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(marker), type=list[str])
    except (binascii.Error, ValueError):
        found = []
    if len(found) != length or any("\0" in text for text in found):
        raise InvalidInput("marker is none of this list", code="query_invalid")
    return found
