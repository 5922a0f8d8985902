"""Taking in what others report: the one way of every door, from a body to a receipt."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, TypeVar

from ratings.api.caller import Caller
from ratings.api.faults import SeveralErrors
from ratings.api.services import Services
from ratings.api.spooling import rate_or_keep
from ratings.batch import Arrival, Result
from ratings.core.discrepancies import RECONCILED
from ratings.core.errors import Forbidden, InvalidInput, RatingError
from ratings.policies import events as policy
from ratings.receiving import Read, receive

LOG = logging.getLogger(__name__)

Refusal = TypeVar("Refusal", bound=RatingError)

_MOST_ERRORS = 100
"""Reasons that a refusal lists."""


def take_in(
    services: Services, caller: Caller, body: bytes, asked: str | None, kind: str, read: Read
) -> dict[str, Any]:
    """Rate one object or a list, or keep it for later; the receipt says what became of each.

    asked: the region that the request names. kind: ``events`` or ``samples``; a drainer reads
    what was kept by it. What is wrong, or is not for this caller to say, is refused whether the
    database is there or not. Raises InvalidInput, Forbidden, NotDurable.
    """
    region, noun = asked or services.region, kind.removesuffix("s")
    if asked is not None and not _delivers(caller, asked):
        raise _foreign(caller, asked)
    arrivals, indexes = _read(body, region, noun, read)
    _refuse_foreign(caller, noun, arrivals, indexes)
    if any(_approves(arrival) for arrival in arrivals):
        services.policy.authorise(policy.RECONCILE, caller)
    sent = kind, region, body
    results = rate_or_keep(services.combiner, services.spooling, arrivals, sent)
    return _spooled(len(arrivals)) if results is None else _receipt(results, indexes)


def _read(body: bytes, region: str, noun: str, read: Read) -> tuple[list[Arrival], list[int]]:
    """Arrivals, and for each the index of the object that it was sent in."""
    arrivals: list[Arrival] = []
    indexes: list[int] = []
    refused: list[tuple[int, InvalidInput]] = []
    count = 0
    for index, part in enumerate(receive(read, body, region)):
        count += 1
        if part.refusal is not None:
            refused.append((index, part.refusal))
            if len(refused) == _MOST_ERRORS:
                break
        arrivals += part.arrivals
        indexes += [index] * len(part.arrivals)
    if refused:
        raise SeveralErrors([_of(noun, index, error, count) for index, error in refused])
    return arrivals, indexes


def _refuse_foreign(
    caller: Caller, noun: str, arrivals: Sequence[Arrival], indexes: Sequence[int]
) -> None:
    """Raises Forbidden for what comes from regions that are not the caller's."""
    if caller.regions is None:
        return
    found = [(index, _region(arrival)) for index, arrival in zip(indexes, arrivals, strict=True)]
    refused = [(index, region) for index, region in found if not _delivers(caller, region)]
    if refused:
        errors = [
            _of(noun, index, _foreign(caller, region), len(arrivals))
            for index, region in refused[:_MOST_ERRORS]
        ]
        raise SeveralErrors(errors)


def _region(arrival: Arrival) -> str:
    """A flat event says itself where it is from."""
    return getattr(arrival.reading, "region", arrival.region)


def _delivers(caller: Caller, region: str) -> bool:
    return caller.regions is None or region in caller.regions


def _foreign(caller: Caller, region: str) -> Forbidden:
    # Ceilometer drops what is refused, so somebody should hear of it.
    LOG.warning("%s may not deliver for the region %r", caller.name, region)
    return Forbidden(f"{region!r} is none of your regions", code="region_forbidden")


def _approves(arrival: Arrival) -> bool:
    """Whether it says that an operator has approved it."""
    event_type = getattr(arrival.reading, "event_type", None)
    return isinstance(event_type, str) and event_type.startswith(RECONCILED)


def _of(noun: str, index: int, error: Refusal, count: int) -> Refusal:
    """Why one of `count` objects is refused."""
    detail = f"{noun} {index}: {error.detail}" if count > 1 else error.detail
    return type(error)(detail, code=error.code)


def _spooled(count: int) -> dict[str, Any]:
    """The receipt of a request that waits; only such a one says how many do."""
    return {**_receipt([], []), "received": count, "spooled": count}


def _receipt(results: list[Result], indexes: list[int]) -> dict[str, Any]:
    counts = {"rated": 0, "duplicate": 0, "ignored": 0, "parked": 0}
    problems = []
    for index, result in zip(indexes, results, strict=True):
        counts[result.state] += 1
        if result.state == "parked":
            problems.append({"index": index, "code": result.code, "detail": result.detail})
    return {"received": len(results), **counts, "problems": problems}
