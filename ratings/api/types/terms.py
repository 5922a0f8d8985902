"""``/v1/terms``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import ById
from ratings.api.values import Instant, Number, Text, Whole

_ID = Whole(1)


class TermsQuery(ById):
    tenant_id = wsattr(Text(), default=None)
    kind = wsattr(Text(), default=None)
    at = wsattr(Instant(), default=None)


class NewTerm(JsonObject):
    """A term; without `tenant_id` it is agreed with everybody, without `start_at` from now on."""

    tenant_id = wsattr(Text(), default=None)
    kind = wsattr(Text(), mandatory=True)
    value = wsattr(Number(), mandatory=True)
    component = wsattr(Text(), default=None)
    currency = wsattr(Text(), default=None)
    start_at = wsattr(Instant(), default=None)
    end_at = wsattr(Instant(), default=None)
    reason = wsattr(Text(), mandatory=True)


class TermEnd(JsonObject):
    """When a term is to end."""

    end_at = wsattr(Instant(), mandatory=True)


class Term(JsonObject):
    """A term; `remaining` is what orders have left of a credit, null of the other kinds."""

    id = _ID
    tenant_id = Text()
    kind = Text()
    value = Number()
    component = Text()
    currency = Text()
    start_at = Instant()
    end_at = Instant()
    reason = Text()
    remaining = Number()
