"""The yardstick: COPY of the rows that rating wrote, into the same tables."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
from sqlalchemy import Connection, Engine

TABLES = {
    "events": "message_id, region, event_type, event_time, state, resource_id, tenant_id, action,"
    " starts, content, body",
    "records": "resource_id, component_id, span, tenant_id, quantity, metadata, currency,"
    " unit_price, price_id, amount",
}
"""Journal and ledger with the columns that the rater writes; PostgreSQL fills in the others."""

Rows = dict[str, list[bytes]]
"""Table -> its rows, in the text format of COPY."""


class Tap:
    """Reads what was written since it was read last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._last = dict.fromkeys(TABLES, 0)

    def read(self) -> Rows:
        with self._engine.connect() as conn:
            return {table: self._since(conn, table) for table in TABLES}

    def _since(self, conn: Connection, table: str) -> list[bytes]:
        # Identities do not come in the order of commits, but nothing is being written now.
        after = self._last[table]
        last = conn.exec_driver_sql(f"SELECT max(id) FROM {table}").scalar_one()
        self._last[table] = last or after
        query = f"SELECT {TABLES[table]} FROM {table} WHERE id > {after} ORDER BY id"
        with _driver(conn).cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as stream:
            return [bytes(block) for block in stream]


def write(engine: Engine, rows: Rows, connections: int = 1) -> float:
    """Seconds that it takes to COPY `rows`, a part of each table on each connection."""
    parts = [
        {table: b"".join(_part(lines, index, connections)) for table, lines in rows.items()}
        for index in range(connections)
    ]
    began = time.monotonic()
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(lambda part: _write(engine, part), parts))
    return time.monotonic() - began


def _write(engine: Engine, part: dict[str, bytes]) -> None:
    with engine.begin() as conn:
        for table, data in part.items():
            with (
                _driver(conn).cursor() as cursor,
                cursor.copy(f"COPY {table} ({TABLES[table]}) FROM STDIN") as stream,
            ):
                stream.write(data)


def _part(lines: Sequence[bytes], index: int, parts: int) -> Sequence[bytes]:
    return lines[len(lines) * index // parts : len(lines) * (index + 1) // parts]


def _driver(conn: Connection) -> psycopg.Connection[tuple[object, ...]]:
    driver = conn.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
