"""What Prometheus answers to a query over a range of time: a matrix of series.

``{"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {label: text},
"values": [[seconds, "1.5"], ...]}]}}``. Each value of a series becomes a sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from msgspec import Meta, Struct

from ratings.core.errors import DefinitionError
from ratings.core.model import UTC_EPOCH
from ratings.core.pulls import AnswerInvalid, Span
from ratings.readers.misread import shown
from ratings.readers.pulled import Name, Seconds, converted, sample
from ratings.readers.times import EARLIEST

NAME = "prometheus"
PLACE = "%s"
"""In a query: where the id of the tenant belongs."""

_NAME_LABEL = "__name__"
_SECOND = 1_000_000


class QueryPull(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One query, asked for each tenant.

    step:        evaluated at each multiple of that many seconds; None: `query` is a selector, of
                 which every sample is taken that Prometheus holds.
    resource_id: the label that tells the resource.
    metadata:    name in the metadata of a sample -> label, beside all labels as they are.
    source:      what its samples say for ``source``.
    """

    meter: Name
    query: Annotated[str, Meta(min_length=1, max_length=10_000)]
    resource_id: Name
    step: Seconds | None = None
    metadata: Mapping[Name, Name] = {}
    source: Name = NAME


def pulls(section: Any, window: int) -> list[QueryPull]:
    """The section ``prometheus`` of the file, for windows of that many seconds. DefinitionError."""
    found = converted(section, QueryPull, NAME)
    for number, pull in enumerate(found, 1):
        place = f"{NAME}, entry {number} ({pull.meter})"
        if PLACE not in pull.query:
            raise DefinitionError(f"{place}: the query does not ask for a tenant, as {PLACE}")
        if pull.step is not None and window % pull.step:
            raise DefinitionError(
                f"{place}: a window of {window} s is no multiple of {pull.step} s"
            )
    return found


def question(pull: QueryPull, tenant_id: str, span: Span) -> tuple[str, dict[str, str]] | None:
    """The end of the URL and the parameters that ask for `span`, at least; None for no instant.

    Prometheus counts both ends of a range in, and since release 3 not the start of a selector.
    """
    escaped = tenant_id.replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'")
    query = pull.query.replace(PLACE, escaped.replace("\n", "\\n"))
    if pull.step is None:
        milliseconds = (span.end - span.start) // timedelta(milliseconds=1) + 1
        return "query", {"query": f"{query}[{milliseconds}ms]", "time": _seconds(span.end)}
    step = timedelta(seconds=pull.step)
    first = span.start + (UTC_EPOCH - span.start) % step
    last = span.end - timedelta(microseconds=1)
    if first > last:
        return None
    times = {"start": _seconds(first), "end": _seconds(last - (last - UTC_EPOCH) % step)}
    return "query_range", {"query": query, **times, "step": str(pull.step)}


def samples(pull: QueryPull, answer: Any, tenant_id: str, span: Span) -> Iterator[bytes]:
    """A sample for each value within `span`. Raises AnswerInvalid.

    Two values of one resource at one instant would be one sample, so they are refused.
    """
    seen: set[tuple[str | None, datetime]] = set()
    for series in _matrix(answer):
        labels = series["metric"]
        resource_id = labels.get(pull.resource_id)
        told = {name: text for name, text in labels.items() if name != _NAME_LABEL}
        renamed = {name: told[label] for name, label in pull.metadata.items() if label in told}
        for at, volume in _values(series["values"]):
            if not span.start <= at < span.end:
                continue
            if (resource_id, at) in seen:
                raise AnswerInvalid(
                    f"{pull.meter}: two series tell of {shown(resource_id)} at {at.isoformat()};"
                    " let the query add them up, or name another label",
                    code="series_ambiguous",
                )
            seen.add((resource_id, at))
            owner = resource_id, tenant_id
            yield sample(pull.meter, pull.source, at, volume, owner, told | renamed)


def _matrix(answer: Any) -> list[dict[str, Any]]:
    if not isinstance(answer, dict) or answer.get("status") != "success":
        raise AnswerInvalid(f"{shown(answer)} is no success")
    if answer.get("warnings"):
        # A part of the data may be missing, and nobody would ever ask for it again.
        raise AnswerInvalid(f"answered with warnings: {shown(answer['warnings'])}")
    data = answer.get("data")
    told = data if isinstance(data, dict) else {}
    found = told.get("result")
    if not isinstance(found, list) or told.get("resultType") != "matrix":
        raise AnswerInvalid(f"{shown(data)} is no matrix")
    for series in found:
        if not (
            isinstance(series, dict)
            and isinstance(series.get("metric"), dict)
            and isinstance(series.get("values"), list)
        ):
            raise AnswerInvalid(f"{shown(series)} is no series of numbers")
    return found


def _values(values: list[Any]) -> Iterator[tuple[datetime, Decimal | str]]:
    for value in values:
        try:
            seconds, text = value
            at = UTC_EPOCH + timedelta(microseconds=int(seconds * _SECOND))
            if at < EARLIEST or not isinstance(text, str):
                raise ValueError
        except (TypeError, ValueError, ArithmeticError):
            raise AnswerInvalid(f"{shown(value)} is no value at a time") from None
        yield at, _number(text)


def _number(text: str) -> Decimal | str:
    """The number that a text is; ``NaN`` and ``+Inf`` stay texts, which the reader of samples
    has no number for."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return text
    return found if found.is_finite() else text


def _seconds(instant: datetime) -> str:
    """The instant as Prometheus writes it, exactly: ``1767225600.000``."""
    milliseconds = (instant - UTC_EPOCH) // timedelta(milliseconds=1)
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"
