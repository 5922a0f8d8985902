"""Instants, in every form in which OpenStack writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing that is rated happened before; what claims so has a broken clock."""


def instant(value: Any) -> datetime | None:
    """The instant that a text names, aware and in UTC; None when it names none.

    Takes ISO 8601 with ``T`` or a space, ``Z``, ``+00:00``, ``+0000`` or no zone
    (UTC), and any number of digits of the second, of which six count. A leap
    second is the first instant of the next minute.
    """
    if type(value) is not str or not value:
        return None
    try:
        return _utc(datetime.fromisoformat(value))
    except ValueError:
        return _leap(value)
    except OverflowError:
        return None


def event_time(value: Any) -> datetime | None:
    """As `instant`, but None also for what lies before `EARLIEST`."""
    found = instant(value)
    return None if found is None or found < EARLIEST else found


def _utc(found: datetime) -> datetime:
    if found.tzinfo is None:
        return found.replace(tzinfo=UTC)
    return found if found.tzinfo is UTC else found.astimezone(UTC)


def _leap(value: str) -> datetime | None:
    if value[16:19] != ":60":
        return None
    try:
        return _utc(datetime.fromisoformat(value[:16] + value[19:])) + timedelta(minutes=1)
    except (ValueError, OverflowError):
        return None
