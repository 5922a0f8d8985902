"""The measurement: events in lists and one by one over HTTP, and a bare COPY of the same rows.

Each round audits every instance once. Every event then closes a segment: one journal row and three
priced ledger rows. After each round the very rows that it wrote are copied into databases that hold
the same history, with all constraints, indexes and triggers, so that both meet the same table sizes
and the same noise.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import bare_copy
from figures import Figures, Series
from processor import Clock
from rich.console import Console
from senders import Address, post_all, request
from service import add_prices, serving
from sqlalchemy import Engine, make_url
from telemetry import Cloud, lists

from ratings.db import embedded, migration, postmaster
from ratings.db.engine import create_engine

CONSOLE = Console(width=100, highlight=False)

LIST = 1000
LIST_SENDERS = 4
CLIENTS = 32
PRICES = {"vcpu": "0.031", "ram": "0.0000072", "disk": "0.00011"}


class Bench:
    """One API and the databases beside it."""

    def __init__(self, server: str, postgresql: int, api: int, address: Address) -> None:
        self.server = server
        self.postgresql, self.api, self.address = postgresql, api, address
        self.figures = Figures()
        self.engine = create_engine(server)
        self.copies = [self._database("copy_one"), self._database("copy_two")]
        self.tap = bare_copy.Tap(self.engine)

    def run(self, rounds: int, instances: int, singles: int) -> None:
        """One round to make the instances, then those that count."""
        cloud = Cloud(instances)
        say(f"making {instances:,} instances")
        self._rate(lists(cloud.audit(), LIST), LIST_SENDERS)
        self._copy(timed=False)
        for number in range(1, rounds + 1):
            say(f"round {number} of {rounds}: lists of {LIST:,} from {LIST_SENDERS} senders")
            self._rate(lists(cloud.audit(), LIST), LIST_SENDERS, self.figures.in_lists)
            say(f"round {number} of {rounds}: COPY of the same rows")
            self._copy(timed=True)
            say(f"round {number} of {rounds}: single events from {CLIENTS} clients")
            self._rate(lists(cloud.audit(singles), 1), CLIENTS, self.figures.one_by_one)
            self._copy(timed=False)

    def _rate(self, bodies: Sequence[bytes], senders: int, series: Series | None = None) -> None:
        requests = [request(self.address, body) for body in bodies]
        self._settle()
        clock = Clock({"API": self.api, "PostgreSQL": self.postgresql})
        rated = post_all(self.address, requests, senders)
        if series is not None:
            series.add(rated, *clock.read())

    def _copy(self, *, timed: bool) -> None:
        rows = self.tap.read()
        events = len(rows["events"])
        series = (self.figures.copy_one, self.figures.copy_two)
        for connections, (engine, found) in enumerate(
            zip(self.copies, series, strict=True), start=1
        ):
            if timed:
                self._settle()
            seconds = bare_copy.write(engine, rows, connections)
            if timed:
                found.add(events, seconds)

    def _settle(self) -> None:
        """Nobody pays for what another one left to be written or counted."""
        for engine in (self.engine, *self.copies):
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                conn.exec_driver_sql("VACUUM (ANALYZE)")
                conn.exec_driver_sql("CHECKPOINT")

    def close(self) -> None:
        for engine in (self.engine, *self.copies):
            engine.dispose()

    def _database(self, name: str) -> Engine:
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql(f"CREATE DATABASE {name}")
        url = make_url(self.server).set(database=name)
        engine = create_engine(url.render_as_string(hide_password=False))
        migration.upgrade(engine)
        return engine


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="contrib/bench",
        description="How fast events go in, beside a bare COPY of the same rows.",
    )
    parser.add_argument("--events", type=int, default=20_000, help="instances, and events a round")
    parser.add_argument("--singles", type=int, default=5_000, help="single events a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser.parse_args()


def main() -> None:
    given = options()
    with contextlib.ExitStack() as stack:
        state_path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ratings-")))
        say("starting PostgreSQL (durable) and ratings-api")
        url = stack.enter_context(embedded.running(state_path))
        prepare(url)
        api, address = stack.enter_context(serving(url, state_path))
        add_prices(address, PRICES)
        bench = Bench(url, server_process(state_path), api, address)
        stack.callback(bench.close)
        bench.run(given.rounds, given.events, min(given.events, given.singles))
    bench.figures.show(CONSOLE)
    if given.json is not None:
        bench.figures.write(given.json)


def prepare(url: str) -> None:
    engine = create_engine(url)
    migration.upgrade(engine)
    engine.dispose()


def server_process(state_path: Path) -> int:
    found = postmaster.read(state_path / "postgresql" / "data")
    assert found is not None, "it runs while this does"
    return found.pid


def say(what: str) -> None:
    CONSOLE.print(f"bench: {what}")


if __name__ == "__main__":
    main()
