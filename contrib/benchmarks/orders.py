"""The measurement of orders: closing many tenants, and a draft of one that has much.

Every tenant has running instances of three components each, heard of once, so that closing has
to write all that it bills. Beside it stands a bare COPY of the very rows that it wrote, one
transaction an order, into the same tables with all constraints, indexes and triggers.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from urllib.request import urlopen

from rich.console import Console
from rich.table import Table
from service import serving
from sqlalchemy import Connection, Engine, make_url
from telemetry import Cloud

from ratings import closing, plugins, repricing
from ratings import conf as options
from ratings.batch import Arrival
from ratings.core.model import Price
from ratings.db import embedded, migration
from ratings.db.engine import create_engine
from ratings.rater import Rater
from ratings.readers import Reader

CONSOLE = Console(width=100, highlight=False)
PRICES = {"vcpu": "0.031", "ram": "0.0000072", "disk": "0.00011"}
END = datetime(2025, 2, 1, tzinfo=UTC)
BATCH = 1000

ORDER_ROWS = {
    "records": "SELECT r.* FROM records r JOIN sales_order_lines l ON l.record_id = r.id",
    "sales_orders": "SELECT l.* FROM sales_orders l",
    "sales_order_lines": "SELECT l.* FROM sales_order_lines l",
    "sales_order_resources": "SELECT l.* FROM sales_order_resources l",
}
"""What an order wrote, in the order in which foreign keys want it."""


class Bench:
    """Two databases with the same history: one to close, one to copy into."""

    def __init__(self, server: str, state_path: Path, tenants: int, each: int, large: int) -> None:
        self.server, self.state_path, self.large = server, state_path, large
        self.settings = plugins.settings(options.load([], prog="bench"))
        self.engine = create_engine(self._database("closed"))
        self._live(self.engine, Cloud(tenants * each, tenants))
        self.engine.dispose()
        self.copy = create_engine(self._database("copied", template="closed"))

    def close(self) -> tuple[int, float, list[int]]:
        """Orders issued, seconds, and the memory in MiB at each quarter of them."""
        rater = Rater(self.engine, self.settings, plugins.clock)
        found = closing.tenants(self.engine, END)
        memory, began = [], time.monotonic()
        outcomes = closing.close_each(self.engine, rater, found, END, plugins.clock, strict=True)
        for number, outcome in enumerate(outcomes, 1):
            assert outcome.state == "issued", outcome
            if number * 4 % len(found) < 4:
                memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return len(found), time.monotonic() - began, memory

    def copied(self) -> float:
        """Seconds that a bare COPY of what closing wrote takes."""
        with self.engine.connect() as conn:
            ids = list(conn.exec_driver_sql("SELECT id FROM sales_orders ORDER BY id").scalars())
            orders = [
                {table: b"".join(_rows(conn, table, order_id)) for table in ORDER_ROWS}
                for order_id in ids
            ]
        began = time.monotonic()
        for rows in orders:
            with self.copy.begin() as conn:
                for table, data in rows.items():
                    _write(conn, table, data)
        return time.monotonic() - began

    def drafts(self) -> Iterator[float]:
        """Seconds that drafts over HTTP take, of a tenant with much."""
        url = self._database("drafted")
        engine = create_engine(url)
        self._live(engine, Cloud(self.large, tenants=1))
        with engine.connect() as conn:
            tenant_id = conn.exec_driver_sql("SELECT min(tenant_id) FROM resources").scalar_one()
        with serving(url, self.state_path) as (_, address):
            where = f"http://{address.host}:{address.port}/v1/sales_drafts"
            for _ in range(5):
                began = time.monotonic()
                with urlopen(f"{where}?tenant_id={tenant_id}&end=2025-02-01") as answer:
                    answer.read()
                yield time.monotonic() - began
        engine.dispose()

    def _live(self, engine: Engine, cloud: Cloud) -> None:
        migration.upgrade(engine)
        for component, unit_price in PRICES.items():
            price = Price(0, component, Decimal(unit_price), self.settings.currency)
            repricing.add(engine, self.settings, price)
        rater, reader = (
            Rater(engine, self.settings, plugins.clock),
            Reader(self.settings.definitions),
        )
        arrivals = (
            Arrival("RegionOne", one.reading, one.body.decode())
            for event in cloud.audit()
            for one in reader.read(event.encode(), "RegionOne")
        )
        while batch := list(islice(arrivals, BATCH)):
            rater.rate(batch)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("VACUUM (ANALYZE)")
            conn.exec_driver_sql("CHECKPOINT")

    def _database(self, name: str, template: str = "template1") -> str:
        engine = create_engine(self.server)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        engine.dispose()
        url = make_url(self.server).set(database=name)
        return url.render_as_string(hide_password=False)


def _rows(conn: Connection, table: str, order_id: int) -> list[bytes]:
    condition = "l.id" if table == "sales_orders" else "l.order_id"
    query = f"{ORDER_ROWS[table]} WHERE {condition} = {order_id}"
    cursor = conn.connection.driver_connection.cursor()
    with cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as stream:
        return [bytes(block) for block in stream]


def _write(conn: Connection, table: str, data: bytes) -> None:
    cursor = conn.connection.driver_connection.cursor()
    with cursor, cursor.copy(f"COPY {table} FROM STDIN") as stream:
        stream.write(data)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="contrib/bench orders", description="How fast orders are closed, and drafts made."
    )
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--resources", type=int, default=100, help="running resources of a tenant")
    parser.add_argument("--large", type=int, default=10_000, help="those of the drafted tenant")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="ratings-") as state_path:
        say("starting PostgreSQL (durable)")
        with embedded.running(Path(state_path)) as url:
            say(f"making {given.tenants:,} tenants with {given.resources:,} instances each")
            bench = Bench(url, Path(state_path), given.tenants, given.resources, given.large)
            say("closing")
            issued, seconds, memory = bench.close()
            say("COPY of the same rows")
            copied = bench.copied()
            say(f"drafts of a tenant with {given.large:,} instances")
            drafts = list(bench.drafts())
            bench.engine.dispose()
            bench.copy.dispose()
    show(issued, issued * given.resources, seconds, copied)
    CONSOLE.print(f"memory at each quarter of the orders: {', '.join(map(str, memory))} MiB")
    times = "  ".join(f"{one:.2f}" for one in drafts)
    CONSOLE.print(f"draft of {given.large:,} instances over HTTP: {times} s")


def show(orders: int, resources: int, closed: float, copied: float) -> None:
    table = Table("", "orders/s", "resources/s", title="Closing")
    for name, seconds in (("close", closed), ("COPY of the same rows", copied)):
        table.add_row(name, f"{orders / seconds:,.0f}", f"{resources / seconds:,.0f}")
    CONSOLE.print(table)
    CONSOLE.print(f"closing reaches {copied / closed:.0%} of the COPY")


def say(what: str) -> None:
    CONSOLE.print(f"bench: {what}")


if __name__ == "__main__":
    main()
