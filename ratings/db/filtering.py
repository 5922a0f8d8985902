"""WHERE clauses of lists: fixed conditions, of which those count whose parameter is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def where(conditions: Mapping[str, str], given: Mapping[str, Any]) -> str:
    """The conditions (parameter name -> SQL that uses it) of what `given` has a value for."""
    found = [sql for name, sql in conditions.items() if given.get(name) is not None]
    return "WHERE " + " AND ".join(found) if found else ""
