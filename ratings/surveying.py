"""Surveying: what the database says of the state of everything, at one instant.

``/v1/status`` and ``/metrics`` show the same survey. It may be asked for every few seconds, so
nothing here reads as many rows as there are events or records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row

from ratings.db import outbox, parked_events, prices, records, tallies

COUNTS = ("received", "rated", "ignored", "parked", "duplicate")


@dataclass(frozen=True, slots=True)
class Survey:
    """Rows as the functions named here give them.

    regions: `tallies.sums`. parked: `parked_events.by_code`. unpriced: `records.unpriced`.
    owed, errors: `outbox.counts` and `outbox.errors`. prices: how many there are.
    """

    regions: Sequence[Row[Any]]
    parked: Sequence[Row[Any]]
    unpriced: Sequence[Row[Any]]
    owed: Sequence[Row[Any]]
    errors: Sequence[Row[Any]]
    prices: int

    def counts(self) -> Mapping[str, int]:
        """What came in, in all regions together."""
        return {name: sum(row._mapping[name] for row in self.regions) for name in COUNTS}

    def balanced(self) -> bool:
        """received = rated + ignored + parked, and what was parked is all still there."""
        counts = self.counts()
        accounted = counts["rated"] + counts["ignored"] + counts["parked"]
        waiting = sum(row.events for row in self.parked)
        return counts["received"] == accounted and counts["parked"] == waiting


def survey(engine: Engine) -> Survey:
    """What there is now. Raises DBAPIError."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn:
        return Survey(
            regions=tallies.sums(conn),
            parked=parked_events.by_code(conn),
            unpriced=records.unpriced(conn),
            owed=outbox.counts(conn),
            errors=outbox.errors(conn),
            prices=prices.count(conn),
        )


def age(since: datetime | None, now: datetime) -> int | None:
    """Whole seconds since an instant, none of them before it; None without one."""
    return None if since is None else max(0, int((now - since).total_seconds()))
