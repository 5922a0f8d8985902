"""``/v1/sales_orders`` and ``/v1/sales_drafts``."""

from __future__ import annotations

from wsme.types import ArrayType, wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import ById
from ratings.api.values import Instant, Number, Text, Whole

_ID = Whole(1)


class SalesOrdersQuery(ById):
    tenant_id = wsattr(Text(), default=None)
    date = wsattr(Instant(), default=None)
    start = wsattr(Instant(), default=None)
    end = wsattr(Instant(), default=None)


class SalesOrderQuery(JsonObject):
    format = wsattr(Text(), default=None)


class SalesDraftQuery(JsonObject):
    tenant_id = wsattr(Text(), default=None)
    end = wsattr(Instant(), default=None)
    format = wsattr(Text(), default=None)


class NewSalesOrder(JsonObject):
    """Whose order is to be issued, and up to when."""

    tenant_id = wsattr(Text(), mandatory=True)
    end = wsattr(Instant(), default=None)


class Line(JsonObject):
    """What one component of a resource costs in a time, or an adjustment, as `kind` says.

    Corrections have a reason, too. `source` is the price, of some adjustments the term.
    """

    line = Whole(1)
    kind = Text()
    resource_id = Text()
    resource_name = Text()
    resource_type = Text()
    region = Text()
    component = Text()
    unit = Text()
    quantity = Number()
    unit_price = Number()
    per = Text()
    start = Instant()
    end = Instant()
    amount = Number()
    source = _ID
    description = Text()
    reason = Text()


class SalesOrder(JsonObject):
    """An order; in lists it comes without lines, and a draft has no id, digest or time of issue."""

    id = _ID
    tenant_id = Text()
    start = Instant()
    end = Instant()
    status = Text()
    currency = Text()
    total = Number()
    payable = Number()
    lines = ArrayType(Line)
    corrections = ArrayType(Line)
    unpriced = ArrayType(Line)
    digest = Text()
    previous_digest = Text()
    created_at = Instant()
