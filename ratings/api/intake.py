"""Taking in what others report: the one way of every door, from a body to a receipt."""

from __future__ import annotations

from typing import Any

from ratings.api.faults import SeveralErrors
from ratings.api.services import Services
from ratings.api.spooling import rate_or_keep
from ratings.batch import Arrival, Result
from ratings.core.errors import InvalidInput
from ratings.receiving import Read, receive

_MOST_ERRORS = 100
"""Reasons that a refusal lists."""


def take_in(services: Services, body: bytes, region: str, kind: str, read: Read) -> dict[str, Any]:
    """Rate one object or a list, or keep it for later; the receipt says what became of each.

    kind: ``events`` or ``samples``; a drainer reads what was kept by it. What is wrong is
    refused whether the database is there or not. Raises InvalidInput, NotDurable.
    """
    arrivals, indexes = _read(body, region, kind.removesuffix("s"), read)
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


def _of(noun: str, index: int, error: InvalidInput, count: int) -> InvalidInput:
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
