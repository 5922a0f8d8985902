"""``/v1/usage``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import ById
from ratings.api.values import Flag, Instant, Number, Text


class UsageQuery(ById):
    tenant_id = wsattr(Text(), default=None)
    start = wsattr(Instant(), default=None)
    end = wsattr(Instant(), default=None)


class Usage(JsonObject):
    """How much was used: `quantity` in hours of the unit, over `seconds` altogether."""

    resource_id = Text()
    resource_name = Text()
    resource_type = Text()
    region = Text()
    tenant_id = Text()
    component = Text()
    unit = Text()
    quantity = Number()
    seconds = Number()
    priced = Flag()
