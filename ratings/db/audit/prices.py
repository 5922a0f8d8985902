"""Laws of prices that SQL cannot tell: each can be read, and is one that could be added."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from ratings.core.errors import InvalidPrice
from ratings.core.pricing import check
from ratings.db import prices
from ratings.db.audit.check import Finding


def invalid(conn: Connection) -> Iterator[Finding]:
    """Prices that nobody can have added: numbers out of bounds, tiers that are none."""
    for row in prices.rows(conn):
        try:
            check(prices.price_of(row))
        except InvalidPrice as error:
            yield Finding("price_invalid", f"price {row.id}", error.detail)
        except Exception as error:  # rows that nobody could have written may do anything
            detail = f"cannot be read, {type(error).__name__}: {error}"
            yield Finding("price_unreadable", f"price {row.id}", detail.splitlines()[0])
