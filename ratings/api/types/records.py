"""``/v1/records``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.paging import DEFAULT, MOST
from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import ById
from ratings.api.types.resources import WhichResource
from ratings.api.values import Flag, Instant, Number, Text, Texts, Whole

_ID = Whole(1)


class RecordsQuery(ById):
    tenant_id = wsattr(Text(), default=None)
    resource_id = wsattr(Text(), default=None)
    component = wsattr(Text(), default=None)
    start = wsattr(Instant(), default=None)
    end = wsattr(Instant(), default=None)
    superseded = wsattr(Flag(), default=False)


class Record(JsonObject):
    """A row of the ledger. Without a price, unit_price, price_id and amount are null."""

    id = _ID
    resource_id = Text()
    resource_type = Text()
    region = Text()
    tenant_id = Text()
    component = Text()
    unit = Text()
    quantity = Number()
    unit_price = Number()
    price_id = _ID
    amount = Number()
    currency = Text()
    start = Instant()
    end = Instant()
    metadata = Texts()
    recorded_at = Instant()
    superseded_at = Instant()


class SpansQuery(WhichResource):
    limit = wsattr(Whole(1, MOST), default=DEFAULT)
    marker = wsattr(Instant(), default=None)


class Span(JsonObject):
    """Koala's record: what a resource cost between two instants, all components together."""

    resource_id = Text()
    start_at = Instant()
    end_at = Instant()
    unit_price = Number()
    consumption = Number()
    currency = Text()
    description = Text()
