"""What an event is called, so that sending it twice is harmless."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from ratings.readers.wire import Wire

NAMESPACE = UUID("0d8f4c1e-6d0b-5c5e-9a52-2f1c6a7be1d4")
"""Of every derived message id. Changing it makes old events new ones."""

LONGEST = 255
"""Characters of an id: of a message, a resource, a tenant, a region."""

_canonical = msgspec.json.Encoder(decimal_format="number", order="sorted")


def borne(value: Any) -> str | None:
    """The message id that an event bears, None when that is none."""
    return value if type(value) is str and 0 < len(value) <= LONGEST else None


def derived(region: str, wire: Wire) -> str:
    """The id of an event that bears none: the same content has the same id."""
    return str(uuid5(NAMESPACE, f"{region}/{_canonical.encode(wire).decode()}"))


def of_element(message_id: str, name: str) -> str:
    """The id of one of the events that a single message speaks of."""
    return str(uuid5(NAMESPACE, f"{message_id}/{name}"))


def of_sample(region: str, resource_id: str, meter: str, instant: datetime) -> str:
    """The id of a sample. The one that it bears is another each time a notification is handled."""
    name = _canonical.encode(["sample", region, resource_id, meter, instant.isoformat()])
    return str(uuid5(NAMESPACE, name.decode()))
