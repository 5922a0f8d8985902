"""``/v1/summary``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import Paging
from ratings.api.values import Choices, Instant, Number, Text, Whole
from ratings.db.summary import KEYS


class SummaryQuery(Paging):
    start = wsattr(Instant(), default=None)
    end = wsattr(Instant(), default=None)
    groupby = wsattr(Choices(*KEYS), default=())
    tenant_id = wsattr(Text(), default=None)
    region = wsattr(Text(), default=None)
    resource_type = wsattr(Text(), default=None)
    component = wsattr(Text(), default=None)
    resource_id = wsattr(Text(), default=None)


class Summary(JsonObject):
    """An amount, with those of the keys that were asked for.

    `records` have a part in it, of which `unpriced` have no price and so no amount.
    """

    tenant_id = Text()
    region = Text()
    resource_type = Text()
    component = Text()
    resource_id = Text()
    day = Text()
    month = Text()
    currency = Text()
    amount = Number()
    records = Whole()
    unpriced = Whole()
