"""``/v1/sales_orders/{id}/lines/{n}`` and ``/v1/records/{id}/explain``."""

from __future__ import annotations

from wsme.types import ArrayType

from ratings.api.types.json_object import JsonObject
from ratings.api.types.prices import Price
from ratings.api.types.sales_orders import Line
from ratings.api.types.terms import Term
from ratings.api.values import Flag, Ids, Instant, Json, Number, Text, Texts, Whole

_ID = Whole(1)


class Working(JsonObject):
    """An amount worked out: numerator / denominator is exact, `amount` is it rounded once."""

    quantity = Number()
    unit_price = Number()
    seconds = Number()
    per = Text()
    per_seconds = Number()
    numerator = Text()
    denominator = Text()
    decimal = Text()
    rounded = Flag()
    amount = Number()
    sentence = Text()


class Sighting(JsonObject):
    """An event; of one that is `foreign` only type and time are told."""

    id = _ID
    message_id = Text()
    event_type = Text()
    event_time = Instant()
    received_at = Instant()
    action = Text()
    content = Json()
    foreign = Flag()


class Cause(JsonObject):
    """Why a record begins or ends: an event, an order, a price or a month, as `kind` says."""

    kind = Text()
    event = Sighting
    order_id = _ID
    price_before = _ID
    price_after = _ID


class Bound(JsonObject):
    """Where a record begins or ends, and why."""

    at = Instant()
    causes = ArrayType(Cause)


class Related(JsonObject):
    """A record that another takes the place of, or that takes its place."""

    id = _ID
    start = Instant()
    end = Instant()
    quantity = Number()
    amount = Number()
    order_id = _ID


class ExplainedRecord(JsonObject):
    """A record with what it follows from; `sign` is -1 where the order takes it back."""

    id = _ID
    sign = Whole(-1)
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
    price = Price
    working = Working
    begins = Bound
    ends = Bound
    before = Sighting
    after = Sighting
    billed_in = _ID
    taken_back_in = _ID
    replaces = ArrayType(Related)
    replaced_by = ArrayType(Related)


class LinePlace(JsonObject):
    """A line of an order."""

    order_id = _ID
    line = _ID


class ExplainedAdjustment(JsonObject):
    """What a graduated price or a term has made of an order period."""

    step = Whole(1, 4)
    rule = Text()
    price = Price
    term = Term
    base = Text()
    agreed = Text()
    working = Working
    based_on = Ids()
    order_id = _ID
    takes_back = LinePlace


class ExplainedLine(JsonObject):
    """A line of an order: its records if it is of usage, else the adjustment that it is."""

    order_id = _ID
    tenant_id = Text()
    currency = Text()
    line = Line
    sentence = Text()
    records = ArrayType(ExplainedRecord)
    adjustment = ExplainedAdjustment
