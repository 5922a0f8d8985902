"""``/`` and ``/v1``."""

from __future__ import annotations

from wsme.types import ArrayType

from ratings.api.types.json_object import JsonObject
from ratings.api.values import Instant, Text


class Link(JsonObject):
    """A URL, and what it leads to."""

    rel = Text()
    href = Text()


class ApiVersion(JsonObject):
    """A version. There are no microversions: `min_version` and `max_version` are empty."""

    id = Text()
    status = Text()
    min_version = Text()
    max_version = Text()
    updated = Instant()
    links = ArrayType(Link)


class Versions(JsonObject):
    """Every version of the API."""

    versions = ArrayType(ApiVersion)


class Version(JsonObject):
    """This version of the API."""

    version = ApiVersion
