"""The one way in which numbers and instants are written down, wherever bytes matter."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache


def plain(number: Decimal) -> str:
    """Every digit, without an exponent and without zeros at its end: ``0.05``, ``-3``, ``0``."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


@lru_cache(maxsize=4096)  # the lines of an order begin and end at few instants
def stamp(instant: datetime) -> str:
    """``2026-01-31T00:00:00.000000Z``"""
    return f"{instant.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"
