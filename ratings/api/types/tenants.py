"""``/v1/tenants``."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.types.json_object import JsonObject
from ratings.api.types.lists import Paging
from ratings.api.values import Flag, Text


class TenantsQuery(Paging):
    """The marker is the id of a tenant."""


class Change(JsonObject):
    """What is to change of a tenant."""

    currency = wsattr(Text(), mandatory=True)


class Tenant(JsonObject):
    """`default` is whether nobody has set the currency, `fixed` whether nobody can any more."""

    tenant_id = Text()
    currency = Text()
    default = Flag()
    fixed = Flag()
