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
from ratings.db import migration
from ratings.policies import status as policy
from ratings.surveying import Survey, age, survey


class Status(Resource):
    @endpoint(Contract(rule=policy.GET, answer=types.Status))
    def get_all(self) -> dict[str, Any]:
        """Counts that must add up, of one instant."""
        engine, now = self.services.engine, self.services.clock()
        found = survey(engine)
        units = self.services.settings.definitions.units()
        return {
            "version": ratings.__version__,
            "schema": migration.version(engine),
            **found.counts(),
            "balanced": found.balanced(),
            "parked_by_code": [
                {**row._mapping, "waiting_seconds": age(row.oldest_at, now)} for row in found.parked
            ],
            "regions": _regions(found.regions, now),
            "prices": found.prices,
            "outbox": _outbox(found, now),
            "spool": spool_status(self.services),
            "unpriced": [
                {**row._mapping, "unit": units.get(row.component)} for row in found.unpriced
            ],
        }


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


def _outbox(found: Survey, now: datetime) -> list[dict[str, Any]]:
    """Per driver; of errors the codes only, since details repeat what an ERP has said."""
    return [
        {
            **row._mapping,
            "waiting_seconds": age(row.oldest_pending_at, now),
            "errors": [
                {"code": error.code, "orders": error.orders}
                for error in found.errors
                if error.driver == row.driver
            ],
        }
        for row in found.owed
    ]
