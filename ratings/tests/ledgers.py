"""A rater on a database, and what its ledger says, for tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from ratings import repricing
from ratings.batch import Arrival, Result
from ratings.core.model import Event, Price
from ratings.rater import Rater
from ratings.settling import Settings
from ratings.tests.journals import DEFINITIONS
from ratings.transformers import lifecycle

NOW = datetime(2027, 1, 1, tzinfo=UTC)

SETTINGS = Settings(
    definitions=DEFINITIONS,
    transformers={"lifecycle": lifecycle.transform},
    currency="USD",
    future_tolerance=timedelta(hours=1),
)

LEDGER = """
SELECT s.region, s.resource_type, s.resource_id, c.name AS component, lower(r.span) AS start,
       upper(r.span) AS end, r.tenant_id, trim_scale(r.quantity) AS quantity, r.metadata,
       r.currency, r.unit_price, r.amount
FROM records r JOIN resources s ON s.id = r.resource_id JOIN components c ON c.id = r.component_id
WHERE r.superseded_at IS NULL ORDER BY 1, 2, 3, 4, 5"""

OVERLAPS = """
SELECT count(*) FROM records a JOIN records b
    ON a.resource_id = b.resource_id AND a.component_id = b.component_id AND a.id < b.id
   AND a.superseded_at IS NULL AND b.superseded_at IS NULL
   AND lower(a.span) < upper(b.span) AND lower(b.span) < upper(a.span)"""


def rater(engine: Engine) -> Rater:
    return Rater(engine, SETTINGS, clock=lambda: NOW)


def arrival(event: Event) -> Arrival:
    body = {"message_id": event.message_id, "event_type": event.event_type}
    return Arrival(event.region, event, json.dumps(body))


def rate(engine: Engine, events: Iterable[Event]) -> list[Result]:
    return rater(engine).rate([arrival(event) for event in events])


def add_prices(engine: Engine, prices: Sequence[Price], *, retroactive: bool = False) -> None:
    for price in prices:
        repricing.add(engine, SETTINGS, price, retroactive=retroactive)


def ledger(engine: Engine) -> list[tuple[Any, ...]]:
    """The current records, by value, in order."""
    return rows(engine, LEDGER)


def rows(engine: Engine, sql: str) -> list[tuple[Any, ...]]:
    with engine.connect() as conn:
        return [tuple(row) for row in conn.exec_driver_sql(sql)]


def scalar(engine: Engine, sql: str) -> Any:
    return rows(engine, sql)[0][0]


def empty(engine: Engine) -> None:
    """Take everything out of a database again, its append-only tables too."""
    with engine.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        conn.exec_driver_sql(
            "TRUNCATE events, parked_events, records, resources, checkpoints, tallies, prices,"
            " sales_orders, terms, tenants, budgets"
            " CASCADE"
        )
        conn.exec_driver_sql("UPDATE revisions SET revision = revision + 1")
