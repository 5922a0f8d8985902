"""Measures of Gnocchi, and what its resources were when they were measured.

A measure is ``[time, granularity, value]`` and stands for ``[time, time + granularity)``. A
resource is a list of its revisions; the attributes of one hold from ``revision_start``
on, which is when Gnocchi heard of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from ratings.core.errors import DefinitionError
from ratings.core.pulls import AnswerInvalid, Span
from ratings.readers.misread import shown
from ratings.readers.pulled import Name, Seconds, converted, sample
from ratings.readers.times import instant

NAME = "gnocchi"

Revision = Mapping[str, Any]

_OWN = {
    *("id", "type", "creator", "created_by_user_id", "created_by_project_id", "metrics"),
    *("user_id", "project_id", "original_resource_id", "revision_start", "revision_end"),
    *("started_at", "ended_at"),
}
"""Attributes of every resource, whatever its type. All others go into the metadata."""


class MetricPull(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One metric of the resources of one type.

    meter:    what its samples are called.
    metric:   what Gnocchi calls it; None: the same.
    metadata: name in the metadata of a sample -> attribute, beside all attributes as they are.
    source:   what its samples say for ``source``.
    """

    meter: Name
    resource_type: Name
    metric: Name | None = None
    aggregation: Name = "mean"
    granularity: Seconds = 300
    metadata: Mapping[Name, Name] = {}
    source: Name = NAME

    @property
    def named(self) -> str:
        return self.metric or self.meter


def pulls(section: Any, window: int) -> list[MetricPull]:
    """The section ``gnocchi`` of the file, for windows of that many seconds. DefinitionError."""
    found = converted(section, MetricPull, NAME)
    seen: set[tuple[str, str]] = set()
    for number, pull in enumerate(found, 1):
        place = f"{NAME}, entry {number} ({pull.meter})"
        if window % pull.granularity:
            raise DefinitionError(
                f"{place}: a window of {window} s is no multiple of {pull.granularity} s"
            )
        if (pull.resource_type, pull.meter) in seen:
            raise DefinitionError(f"{place}: {pull.resource_type} has this meter already")
        seen.add((pull.resource_type, pull.meter))
    return found


def changed_since(revision: Revision, start: datetime) -> bool:
    """Whether a resource may have been another at `start` than this revision of it says."""
    begun = instant(revision.get("revision_start"))
    return begun is None or begun > start


def samples(
    pull: MetricPull, history: Sequence[Revision], measures: Any, span: Span
) -> Iterator[bytes]:
    """A sample for each measure of one metric within `span`.

    history: revisions of its resource in their order, at least one. Raises AnswerInvalid.
    """
    begins = [instant(revision.get("revision_start")) for revision in history]
    for time, granularity, value in _triples(measures):
        at = instant(time)
        if at is None:
            raise AnswerInvalid(f"{shown(time)} is no time of a measure")
        if granularity == pull.granularity and span.start <= at < span.end:
            yield _sample(pull, _holding(history, begins, at), at, value)


def _triples(measures: Any) -> Sequence[Sequence[Any]]:
    if not isinstance(measures, list) or not all(
        isinstance(measure, list) and len(measure) == 3 for measure in measures
    ):
        raise AnswerInvalid(f"{shown(measures)} are no measures")
    return measures


def _holding(
    history: Sequence[Revision], begins: Sequence[datetime | None], at: datetime
) -> Revision:
    """What the resource was at an instant; before Gnocchi heard of it, what it heard first."""
    found = history[0]
    for revision, begun in zip(history, begins, strict=True):
        if begun is not None and begun <= at:
            found = revision
    return found


def _sample(pull: MetricPull, revision: Revision, at: datetime, value: Any) -> bytes:
    told = {k: v for k, v in revision.items() if k not in _OWN and v is not None}
    renamed = {name: told[source] for name, source in pull.metadata.items() if source in told}
    owner = revision.get("original_resource_id") or revision.get("id"), revision.get("project_id")
    return sample(pull.meter, pull.source, at, value, owner, told | renamed)
