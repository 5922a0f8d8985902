"""The small dictionary of components: their names, and the units they are counted in."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from ratings.core.errors import DefinitionError

_ENSURE = """
INSERT INTO components (name, unit)
SELECT name, unit FROM unnest(%s::text[], %s::text[]) AS n (name, unit)
WHERE name NOT IN (SELECT name FROM components) ORDER BY name
ON CONFLICT DO NOTHING"""


def ensure(conn: Connection, units: Mapping[str, str]) -> dict[str, int]:
    """The id of every component there is, after adding those of `units` that were not.

    A unit never changes: records and orders would come to mean something else.
    Raises DefinitionError.
    """
    conn.exec_driver_sql(_ENSURE, (list(units), list(units.values())))
    rows = conn.exec_driver_sql("SELECT name, unit, id FROM components").all()
    for row in rows:
        if units.get(row.name, row.unit) != row.unit:
            raise DefinitionError(
                f"component {row.name} has been counted in {row.unit!r} so far, the definitions"
                f" say {units[row.name]!r}; give the new component another name"
            )
    return {row.name: row.id for row in rows}


def units(conn: Connection) -> dict[str, str]:
    """Component name -> unit, as records and orders have been counted."""
    return {r.name: r.unit for r in conn.exec_driver_sql("SELECT name, unit FROM components")}
