"""Batches of notifications from a message broker to the rater.

A batch is acknowledged when the rater has committed it, and requeued when it could not be made
durable. When its collector is killed between commit and acknowledgement, it is delivered again, and
the journal knows it already.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError

from ratings.batch import Arrival
from ratings.collectors.messages import Incoming, wire
from ratings.core.errors import InvalidInput, Unavailable
from ratings.core.model import Unreadable
from ratings.readers import Reader
from ratings.receiving import Rate, broken, rate_or_park

LOG = logging.getLogger(__name__)


class Tally(NamedTuple):
    """What was collected in some time.

    seconds: spent on reading and rating, over all threads.
    results: rated, ignored, duplicate, parked (readings: a message may have several), and
             requeued (messages).
    """

    batches: int
    messages: int
    seconds: float
    results: Counter[str]


class Batches:
    """The dispatcher of a notification server: called with each batch, by any of its threads.

    While `closed` is set everything is requeued unseen; it sets that itself when a batch could not
    be made durable. `rated` counts the batches that could.

    dispatched: told of each batch whether it was acknowledged or requeued, how many messages it
    had, and how many of them the broker had handed out before.
    """

    def __init__(
        self,
        region: str,
        reader: Reader,
        rate: Rate,
        priorities: Collection[str] = ("info",),
        dispatched: Callable[[str, int, int], None] = lambda result, messages, again: None,
    ) -> None:
        self.supported_priorities = tuple(priorities)
        self.closed = threading.Event()
        self.rated = 0
        self._region = region
        self._reader = reader
        self._rate = rate
        self._dispatched = dispatched
        self._lock = threading.Lock()
        self._tally = _nothing()

    def dispatch(self, incoming: Sequence[Incoming]) -> set[Incoming]:
        """Rate a batch; the messages of it that must be requeued, which are all or none."""
        requeued = self._requeued(incoming)
        again = sum(getattr(one.message, "redelivered", False) for one in incoming)
        self._dispatched("requeued" if requeued else "acknowledged", len(incoming), again)
        return requeued

    def _requeued(self, incoming: Sequence[Incoming]) -> set[Incoming]:
        if self.closed.is_set():
            self._count(requeued=len(incoming))
            return set(incoming)
        begun = time.monotonic()
        try:
            arrivals = [arrival for one in incoming for arrival in self._arrivals(one)]
            results = rate_or_park(self._rate, arrivals)
        except (Unavailable, DBAPIError) as error:
            LOG.error("%d notifications were not kept: %s", len(incoming), _said(error))
        except Exception:
            LOG.exception("%d notifications were not kept", len(incoming))
        else:
            states = Counter(result.state for result in results)
            self._count(1, len(incoming), time.monotonic() - begun, **states)
            return set()
        self.closed.set()
        self._count(requeued=len(incoming))
        return set(incoming)

    def tally(self) -> Tally:
        """What was collected since the last call."""
        with self._lock:
            found, self._tally = self._tally, _nothing()
        return found

    def _count(
        self, batches: int = 0, messages: int = 0, seconds: float = 0.0, **results: int
    ) -> None:
        with self._lock:
            told = self._tally
            told.results.update(results)
            self.rated += batches
            self._tally = Tally(
                told.batches + batches,
                told.messages + messages,
                told.seconds + seconds,
                told.results,
            )

    def _arrivals(self, incoming: Incoming) -> list[Arrival]:
        body = wire(incoming)
        try:
            received = self._reader.read_notification(body, self._region)
        except InvalidInput as error:
            unreadable = Unreadable(error.code, error.detail)
        except Exception as error:
            unreadable = broken(error)
        else:
            return [Arrival(self._region, one.reading, one.body.decode()) for one in received]
        return [Arrival(self._region, unreadable, body.decode())]


def _nothing() -> Tally:
    return Tally(0, 0, 0.0, Counter())


def _said(error: Unavailable | DBAPIError) -> str:
    """Without the statement and its parameters, which SQLAlchemy repeats."""
    return error.detail if isinstance(error, Unavailable) else str(error.orig)
