"""The SQLAlchemy engine as ratings needs it: psycopg 3, UTC, exact numbers, bounded waits."""

from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError

DRIVER = "postgresql+psycopg"

#: Seconds that a statement waits for a lock, and that it may run, before it gives up.
LOCK_TIMEOUT = 30
STATEMENT_TIMEOUT = 300

#: libpq's: a server that has vanished is given up after half a minute, not after hours.
_NETWORK = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class UnsupportedDatabase(Exception):
    """The URL names no PostgreSQL that can be reached with psycopg 3."""


def create_engine(
    url: str,
    *,
    pool_size: int = 5,
    lock_timeout: int = LOCK_TIMEOUT,
    statement_timeout: int = STATEMENT_TIMEOUT,
) -> Engine:
    """An engine for `url`; nothing is connected yet.

    Sessions are READ COMMITTED and in UTC.  Timeouts are in seconds, 0 for none.
    jsonb numbers come back as int or `Decimal`, never as float, and Decimals go out as exact
    JSON numbers.

    Raises `UnsupportedDatabase`.
    """
    parsed = normalise(url)
    options = [
        parsed.query.get("options", ""),
        "-c timezone=UTC",
        # The default of 4 is for disks that turn: with it, index scans are given up too early.
        "-c random_page_cost=1.1",
        f"-c lock_timeout={lock_timeout * 1000}",
        f"-c statement_timeout={statement_timeout * 1000}",
    ]
    return sqlalchemy.create_engine(
        parsed.difference_update_query(["options"]),
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=2,
        pool_pre_ping=True,
        connect_args={**_NETWORK, "options": " ".join(filter(None, map(str, options)))},
        json_serializer=to_json,
        json_deserializer=from_json,
    )


def is_writable(engine: Engine) -> bool:
    """Whether the server takes writes, which one in recovery does not.

    Raises what SQLAlchemy raises when it cannot be asked.
    """
    with engine.connect() as conn:
        return bool(conn.exec_driver_sql("SHOW transaction_read_only").scalar() == "off")


def normalise(url: str) -> URL:
    """`url` with psycopg 3 as its driver.  Raises `UnsupportedDatabase`."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The text may hold a password, so it is not repeated.
        raise UnsupportedDatabase(
            "the database connection is no URL; "
            "it should look like postgresql://user:password@host/ratings"
        ) from None
    if "@" in (parsed.host or ""):
        # Else what is left of the password would be part of each error about the host.
        raise UnsupportedDatabase(
            "the database connection has an @ too many; that of a password is written %40"
        )
    if parsed.drivername in ("postgres", "postgresql", DRIVER):
        return parsed.set(drivername=DRIVER)
    raise UnsupportedDatabase(
        f"{parsed.drivername} is not supported: the ledger's guarantees are PostgreSQL "
        f"constraints, and psycopg 3 is the driver ({DRIVER}://...)"
    )


def to_json(value: Any) -> str:
    """JSON text of `value`; a Decimal becomes a number with every digit it has."""
    return _encoder.encode(value).decode()


def from_json(text: str | bytes) -> Any:
    """The value of JSON `text`; numbers become int or Decimal."""
    return _decoder.decode(text)
