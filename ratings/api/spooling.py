"""No good event is refused: what the database does not take now waits in the spool.

Ceilometer drops what is answered with an error, so a request is answered 202 as soon as it is
durable anywhere. Each process has a thread that looks whether something waits, and brings it to
the database when that can be asked again; of all processes of a host one at a time does so.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from ratings.api.combining import Combiner
from ratings.api.silence import NotDurable
from ratings.batch import Arrival, Result
from ratings.core.errors import Unavailable
from ratings.draining import Drainer
from ratings.spool import Entry, Measure, Spool

LOG = logging.getLogger(__name__)

IDLE = 1.0
"""Seconds between two looks at an empty spool."""

LONGEST_PAUSE = 10.0
"""Seconds between two tries while the database is down."""

_STOPPING = 10.0
"""Seconds that a process waits at its end for a batch that is being drained."""

NOTHING = Measure(0, 0, None, 0, None)


class Spooling:
    """One process's share of a spool.

    answers: whether the database can be asked. clock: the present, in UTC.
    """

    def __init__(
        self,
        spool: Spool,
        drainer: Drainer,
        answers: Callable[[], bool],
        clock: Callable[[], datetime],
    ) -> None:
        self.spool = spool
        self._drainer = drainer
        self._answers = answers
        self._clock = clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._process = 0
        self._keeping = False

    def keep(self, kind: str, region: str, body: bytes) -> None:
        """The body of a request, durable when this returns. Raises OSError."""
        self.start()
        self.spool.append(Entry(kind, region, self._clock(), body))

    def start(self) -> None:
        """Have the thread run, also in a process that was forked since."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._stop,), daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish the batch that is being drained, and leave the rest to others."""
        self._stop.set()
        if self._thread is not None and self._process == os.getpid():
            self._thread.join(_STOPPING)
        self.spool.seal()

    def tell(self, error: Exception) -> None:
        """Log that requests are kept here from now on, and why."""
        if not self._keeping:
            LOG.warning("requests wait in %s until further notice: %s", self.spool.directory, error)
        self._keeping = True

    def _run(self, stop: threading.Event) -> None:
        pause = IDLE
        while not stop.wait(pause):
            try:
                pause = self._look(stop, pause)
            except Exception:
                LOG.exception("the spool cannot be drained now")
                pause = LONGEST_PAUSE

    def _look(self, stop: threading.Event, pause: float) -> float:
        """Drain what there is, if possible; how many seconds to wait then."""
        if self.spool.is_empty():
            if self._keeping:
                LOG.warning("nothing waits in %s any more", self.spool.directory)
            self._keeping = False
            return IDLE
        longer = min(2 * pause, LONGEST_PAUSE)
        if not self._answers():
            return longer
        self.spool.seal()
        try:
            self._drainer.run(stop.is_set)
        except Unavailable as error:
            LOG.warning("the spool cannot be drained now: %s", error.detail)
            return longer
        return IDLE


def rate_or_keep(
    combiner: Combiner,
    spooling: Spooling | None,
    arrivals: Sequence[Arrival],
    sent: tuple[str, str, bytes],
) -> list[Result] | None:
    """What became of each arrival; None: the request was spooled.

    sent: kind, region and body, of which a drainer makes the same arrivals. Raises NotDurable.
    """
    try:
        return combiner.rate(arrivals)
    except Unavailable as error:
        reason: Exception = error
    except Exception as error:
        LOG.exception("%d arrivals broke the rater", len(arrivals))
        reason = error
    if spooling is None:
        LOG.error("%d arrivals were not kept: %s", len(arrivals), reason)
        raise NotDurable("This could not be stored; send it again.") from reason
    try:
        spooling.keep(*sent)
    except OSError as error:
        LOG.error("%d arrivals were not kept: %s; %s", len(arrivals), reason, error)
        raise NotDurable("This could not be stored; send it again.") from error
    spooling.tell(reason)
    return None
