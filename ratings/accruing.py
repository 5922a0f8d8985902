"""What runs: the usage of open resources since their last record, up to an instant."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from ratings import settling
from ratings.core.ledger import decide
from ratings.core.model import Record
from ratings.core.timeline import until
from ratings.db.reading import Scope
from ratings.db.resources import Resource
from ratings.settling import RulesOf

LOG = logging.getLogger(__name__)


def accrue(
    conn: Connection,
    rules_of: RulesOf,
    scope: Scope,
    resources: Iterable[Resource],
    instant: datetime,
) -> dict[int, tuple[Record, ...]]:
    """Resource row id -> the records in `scope` it would get if it were heard of at `instant`.

    Nothing is written. Resources that are closed, or were heard of later, have none.
    """
    running = [r for r in resources if r.state.open and r.state.last and r.state.last[0] < instant]
    if not running:
        return {}
    cases, cuts = settling.gather(conn, running, {r.id: [until(instant)] for r in running})
    found = {}
    for row_id, (resource, case) in cases.items():
        try:
            wanted = decide(rules_of(resource.key[1]), case, cuts).change.insert
            found[row_id] = tuple(record for record in wanted if scope.has(record.tenant_id))
        except Exception:  # a plug-in may raise anything; its other resources can still be shown
            LOG.exception("the transformer of %s %s failed", *resource.key[1:])
    return found
