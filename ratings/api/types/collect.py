"""``/v1/collect``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import ById
from ratings.api.values import Flag, Instant, Names, Text, Whole


class CollectQuery(ById):
    source = wsattr(Text(), default=None)
    region = wsattr(Text(), default=None)
    tenant_id = wsattr(Text(), default=None)
    failing = wsattr(Flag(), default=None)


class Collection(JsonObject):
    """How far a tenant was collected from a source; `code` and `detail` are of the last error."""

    id = Whole(1)
    source = Text()
    region = Text()
    tenant_id = Text()
    collected_from = Instant()
    collected_until = Instant()
    requested_at = Instant()
    gone_at = Instant()
    next_attempt_at = Instant()
    last_attempt_at = Instant()
    last_collected_at = Instant()
    samples = Whole()
    attempts = Whole()
    code = Text()
    detail = Text()


class CollectRequest(JsonObject):
    """Which tenants to collect, of which source; by default all. since: again from then on."""

    tenant_ids = wsattr(Names(), default=None)
    source = wsattr(Text(), default=None)
    region = wsattr(Text(), default=None)
    since = wsattr(Instant(), default=None)


class CollectRequested(JsonObject):
    """How many rows of the list are asked for, and tenants that have none."""

    requested = Whole()
    unknown = Names()
