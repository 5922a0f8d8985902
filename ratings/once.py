"""Once: what a verb hands over to whoever must not do the same again.

A verb that changes something calls `once` first thing in its transaction, and what
that gives with its outcome last thing. So what is kept of the outcome becomes durable
with the change, or neither does.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class Keep(Protocol):
    """Keeps an outcome in the transaction that brought it about, and gives it back."""

    def __call__(self, outcome: T, /) -> T: ...


class Once(Protocol):
    """Called at the start of a transaction. Raises to stop what was done before."""

    def __call__(self, conn: Connection, /) -> Keep: ...


def always(conn: Connection) -> Keep:
    """For who means it each time."""
    return as_it_is


def as_it_is(outcome: T) -> T:
    return outcome
