"""``/v1/resources``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import ById
from ratings.api.values import Flag, Instant, Number, Text, Whole


class WhichResource(JsonObject):
    """Which one is meant when an id occurs in several regions or types."""

    region = wsattr(Text(), default=None)
    resource_type = wsattr(Text(), default=None)


class ResourcesQuery(ById):
    tenant_id = wsattr(Text(), default=None)
    region = wsattr(Text(), default=None)
    resource_type = wsattr(Text(), default=None)
    status = wsattr(Text(), default=None)
    deleted = wsattr(Flag(), default=None)


class Sum(JsonObject):
    """An amount in a currency."""

    currency = Text()
    consumption = Number()


class Resource(JsonObject):
    """A resource; `consumption` is what the ledger charges, `accrued` what has come up since.

    Both are in `currency`, its owner's. What the ledger charges in others, to owners
    that it had before, stands apart.
    """

    resource_id = Text()
    resource_name = Text()
    resource_type = Text()
    region = Text()
    tenant_id = Text()
    status = Text()
    created_at = Instant()
    updated_at = Instant()
    deleted_at = Instant()
    deleted = Whole()
    description = Text()
    consumption = Number()
    accrued = Number()
    currency = Text()
    other_currencies = wsattr([Sum])
