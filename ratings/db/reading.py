"""Reading for somebody: a connection, and whose rows it is for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

ROLE = "ratings_tenant"
"""Of PostgreSQL: it sees the rows of one tenant. The schema of its own views is called so, too."""

_TENANT = "ratings_tenant_id"
"""Option of a connection: the tenant that it is confined to."""

# All of it ends with the transaction, so the pool gets a connection back as it was. The role is
# the last, and is the one that takes rights away.
_CONFINE = f"""
SELECT set_config('ratings.tenant', %s, true),
       set_config('search_path', '{ROLE}, ' || current_setting('search_path'), true),
       set_config('role', '{ROLE}', true)"""

_LIFT = f"""
SELECT set_config('role', 'none', true),
       set_config('search_path',
                  substr(current_setting('search_path'), length('{ROLE}, ') + 1), true)"""


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
    """A connection to read for `scope` with; a snapshot shows one instant to all statements.

    In the scope of a tenant PostgreSQL shows it that tenant's rows alone, whatever a query
    asks for: the second guard, behind the conditions of the queries.
    """
    level = "REPEATABLE READ" if snapshot else "READ COMMITTED"
    with engine.connect() as conn:
        conn.execution_options(isolation_level=level, **{_TENANT: scope.tenant_id})
        if scope.tenant_id is not None:
            confine(conn, scope.tenant_id)
        yield conn


def confine(conn: Connection, tenant_id: str) -> None:
    """Show nothing but the rows of a tenant until the transaction ends."""
    conn.exec_driver_sql(_CONFINE, (tenant_id,))


@contextmanager
def lifted(conn: Connection) -> Iterator[None]:
    """Everything can be seen for a moment, also in the scope of a tenant.

    For what is decided from whole timelines and all prices, or it would be wrong: what comes of
    that is sifted by whoever lifts. A connection that is not confined is left alone.
    """
    tenant_id = conn.get_execution_options().get(_TENANT)
    if tenant_id is None:
        yield
        return
    conn.exec_driver_sql(_LIFT)
    try:
        yield
    except BaseException:
        # Of a transaction that has failed nothing can be read any more.
        with suppress(DBAPIError):
            confine(conn, tenant_id)
        raise
    confine(conn, tenant_id)
