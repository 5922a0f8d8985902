"""The small dictionary of component names."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

_ENSURE = """
INSERT INTO components (name)
SELECT name FROM unnest(%s::text[]) AS n (name)
WHERE name NOT IN (SELECT name FROM components) ORDER BY name
ON CONFLICT DO NOTHING"""


def ensure(conn: Connection, names: Iterable[str]) -> dict[str, int]:
    """The id of every component there is, after adding those of `names` that were not."""
    conn.exec_driver_sql(_ENSURE, (sorted(names),))
    rows = conn.exec_driver_sql("SELECT name, id FROM components")
    return {row.name: row.id for row in rows}
