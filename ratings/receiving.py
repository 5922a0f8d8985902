"""From the body of a request to arrivals: the same for who sends and for what waited in a spool."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ratings.batch import Arrival
from ratings.core.errors import InvalidInput
from ratings.core.model import Unreadable
from ratings.readers import Received, split

LOG = logging.getLogger(__name__)

Read = Callable[[bytes, str], list[Received]]
"""Reads one JSON object from a region. Raises InvalidInput."""


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


def _arrivals(read: Read, body: bytes, region: str) -> list[Arrival]:
    try:
        received = read(body, region)
    except InvalidInput:
        raise
    except Exception as error:  # a bug of ours must not cost the sender its event
        LOG.exception("an event broke its reader")
        reading = Unreadable("reader_failed", f"{type(error).__name__} in the reader")
        return [parked(region, reading, body)]
    return [Arrival(region, one.reading, one.body.decode()) for one in received]
