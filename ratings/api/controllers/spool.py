"""``/v1/spool``: what waits on this host. It answers without the database."""

from __future__ import annotations

from typing import Any

from ratings.api.endpoint import Contract, endpoint
from ratings.api.resource import Resource
from ratings.api.services import Services
from ratings.api.spooling import NOTHING
from ratings.api.types import spool as types
from ratings.policies import spool as policy


class SpoolState(Resource):
    @endpoint(Contract(rule=policy.GET, answer=types.SpoolStatus))
    def get_all(self) -> dict[str, Any]:
        """How much waits, and since when."""
        return spool_status(self.services)


def spool_status(services: Services) -> dict[str, Any]:
    """The attributes of `types.SpoolStatus`. Raises OSError."""
    spool = services.spooling.spool if services.spooling is not None else None
    found = NOTHING if spool is None else spool.measure()
    waiting = None
    if found.oldest_at is not None:
        waiting = max(0, int((services.clock() - found.oldest_at).total_seconds()))
    return {
        **found._asdict(),
        "max_bytes": 0 if spool is None else spool.max_bytes,
        "alarm": spool is not None and spool.is_alarming(found.bytes),
        "waiting_seconds": waiting,
    }
