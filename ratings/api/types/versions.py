"""``/`` and ``/v1``."""

from __future__ import annotations

from wsme.types import ArrayType, Base

from ratings.api.values import Text


class Link(Base):  # type: ignore[misc]
    rel = Text()
    href = Text()


class ApiVersion(Base):  # type: ignore[misc]
    id = Text()
    status = Text()
    links = ArrayType(Link)


class Versions(Base):  # type: ignore[misc]
    versions = ArrayType(ApiVersion)


class Version(Base):  # type: ignore[misc]
    version = ApiVersion
