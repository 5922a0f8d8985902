"""Delivering: what the outbox owes is handed to the drivers, at least once.

Three steps, and no transaction is open while a driver is at work: an order is claimed
with a lease, handed over, and what became of it is written down. Who dies in between
leaves a lease that runs out; the next attempt bears the same idempotency key, by which
the driver finds what has arrived. Any number of deliverers may work on one database.
Alerts of budgets go the same way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from ratings import orders
from ratings.core.deliveries import (
    Deliver,
    DeliveryError,
    Parcel,
    Patience,
    Refused,
    Unreachable,
    key,
    pause,
)
from ratings.core.errors import RatingError
from ratings.db import outbox
from ratings.db.outbox import Claim
from ratings.db.reading import EVERYTHING

LOG = logging.getLogger(__name__)

_LONGEST_DETAIL = 1000

Clock = Callable[[], datetime]


Claiming = Callable[[Connection, list[str], datetime, datetime], Claim | None]
"""Takes what is due first for any of some drivers, with a lease that ends at the second instant."""

Attempt = Callable[[Claim], str]
"""Hands over what was claimed; the reference under which it arrived. Raises DeliveryError."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: a reference, or the error and when the next one is.

    noun, about: what was to be delivered: ``order`` or ``alert``, and its id.
    """

    noun: str
    about: int
    tenant_id: str
    driver: str
    attempts: int
    reference: str | None = None
    error: DeliveryError | None = None
    next_attempt_at: datetime | None = None


def deliver(
    engine: Engine, drivers: Mapping[str, Deliver], patience: Patience, clock: Clock
) -> Iterator[Outcome]:
    """Hand over the orders that are due, one after the other, and say what became of each.

    Raises DBAPIError when the database is gone.
    """

    def attempt(claimed: Claim) -> str:
        issued = orders.proven(engine, EVERYTHING, claimed.about)
        # To prove a long order takes its time, and the driver needs all of the lease.
        with engine.begin() as conn:
            if not outbox.renew(conn, claimed, clock() + patience.lease):
                raise Refused("another deliverer has taken it meanwhile", code="lease_lost")
        return drivers[claimed.driver](Parcel(issued, key(issued.id, issued.order.digest or "")))

    return work_off(engine, outbox.claim, attempt, drivers, patience, clock)


def work_off(
    engine: Engine,
    claim: Claiming,
    attempt: Attempt,
    drivers: Iterable[str],
    patience: Patience,
    clock: Clock,
) -> Iterator[Outcome]:
    """Attempt what `claim` finds to be due, until nothing is, and say what became of each.

    A driver whose other side cannot be reached is left alone for the rest: one attempt
    has waited for it, the others need not.
    """
    working = dict.fromkeys(drivers)
    while working:
        now = clock()
        with engine.begin() as conn:
            claimed = claim(conn, list(working), now, now + patience.lease)
        if claimed is None:
            return
        found = _attempted(attempt, claimed)
        yield _record(engine, claimed, found, patience, clock)
        if isinstance(found, Unreachable):
            del working[claimed.driver]


def hasten(engine: Engine, drivers: Mapping[str, Deliver], clock: Clock) -> int:
    """Make due what waits for its next attempt; how many orders that are."""
    with engine.begin() as conn:
        return outbox.hasten(conn, list(drivers), clock())


def catch_up(engine: Engine, drivers: Mapping[str, Deliver], since: datetime) -> int:
    """Owe to drivers the orders that end after `since` and were issued without them; how many."""
    with engine.begin() as conn:
        return outbox.owe(conn, list(drivers), since)


def pending(engine: Engine, drivers: Mapping[str, Deliver]) -> int:
    """How many orders have not arrived yet where they should."""
    with engine.connect() as conn:
        return sum(row.pending for row in outbox.counts(conn) if row.driver in drivers)


def _attempted(attempt: Attempt, claimed: Claim) -> str | DeliveryError:
    """The reference under which it arrived, or why it did not."""
    try:
        return attempt(claimed)
    except DeliveryError as error:
        return error
    except RatingError as error:
        return Refused(error.detail, code=error.code)
    except Exception as error:  # a plug-in may raise anything, and must stop nothing else
        LOG.exception("%s %s: %s failed", claimed.queue.noun, claimed.about, claimed.driver)
        return Refused(f"unexpected {type(error).__name__}; see the log", code="driver_failed")


def _record(
    engine: Engine, claimed: Claim, found: str | DeliveryError, patience: Patience, clock: Clock
) -> Outcome:
    now = clock()
    noun, about = claimed.queue.noun, claimed.about
    told = noun, about, claimed.tenant_id, claimed.driver, claimed.attempts
    if isinstance(found, str):
        with engine.begin() as conn:
            if not outbox.delivered(conn, claimed, found, now):
                LOG.warning(
                    "%s %s arrived at %s once more, as %s", noun, about, claimed.driver, found
                )
        return Outcome(*told, reference=found)
    next_attempt_at = now + pause(patience, about, claimed.driver, claimed.attempts)
    answered = not isinstance(found, Unreachable)
    detail = found.detail.replace("\0", "")[:_LONGEST_DETAIL]
    with engine.begin() as conn:
        outbox.failed(conn, claimed, found.code, detail, next_attempt_at, answered=answered)
    return Outcome(*told, error=found, next_attempt_at=next_attempt_at)
