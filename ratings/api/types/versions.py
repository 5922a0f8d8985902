"""``/`` and ``/v1``."""

from __future__ import annotations

from wsme.types import ArrayType, Base

from ratings.api.values import Instant, Text


class Link(Base):  # type: ignore[misc]
    """A URL, and what it leads to."""

    rel = Text()
    href = Text()


class ApiVersion(Base):  # type: ignore[misc]
    """A version. There are no microversions: `min_version` and `max_version` are empty."""

    id = Text()
    status = Text()
    min_version = Text()
    max_version = Text()
    updated = Instant()
    links = ArrayType(Link)


class Versions(Base):  # type: ignore[misc]
    """Every version of the API."""

    versions = ArrayType(ApiVersion)


class Version(Base):  # type: ignore[misc]
    """This version of the API."""

    version = ApiVersion
