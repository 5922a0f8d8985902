"""Deaths at chosen statements: of a process, of its connection, of the whole server.

A trap waits on the engine of one process. Nothing of this depends on time: whoever is
killed is gone, with its locks, before anybody else goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, event

KILL, SEVER, CRASH, MEET = "kill", "sever", "crash", "meet"
KILL_AT_COMMIT, KILL_AFTER_COMMIT, LOSE_ANSWER, CRASH_AFTER_COMMIT = (
    "kill at commit",
    "kill after commit",
    "lose the answer of the commit",
    "crash after commit",
)
_AT_COMMIT = (KILL_AT_COMMIT, KILL_AFTER_COMMIT, LOSE_ANSWER, CRASH_AFTER_COMMIT)


class Killed(BaseException):
    """The process is no more; no handler of its own hears of it."""


class Trap(NamedTuple):
    """A deed at the n-th statement (or commit) from here."""

    deed: str
    nth: int


def a_trap(chance: Random, crashes: bool) -> Trap:
    deeds = [KILL, SEVER, MEET, MEET, KILL_AT_COMMIT, KILL_AFTER_COMMIT, LOSE_ANSWER]
    if crashes:
        deeds += 2 * [CRASH, CRASH_AFTER_COMMIT]
    deed = chance.choice(deeds)
    return Trap(deed, chance.choice((1, 1, 1, 2)) if deed in _AT_COMMIT else chance.randint(1, 12))


class Saboteur:
    """What sits on the engine of a process and waits.

    end_backend: of a process id, ends that session and waits until it is gone.
    crash:       stops the server at once.
    """

    def __init__(
        self, engine: Engine, end_backend: Callable[[int], None], crash: Callable[[], None]
    ) -> None:
        self._end_backend, self._crash = end_backend, crash
        self._trap: Trap | None = None
        self._meeting: Callable[[], None] | None = None
        self._seen = 0
        self.sprung: str | None = None
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)
        event.listen(engine, "commit", self._commit)

    def arm(self, trap: Trap | None, meeting: Callable[[], None]) -> None:
        """`meeting` is what somebody else does in between."""
        self._trap, self._meeting, self._seen, self.sprung = trap, meeting, 0, None

    def disarm(self) -> None:
        self._trap = None

    def _is_time(self, *deeds: str) -> str | None:
        trap = self._trap
        if trap is None or trap.deed not in deeds:
            return None
        self._seen += 1
        if self._seen < trap.nth:
            return None
        self._trap, self.sprung = None, trap.deed
        return trap.deed

    def _before(self, conn: Connection, *_: Any) -> None:
        deed = self._is_time(KILL, MEET)
        if deed == KILL:
            self._cut_off(conn)
            raise Killed
        if deed == MEET and self._meeting is not None:
            self._meeting()

    def _after(self, conn: Connection, *_: Any) -> None:
        # After the statement: what follows may be a COPY, which passes SQLAlchemy by.
        deed = self._is_time(SEVER, CRASH)
        if deed == SEVER:
            self._end_backend(_session(conn).info.backend_pid)
        elif deed == CRASH:
            self._crash()

    def _commit(self, conn: Connection) -> None:
        deed = self._is_time(*_AT_COMMIT)
        if deed is None:
            return
        if deed != KILL_AT_COMMIT:
            _session(conn).commit()
        if deed == CRASH_AFTER_COMMIT:
            self._crash()
        self._cut_off(conn)
        if deed in (KILL_AT_COMMIT, KILL_AFTER_COMMIT):
            raise Killed

    def _cut_off(self, conn: Connection) -> None:
        session = _session(conn)
        if self.sprung != CRASH_AFTER_COMMIT:
            self._end_backend(session.info.backend_pid)
        session.close()


def _session(conn: Connection) -> Any:
    return conn.connection.driver_connection
