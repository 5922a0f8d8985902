"""``/v1/discrepancies``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import Paging
from ratings.api.values import Instant, Number, Text


class DiscrepanciesQuery(Paging):
    tenant_id = wsattr(Text(), default=None)
    region = wsattr(Text(), default=None)
    resource_type = wsattr(Text(), default=None)
    resource_id = wsattr(Text(), default=None)
    code = wsattr(Text(), default=None)
    since = wsattr(Instant(), default=None)


class Discrepancy(JsonObject):
    """Something that was not told: `amount` is at stake for the time from `start` to `end`.

    The event `message_id` at `at` shows it.
    """

    code = Text()
    resource_id = Text()
    resource_type = Text()
    region = Text()
    tenant_id = Text()
    at = Instant()
    message_id = Text()
    start = Instant()
    end = Instant()
    amount = Number()
    currency = Text()
    detail = Text()
