"""What the file of meter mappings means: where a sample has what, and how it is measured.

``mappings.parse`` makes these of the loaded document. The reference for those who
write it is ``doc/source/reference/meters.rst``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ratings.core.model import UTC_EPOCH

LONGEST_WINDOW = timedelta(days=1)
"""A window is a whole fraction of a day, so that every midnight in UTC ends one."""

VALUE = "value"
"""The fact that is what a sample measured; absent where it says that it measured nothing."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the samples of a resource are turned into what is charged.

    window:   how long a window is; windows are aligned to the UTC epoch.
    by:       the text fact that chooses the component; None is that all is one.
    services: text of that fact -> component; the first of the type for all others.
    config:   what the transformer is told beside, checked where it is one of ours.
    """

    window: timedelta
    by: str | None
    services: Mapping[str, str]
    config: Mapping[str, Any]

    def begin(self, instant: datetime) -> datetime:
        """The start of the window [start, start + window) that `instant` lies in."""
        return instant - (instant - UTC_EPOCH) % self.window


@dataclass(frozen=True, slots=True)
class Source:
    """Where a text or a number is found: JMESPath expressions on the sample, in order.

    The first that gives neither null nor an empty text counts. template: what is
    made of a text, ``%s`` being its place.
    """

    paths: tuple[str, ...]
    template: str = "%s"


@dataclass(frozen=True, slots=True)
class Meter:
    """One mapping: which samples of a meter count, and what is read from them.

    name:        the resource type that they are about.
    value:       where the measured value is, or a constant; None is ``volume``.
    conversion:  by which it is multiplied; its denominator divides a power of ten.
    filters:     JMESPath expressions that all have to be true of a sample that counts.
    sources:     patterns of the ``source`` of samples that are trusted; None is of all.
    metadata:    text facts by name.
    resource_id: what is made of the sample's resource id, ``%s`` being its place.
    tenant_id:   where the owner is.
    """

    meter: str
    name: str
    value: Source | Decimal | None
    conversion: Fraction
    filters: tuple[str, ...]
    sources: tuple[str, ...] | None
    metadata: tuple[tuple[str, Source], ...]
    resource_id: str
    tenant_id: Source


@dataclass(frozen=True, slots=True)
class Meters:
    """All mappings by the name of their meter, and patterns of meters that say nothing."""

    window: timedelta
    mappings: Mapping[str, tuple[Meter, ...]]
    ignore: tuple[str, ...]


NO_METERS = Meters(timedelta(0), {}, ())
