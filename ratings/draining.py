"""Draining: what waited in the spool goes through readers and rater, as if it had just come.

An entry leaves the spool after the commit that made it durable elsewhere. Who is killed in
between gives some entries twice; message ids make that harmless. No entry can hold up those
behind it: what is refused by now is parked, what breaks the rater is parked, and what the
database cannot do now, though it does other things, goes to the end of the queue.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ratings.batch import Arrival
from ratings.core.errors import InvalidInput, Unavailable
from ratings.core.model import Unreadable
from ratings.receiving import Rate, Read, parked, rate_or_park, receive
from ratings.spool import Claim, Entry, Item, Spool

LOG = logging.getLogger(__name__)

MOST = 1000
"""Entries that are rated at once."""

LARGEST = 4 * 1024 * 1024
"""Bytes of bodies from which on a batch is large enough."""


class Drainer:
    """Empties a spool.

    readers: of each kind of entry. answers: whether the database can be asked at all.
    committed: told of entries that have just become durable there, by when they came.
    """

    def __init__(
        self,
        spool: Spool,
        rate: Rate,
        readers: Mapping[str, Read],
        answers: Callable[[], bool],
        committed: Callable[[Sequence[datetime]], None] = lambda since: None,
    ) -> None:
        self._spool = spool
        self._rate = rate
        self._readers = readers
        self._answers = answers
        self._committed = committed
        self._deferred = False

    def run(self, stopped: Callable[[], bool] = lambda: False) -> int:
        """Drain what is there, oldest first, until `stopped`; how many entries were rated.

        None at all while another process drains. Raises Unavailable when the database cannot be
        used, and OSError; what was drained until then stays drained.
        """
        count = 0
        with self._spool.claim() as claim:
            while claim is not None and not stopped() and (items := claim.take(MOST, LARGEST)):
                self._settle(claim, items)
                count += len(items)
        return count

    def _settle(self, claim: Claim, items: Sequence[Item]) -> None:
        """Rate them together; what fails is halved until the one stands alone that fails."""
        try:
            self._rate([a for item in items for a in self._arrivals(item.entry)])
        except Exception as error:
            if isinstance(error, Unavailable) and not self._answers():
                raise
            if len(items) > 1:
                middle = len(items) // 2
                self._settle(claim, items[:middle])
                self._settle(claim, items[middle:])
                return
            self._alone(items[0].entry, error)
        else:
            self._deferred = False
            self._committed([item.entry.received_at for item in items])
        claim.settle(items)

    def _alone(self, entry: Entry, error: Exception) -> None:
        """An entry that cannot be rated, by itself; the error if it must stay where it is."""
        if not isinstance(error, Unavailable):
            # Each object is parked for itself: a list of them could not be read again.
            rate_or_park(self._rate, self._arrivals(entry), (Unavailable,))
        elif self._deferred:
            # Two in a row: it is not the entries that the database fails at.
            self._deferred = False
            raise error
        else:
            LOG.warning("an entry of the spool must wait for those behind it: %s", error.detail)
            self._spool.append(entry)
            self._deferred = True

    def _arrivals(self, entry: Entry) -> list[Arrival]:
        region = entry.region
        read = self._readers.get(entry.kind)
        if read is None:
            reading = Unreadable("kind_unknown", f"nobody reads {entry.kind!r} here")
            return [parked(region, reading, entry.body)]
        found: list[Arrival] = []
        try:
            for part in receive(read, entry.body, region):
                found += part.arrivals
                if part.refusal is not None:
                    # It was accepted once: the definitions have changed since.
                    found.append(_refused(region, part.refusal, part.body))
        except InvalidInput as error:
            found.append(_refused(region, error, entry.body))
        return found


def _refused(region: str, error: InvalidInput, body: bytes) -> Arrival:
    return parked(region, Unreadable(error.code, error.detail), body)
