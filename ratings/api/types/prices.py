"""``/v1/prices``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import ById
from ratings.api.values import Flag, Instant, Number, Objects, Text, Texts, Whole

_ID = Whole(1)
_LONG = Text(4000, empty=True)
_TIERS = Objects(above=Number(), unit_price=Number())


class PricesQuery(ById):
    resource_type = wsattr(Text(), default=None)
    region = wsattr(Text(), default=None)
    tenant_id = wsattr(Text(), default=None)
    at = wsattr(Instant(), default=None)


class Ending(JsonObject):
    """Whether a price may also end where orders have billed with it."""

    retroactive = wsattr(Flag(), default=False)


class Tier(JsonObject):
    """What each unit above a number of units costs."""

    above = Number()
    unit_price = Number()


class NewPrice(JsonObject):
    """A price; `resource_type` is the component that it prices."""

    resource_type = wsattr(Text(), mandatory=True)
    unit_price = wsattr(Number(), mandatory=True)
    region = wsattr(Text(), default=None)
    tenant_id = wsattr(Text(), default=None)
    match = wsattr(Texts(), default=None)
    per = wsattr(Text(), default=None)
    currency = wsattr(Text(), default=None)
    start_at = wsattr(Instant(), default=None)
    end_at = wsattr(Instant(), default=None)
    name = wsattr(_LONG, default=None)
    description = wsattr(_LONG, default=None)
    free = wsattr(Number(), default=None)
    tiers = wsattr(_TIERS, default=None)
    retroactive = wsattr(Flag(), default=False)


class Successor(JsonObject):
    """What takes over from a price at `start_at`; what is not given stays as it was.

    From `id` on, attributes may only repeat what the price has.
    """

    unit_price = wsattr(Number(), default=None)
    per = wsattr(Text(), default=None)
    start_at = wsattr(Instant(), default=None)
    name = wsattr(_LONG, default=None)
    description = wsattr(_LONG, default=None)
    free = wsattr(Number(), default=None)
    tiers = wsattr(_TIERS, default=None)
    retroactive = wsattr(Flag(), default=False)
    id = wsattr(_ID, default=None)
    resource_type = wsattr(Text(), default=None)
    region = wsattr(Text(), default=None)
    tenant_id = wsattr(Text(), default=None)
    match = wsattr(Texts(), default=None)
    currency = wsattr(Text(), default=None)
    end_at = wsattr(Instant(), default=None)


class Price(JsonObject):
    """What a unit of a component costs: where, for whom, and since when."""

    id = _ID
    resource_type = Text()
    unit_price = Number()
    region = Text()
    tenant_id = Text()
    match = Texts()
    per = Text()
    currency = Text()
    start_at = Instant()
    end_at = Instant()
    name = _LONG
    description = _LONG
    free = Number()
    tiers = wsattr([Tier])
