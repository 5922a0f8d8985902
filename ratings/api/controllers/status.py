"""``/v1/status``: whether everything that came in is accounted for, and how fresh it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

import ratings
from ratings.api.controllers.spool import spool_status
from ratings.api.endpoint import Contract, endpoint
from ratings.api.resource import Resource
from ratings.api.types import status as types
from ratings.db import migration, outbox, parked_events, prices, records, tallies
from ratings.policies import status as policy

_COUNTS = ("received", "rated", "ignored", "parked", "duplicate")


class Status(Resource):
    @endpoint(Contract(rule=policy.GET, answer=types.Status))
    def get_all(self) -> dict[str, Any]:
        """Counts that must add up, of one instant."""
        engine = self.services.engine
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as conn:
            regions = tallies.sums(conn)
            parked = parked_events.by_code(conn)
            lacking = records.unpriced(conn)
            price_count = prices.count(conn)
            owed, errors = outbox.counts(conn), outbox.errors(conn)
        counts = {name: sum(row._mapping[name] for row in regions) for name in _COUNTS}
        units = self.services.settings.definitions.units()
        return {
            "version": ratings.__version__,
            "schema": migration.version(engine),
            **counts,
            "balanced": _balanced(counts, sum(parked.values())),
            "parked_by_code": [{"code": code, "events": n} for code, n in parked.items()],
            "regions": _regions(regions, self.services.clock()),
            "prices": price_count,
            "outbox": _outbox(owed, errors, self.services.clock()),
            "spool": spool_status(self.services),
            "unpriced": [{**row._mapping, "unit": units.get(row.component)} for row in lacking],
        }


def _balanced(counts: dict[str, int], waiting: int) -> bool:
    """received = rated + ignored + parked, and what was parked is all still there."""
    accounted = counts["rated"] + counts["ignored"] + counts["parked"]
    return counts["received"] == accounted and counts["parked"] == waiting


def _regions(rows: Sequence[Row[Any]], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            **row._mapping,
            "lag_seconds": None
            if row.last_event_time is None
            else int((now - row.last_event_time).total_seconds()),
        }
        for row in rows
    ]


def _outbox(
    owed: Sequence[Row[Any]], errors: Sequence[Row[Any]], now: datetime
) -> list[dict[str, Any]]:
    """Per driver; of errors the codes only, since details repeat what an ERP has said."""
    return [
        {
            **row._mapping,
            "waiting_seconds": None
            if row.oldest_pending_at is None
            else max(0, int((now - row.oldest_pending_at).total_seconds())),
            "errors": [
                {"code": error.code, "orders": error.orders}
                for error in errors
                if error.driver == row.driver
            ],
        }
        for row in owed
    ]
