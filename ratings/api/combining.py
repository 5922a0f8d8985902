"""Requests that come at the same time share a transaction.

Ceilometer sends each event in a request of its own. A commit costs the same for
one event and for a thousand, so whoever rates takes along what waits meanwhile.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from ratings.batch import Arrival, Result
from ratings.core.errors import Unavailable

MOST = 2000
"""Arrivals that are rated in one call, unless a single request has more."""

LARGE = 500
"""Arrivals from which on a request is worth a call of its own."""

Rate = Callable[[Sequence[Arrival]], list[Result]]


class _Ticket:
    """The arrivals of one request, and what became of them.

    Its thread sleeps on `bell`, which rings once: when it is done, or when it is
    the thread's turn to rate.
    """

    __slots__ = ("arrivals", "bell", "done", "error", "results")

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self.arrivals = arrivals
        self.results: list[Result] = []
        self.error: BaseException | None = None
        self.done = False
        self.bell = threading.Semaphore(0)

    def settle(self, results: list[Result], error: BaseException | None = None) -> None:
        self.results, self.error, self.done = results, error, True
        self.bell.release()


class Combiner:
    """Rates for many threads at once: one of them works for all that wait.

    When it has finished, those it worked for are let go, and the first of those who
    came meanwhile takes over. A lock alone would not do: whoever comes just then
    would take it, before all who sleep, and rate what little waits.
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._busy = False
        self._waiting: deque[_Ticket] = deque()

    def rate(self, arrivals: Sequence[Arrival]) -> list[Result]:
        """The result of each arrival. Raises what the rater raises."""
        if len(arrivals) >= LARGE:
            return self._in_parts(arrivals)
        ticket = _Ticket(arrivals)
        with self._lock:
            self._waiting.append(ticket)
            begins, self._busy = not self._busy, True
        if not begins:
            ticket.bell.acquire()
        if not ticket.done:
            try:
                self._serve(self._drain())
            finally:
                self._hand_over()
        if ticket.error is not None:
            raise ticket.error
        return ticket.results

    def _hand_over(self) -> None:
        with self._lock:
            self._busy = bool(self._waiting)
            if self._busy:
                self._waiting[0].bell.release()

    @property
    def waiting(self) -> int:
        """How many requests wait for those that are being rated."""
        return len(self._waiting)

    def _in_parts(self, arrivals: Sequence[Arrival]) -> list[Result]:
        """A large request for itself, in transactions that do not hold locks for long."""
        results: list[Result] = []
        for start in range(0, len(arrivals), MOST):
            results += self._rate(arrivals[start : start + MOST])
        return results

    def _drain(self) -> list[_Ticket]:
        """What waits, in the order in which it came, up to `MOST` arrivals."""
        tickets: list[_Ticket] = []
        count = 0
        while self._waiting and count < MOST:
            tickets.append(self._waiting.popleft())
            count += len(tickets[-1].arrivals)
        return tickets

    def _serve(self, tickets: Sequence[_Ticket]) -> None:
        try:
            results = self._rate([a for ticket in tickets for a in ticket.arrivals])
        except Exception as error:
            if len(tickets) == 1 or isinstance(error, Unavailable):
                _fail(tickets, error)
            else:
                # One of them breaks the rater: the others must not pay for it.
                for ticket in tickets:
                    self._serve([ticket])
        except BaseException as error:  # this thread is told to stop; others must not wait for it
            _fail(tickets, error)
            raise
        else:
            start = 0
            for ticket in tickets:
                end = start + len(ticket.arrivals)
                ticket.settle(results[start:end])
                start = end


def _fail(tickets: Sequence[_Ticket], error: BaseException) -> None:
    for ticket in tickets:
        if not ticket.done:
            ticket.settle([], error)
