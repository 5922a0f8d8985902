"""Requests that come at the same time share a transaction.

Ceilometer sends each event in a request of its own. A commit costs the same for
one event and for a thousand, so what waits meanwhile is rated together.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from ratings.batch import Arrival, Result
from ratings.core.errors import Unavailable

MOST = 2000
"""Arrivals that are rated in one call, unless a single request has more."""

LARGE = 500
"""Arrivals from which on a request is worth a call of its own."""

_ABANDONED = 4
"""Large requests that nobody waits for any more, from which on no other is begun."""

Rate = Callable[[Sequence[Arrival]], list[Result]]


class TooSlow(Unavailable):
    """The database may yet do it, but whoever sent it cannot wait for that."""


class _Ticket:
    """The arrivals of one request, and what became of them.

    Its thread sleeps on `bell`, a lock that is let go once: when it is done.
    """

    __slots__ = ("abandoned", "arrivals", "bell", "done", "error", "results")

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self.arrivals = arrivals
        self.results: list[Result] = []
        self.error: BaseException | None = None
        self.done = self.abandoned = False
        self.bell = threading.Lock()
        self.bell.acquire()

    def settle(self, results: list[Result], error: BaseException | None = None) -> None:
        self.results, self.error, self.done = results, error, True
        self.bell.release()


class Combiner:
    """Rates for many threads at once: one of its own works for all that wait.

    patience: seconds that a request waits, and as much again for every `LARGE` arrivals; None
    for however long it takes. That is why it does not rate in the thread of a request: nobody
    could take that out of the database again.
    """

    def __init__(self, rate: Rate, patience: float | None = None) -> None:
        self._rate = rate
        self._patience = patience
        self._lock = threading.Lock()
        self._process = 0
        self._waiting: SimpleQueue[_Ticket] = SimpleQueue()
        self._since: float | None = None
        self._abandoned = 0

    def rate(self, arrivals: Sequence[Arrival]) -> list[Result]:
        """The result of each arrival. Raises what the rater raises, and TooSlow.

        What was too slow may be rated all the same.
        """
        large = len(arrivals) >= LARGE
        if large and self._patience is None:
            return self._in_parts(arrivals)
        self._refuse_when_stuck(large)
        ticket = _Ticket(arrivals)
        if large:
            threading.Thread(target=self._alone, args=(ticket,), daemon=True).start()
        else:
            if self._process != os.getpid():
                self._start()
            self._waiting.put(ticket)
        self._wait(ticket)
        if ticket.error is not None:
            raise ticket.error
        return ticket.results

    @property
    def waiting(self) -> int:
        """How many requests wait for those that are being rated."""
        return self._waiting.qsize()

    def _refuse_when_stuck(self, large: bool) -> None:
        """Raises TooSlow if others wait too long already: threads are not for waiting."""
        since = self._since
        if self._patience is None or since is None:
            late = False
        else:
            late = time.monotonic() - since > self._patience
        if late or (large and self._abandoned >= _ABANDONED):
            raise TooSlow("the database takes too long")

    def _wait(self, ticket: _Ticket) -> None:
        timeout = -1.0
        if self._patience is not None:
            timeout = self._patience * (1 + len(ticket.arrivals) // LARGE)
        if not ticket.bell.acquire(timeout=timeout):
            with self._lock:
                if ticket.done:
                    return
                ticket.abandoned = True
                self._abandoned += len(ticket.arrivals) >= LARGE
            raise TooSlow(f"the database takes longer than {timeout:g} s")

    def _start(self) -> None:
        """The thread that rates; a process that was forked has none yet."""
        with self._lock:
            if self._process != os.getpid():
                self._waiting, self._since, self._abandoned = SimpleQueue(), None, 0
                threading.Thread(target=self._work, args=(self._waiting,), daemon=True).start()
                self._process = os.getpid()

    def _work(self, waiting: SimpleQueue[_Ticket]) -> None:
        tickets: list[_Ticket] = []
        while True:
            if len(tickets) > 1:
                # Those who were just let go may be on their way back: they shall come along.
                time.sleep(0)
            tickets = _take(waiting)
            self._since = time.monotonic()
            if patient := [ticket for ticket in tickets if not ticket.abandoned]:
                self._serve(patient)
            self._since = None

    def _alone(self, ticket: _Ticket) -> None:
        results: list[Result] = []
        failure: BaseException | None = None
        try:
            results = self._in_parts(ticket.arrivals)
        except BaseException as error:  # whatever it is, the request's thread raises it
            failure = error
        with self._lock:
            ticket.settle(results, failure)
            self._abandoned -= ticket.abandoned

    def _in_parts(self, arrivals: Sequence[Arrival]) -> list[Result]:
        """A large request for itself, in transactions that do not hold locks for long."""
        results: list[Result] = []
        for start in range(0, len(arrivals), MOST):
            results += self._rate(arrivals[start : start + MOST])
        return results

    def _serve(self, tickets: Sequence[_Ticket]) -> None:
        try:
            results = self._rate([a for ticket in tickets for a in ticket.arrivals])
        except BaseException as error:  # whatever it is, the requests' threads raise it
            if len(tickets) == 1 or isinstance(error, Unavailable):
                for ticket in tickets:
                    ticket.settle([], error)
            else:
                # One of them breaks the rater: the others must not pay for it.
                for ticket in tickets:
                    self._serve([ticket])
        else:
            start = 0
            for ticket in tickets:
                end = start + len(ticket.arrivals)
                ticket.settle(results[start:end])
                start = end


def _take(waiting: SimpleQueue[_Ticket]) -> list[_Ticket]:
    """What waits, in the order in which it came, up to `MOST` arrivals; at least one."""
    tickets = [waiting.get()]
    count = len(tickets[0].arrivals)
    while count < MOST:
        try:
            tickets.append(waiting.get_nowait())
        except Empty:
            break
        count += len(tickets[-1].arrivals)
    return tickets
