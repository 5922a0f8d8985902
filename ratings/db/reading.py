"""Reading for somebody: a connection, and whose rows it is for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows may be read: those of one tenant, or (None) of all.

    What reads for the API takes one, so that nobody can forget to say whose.
    """

    tenant_id: str | None

    def has(self, tenant_id: str | None) -> bool:
        return self.tenant_id in (None, tenant_id)


EVERYTHING = Scope(None)


@contextmanager
def reading(engine: Engine, scope: Scope, *, snapshot: bool = False) -> Iterator[Connection]:
    """A connection to read for `scope` with; a snapshot shows one instant to all statements."""
    level = "REPEATABLE READ" if snapshot else "READ COMMITTED"
    with engine.connect().execution_options(isolation_level=level) as conn:
        yield conn
