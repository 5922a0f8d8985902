"""What all types of the API are."""

from __future__ import annotations

from typing import Any

from wsme.types import Base


class JsonObject(Base):  # type: ignore[misc]  # WSME has no types
    """Its attributes are written in the order in which its class declares them.

    WSME left to itself parses the sources of each class to find that order: half of the time that
    the API takes to start, and without sources the order is another one.
    """

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        declaring = (one for one in cls.__mro__ if one not in JsonObject.__mro__)
        names = (name for one in declaring for name in vars(one) if not name.startswith("_"))
        cls._wsme_attr_order = list(dict.fromkeys(names))
