"""PostgreSQL, and the processes of ratings that work on it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine
from webob import Request

from ratings import conf as options
from ratings import plugins
from ratings.api.app import make_app
from ratings.batch import Arrival
from ratings.core.definitions import Definitions
from ratings.db import embedded, migration, postmaster
from ratings.db.engine import create_engine
from ratings.rater import Rater
from ratings.readers import Reader
from ratings.settling import Settings
from ratings.tests.ledgers import empty
from ratings.tests.simulation.sabotage import Saboteur
from ratings.tests.simulation.words import Message

CONF = options.load([], default_config_files=[])
CONF.set_override("auth_strategy", "noauth")

SETTINGS = plugins.settings(CONF)
"""The definitions and meter mappings that ship."""

IMPATIENCE = 0.02
"""Seconds for which a guest waits for a lock: its host waits for it in turn."""


class Answer(NamedTuple):
    """What ratings said of one message: how many parts of it were what, and codes."""

    states: tuple[str, ...]
    codes: tuple[str, ...] = ()


class NoAnswer(Exception):
    """The connection was closed: whoever sent must send again."""


class Clock:
    """The time of ratings' machines: that of the cloud, unless it jumps."""

    def __init__(self) -> None:
        self.time = datetime(2025, 1, 1, tzinfo=UTC)
        self.jump = timedelta()

    def __call__(self) -> datetime:
        return self.time + self.jump


class Process:
    """A process that rates, issues orders, changes prices. Killed, it forgets everything."""

    def __init__(self, site: Site, *, serves: bool = False, guest: bool = False) -> None:
        self.site, self.serves = site, serves
        self.engine = create_engine(
            site.url, pool_size=1, **({"lock_timeout": IMPATIENCE} if guest else {})
        )
        self.saboteur = Saboteur(self.engine, site.end_backend, site.crash)
        self.start(SETTINGS)

    def start(self, settings: Settings) -> None:
        self.saboteur.disarm()
        self.settings = settings
        self.rater = Rater(self.engine, settings, self.site.clock)
        self.reader = self.site.reader(settings.definitions)
        if self.serves:
            exports = plugins.exports(CONF)
            self.app = make_app(CONF, self.engine, settings, exports, self.site.clock)

    def take(self, messages: Sequence[Message]) -> list[Answer]:
        """Rate, as the API does or as a collector would. Raises Unavailable, NoAnswer."""
        if self.serves:
            return [self._post(messages)]
        arrivals, counts = [], []
        for message in messages:
            read = self.reader.read_sample if message.sampled else self.reader.read
            received = read(message.body, message.region)
            arrivals += [Arrival(message.region, r.reading, r.body.decode()) for r in received]
            counts.append(len(received))
        results = iter(self.rater.rate(arrivals))
        answers = []
        for count in counts:
            mine = [next(results) for _ in range(count)]
            codes = tuple(result.code for result in mine if result.code is not None)
            answers.append(Answer(tuple(result.state for result in mine), codes))
        return answers

    def get(self, path: str) -> dict:
        return Request.blank(path).get_response(self.app).json

    def _post(self, messages: Sequence[Message]) -> Answer:
        """All in one request, which must be of one region and door."""
        body = b",".join(message.body for message in messages)
        region = messages[0].region
        door = "samples" if messages[0].sampled else "events"
        request = Request.blank(
            f"/v1/{door}?region={region}",
            method="POST",
            body=body if len(messages) == 1 else b"[" + body + b"]",
            content_type="application/json",
        )
        response = request.get_response(self.app)
        if response.status_code == 503:
            raise NoAnswer
        assert response.status_code == 202, response.text
        found = json.loads(response.body)
        states = [
            state for state in ("rated", "ignored", "duplicate", "parked")
            for _ in range(found[state])
        ]  # fmt: skip
        return Answer(tuple(states), tuple(one["code"] for one in found["problems"]))


class Site:
    """A server with processes on it. Emptied, it is as good as new."""

    def __init__(self, state_path: Path, url: str) -> None:
        self._state_path = state_path
        self._data = state_path.resolve() / "postgresql" / "data"
        self._readers: dict[int, tuple[Definitions, Reader]] = {}
        self.url = url
        self.clock = Clock()
        self.admin = create_engine(url, pool_size=1)
        migration.upgrade(self.admin)
        with self.admin.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            # What is stopped at once must keep what it has committed, and recover: for that it
            # needs all of its log, as a durable server writes it, but no disk that keeps it.
            conn.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            conn.exec_driver_sql("SELECT pg_reload_conf()")
        self.admin.dispose()
        self.collectors = [Process(self), Process(self)]
        self.api = Process(self, serves=True)
        self.office = Process(self)
        self.guest = Process(self, guest=True)

    @property
    def processes(self) -> list[Process]:
        return [*self.collectors, self.api, self.office, self.guest]

    def reader(self, definitions: Definitions) -> Reader:
        found = self._readers.get(id(definitions))
        if found is None:
            found = self._readers[id(definitions)] = definitions, Reader(definitions)
        return found[1]

    def renew(self, settings: Settings) -> None:
        """Nothing is in the database, and all processes have just begun."""
        empty(self.admin)
        self.clock.jump = timedelta()
        self.start_all(settings)

    def start_all(self, settings: Settings) -> None:
        for process in self.processes:
            process.start(settings)

    def end_backend(self, pid: int) -> None:
        with self.admin.connect() as conn:
            conn.exec_driver_sql("SELECT pg_terminate_backend(%s, 10000)", (pid,))

    def crash(self) -> None:
        """Stop the server without a checkpoint, as if it had been killed."""
        found = postmaster.read(self._data)
        assert found is not None
        descriptor = os.pidfd_open(found.pid)
        try:
            os.kill(found.pid, signal.SIGQUIT)
            select.select([descriptor], [], [])
        finally:
            os.close(descriptor)

    def repair(self) -> None:
        """Start the server again, if it was stopped."""
        if postmaster.read(self._data) is None:
            with embedded.running(self._state_path):
                pass

    def engines(self) -> list[Engine]:
        return [self.admin, *(process.engine for process in self.processes)]


@contextlib.contextmanager
def running(bindir: Path | None = None) -> Iterator[Site]:
    """A site of its own, which is gone in the end."""
    with (
        # A socket's path is short.
        tempfile.TemporaryDirectory(prefix="ratings-") as state_path,
        embedded.running(Path(state_path), bindir=bindir) as url,
    ):
        site = Site(Path(state_path), url)
        try:
            yield site
        finally:
            for engine in site.engines():
                engine.dispose()
