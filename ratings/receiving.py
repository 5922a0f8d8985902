"""From a body to arrivals and from there to the ledger: the same for every door.

Who sends, what waited in a spool, what a broker delivers, what was parked: a bug of ours must
neither cost an event nor hold up those behind it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError

from ratings.batch import Arrival, Result
from ratings.core.errors import InvalidInput, Unavailable
from ratings.core.model import Unreadable
from ratings.readers import Received, split

LOG = logging.getLogger(__name__)

Read = Callable[[bytes, str], list[Received]]
"""Reads one JSON object from a region. Raises InvalidInput."""

Rate = Callable[[Sequence[Arrival]], list[Result]]
"""Rates a batch. Raises Unavailable when nothing of it could be written."""


class Part(NamedTuple):
    """One object of a body: what arrives with it, or why it is refused."""

    body: bytes
    arrivals: list[Arrival]
    refusal: InvalidInput | None = None


def receive(read: Read, body: bytes, region: str) -> Iterator[Part]:
    """The objects of a body in their order. Raises InvalidInput if it is none and no list."""
    for one in split(body):
        try:
            yield Part(one, _arrivals(read, one, region))
        except InvalidInput as error:
            yield Part(one, [], error)


def parked(region: str, reading: Unreadable, body: bytes) -> Arrival:
    """An arrival that nobody understands, of any bytes."""
    return Arrival(region, reading, body.decode("utf-8", "backslashreplace"))


def broken(error: Exception) -> Unreadable:
    """Why an event is parked that breaks its reader. To be called where that is caught."""
    LOG.exception("an event broke its reader")
    return Unreadable("reader_failed", f"{type(error).__name__} in the reader")


def rate_or_park(
    rate: Rate,
    arrivals: Sequence[Arrival],
    blameless: tuple[type[Exception], ...] = (Unavailable, DBAPIError),
) -> list[Result]:
    """What became of each arrival; one on which the rater breaks is parked, the others are rated.

    Raises the errors that are `blameless`: of them it is not an arrival that is the cause.
    """
    try:
        return rate(arrivals)
    except blameless:
        raise
    except Exception:
        LOG.exception("a batch broke the rater; its %d events are rated alone", len(arrivals))
        return [result for one in arrivals for result in _rated_alone(rate, one, blameless)]


def _rated_alone(
    rate: Rate, arrival: Arrival, blameless: tuple[type[Exception], ...]
) -> list[Result]:
    try:
        return rate([arrival])
    except blameless:
        raise
    except Exception as error:
        detail = f"{type(error).__name__} in the rater"
        reading = Unreadable("rater_failed", detail, arrival.reading.message_id)
        return rate([arrival._replace(reading=reading)])


def _arrivals(read: Read, body: bytes, region: str) -> list[Arrival]:
    try:
        received = read(body, region)
    except InvalidInput:
        raise
    except Exception as error:
        return [parked(region, broken(error), body)]
    return [Arrival(region, one.reading, one.body.decode()) for one in received]
