"""Lists: how many rows, and after which."""

from __future__ import annotations

from wsme.types import wsattr

from ratings.api.paging import DEFAULT, MOST
from ratings.api.types.json_object import JsonObject
from ratings.api.values import Text, Whole


class Paging(JsonObject):
    """Of every list: how many at most, and after which marker."""

    limit = wsattr(Whole(1, MOST), default=DEFAULT)
    marker = wsattr(Text(2000), default=None)


class ById(Paging):
    """Of lists whose rows have an id, which is their marker."""

    marker = wsattr(Whole(1), default=None)
