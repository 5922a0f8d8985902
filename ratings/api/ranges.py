"""Ranges of time in queries: half-open, and never empty."""

from __future__ import annotations

from datetime import datetime

from ratings.core.errors import InvalidInput


def check(start: datetime | None, end: datetime | None) -> None:
    """InvalidInput (range_invalid) unless `end` lies after `start`, where both are given."""
    if start is not None and end is not None and end <= start:
        raise InvalidInput("end must lie after start", code="range_invalid")
