"""Closing: the sales orders of many tenants up to one instant, one after the other.

Each tenant is a transaction of its own. What was issued stays issued, and doing it
all again issues what is missing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from ratings import orders
from ratings.core.errors import RatingError
from ratings.db import sales_orders
from ratings.rater import Rater

LOG = logging.getLogger(__name__)

State = Literal["issued", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Bill:
    """An issued order without its lines: of a thousand tenants these fit into memory."""

    order_id: int
    total: Decimal
    payable: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a tenant: a bill if it was issued, else why not."""

    tenant_id: str
    state: State
    bill: Bill | None = None
    detail: str = ""


def tenants(engine: Engine, end: datetime) -> list[str]:
    """Tenants that may have used something before `end`, and whose orders do not reach it."""
    with engine.connect() as conn:
        return sales_orders.tenants_to_bill(conn, end)


def close_each(
    engine: Engine,
    rater: Rater,
    tenant_ids: Sequence[str],
    end: datetime,
    clock: Callable[[], datetime],
    *,
    strict: bool,
) -> Iterator[Outcome]:
    """Close up to `end` for each tenant, and say what became of it.

    The failure of one harms no other. That a tenant has used nothing is one if `strict`:
    who was named has been expected to. Raises DBAPIError when the database is gone,
    which is nobody's failure in particular.
    """
    for tenant_id in tenant_ids:
        try:
            yield _close(engine, rater, tenant_id, end, clock())
        except RatingError as error:
            lenient = error.code == "no_usage" and not strict
            state: State = "skipped" if lenient else "failed"
            yield Outcome(tenant_id, state, detail=error.detail)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) is None:
                raise
            yield Outcome(tenant_id, "failed", detail=str(error.orig).splitlines()[0])
        except Exception as error:  # a plug-in may raise anything, and must harm no other tenant
            LOG.exception("%s: unexpected %s", tenant_id, type(error).__name__)
            yield Outcome(tenant_id, "failed", detail=f"unexpected {type(error).__name__}")


def _close(engine: Engine, rater: Rater, tenant_id: str, end: datetime, now: datetime) -> Outcome:
    with engine.connect() as conn:
        last = sales_orders.last(conn, tenant_id)
    if last is not None and last.end >= end:
        reached = last.end.isoformat()
        return Outcome(tenant_id, "skipped", detail=f"its orders reach {reached} already")
    issued = orders.close(engine, rater, tenant_id, end, now)
    order = issued.order
    bill = Bill(issued.id, order.total, order.payable, order.currency)
    return Outcome(tenant_id, "issued", bill)
