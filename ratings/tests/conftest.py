"""Fixtures with a real PostgreSQL, made fast: one private server, one template, many copies.

RATINGS_TEST_PG_BINDIR names PostgreSQL's programs to test another version with.
"""

import itertools
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine, make_url, text

from ratings.db import embedded, migration
from ratings.db.engine import create_engine

# No test is timed: an example may take as long as the machine needs.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that is called in a test sets up logging for all of the process."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)


@pytest.fixture(scope="session")
def pg_bindir() -> Path | None:
    """The PostgreSQL programs that the caller of the suite wants; None for the usual ones."""
    bindir = os.environ.get("RATINGS_TEST_PG_BINDIR")
    return Path(bindir) if bindir else None


@pytest.fixture(scope="session")
def postgres(pg_bindir) -> Iterator[str]:
    """The URL of a server of this session's own, without fsync."""
    # Not pytest's tmp_path: a socket's path is short.
    with (
        tempfile.TemporaryDirectory(prefix="ratings-") as state_path,
        embedded.running(Path(state_path), durable=False, bindir=pg_bindir) as url,
    ):
        yield url


@pytest.fixture(scope="session")
def administrator(postgres) -> Iterator[Engine]:
    """An engine that creates and drops databases."""
    engine = create_engine(postgres).execution_options(isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def template(postgres, administrator) -> str:
    """The name of a migrated database that every test gets a copy of."""
    create(administrator, "template_ratings")
    engine = create_engine(url_of(postgres, "template_ratings"))
    migration.upgrade(engine)
    engine.dispose()
    return "template_ratings"


@pytest.fixture
def empty_database(postgres, administrator) -> Iterator[Engine]:
    """An engine on a database that nobody has migrated."""
    yield from temporary(postgres, administrator, "template0")


@pytest.fixture
def database(postgres, administrator, template) -> Iterator[Engine]:
    """An engine on a fresh database at the newest revision."""
    yield from temporary(postgres, administrator, template)


@pytest.fixture
def twin(postgres, administrator, template) -> Iterator[Engine]:
    """An engine on another fresh database, for what the first one is compared with."""
    yield from temporary(postgres, administrator, template)


def url_of(server: str, name: str) -> str:
    """The URL of another database of a server."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def temporary(server: str, administrator: Engine, template: str) -> Iterator[Engine]:
    """An engine on a copy of a database, which is dropped in the end."""
    name = f"test_{next(_numbers)}"
    create(administrator, name, template)
    engine = create_engine(url_of(server, name))
    yield engine
    engine.dispose()
    with administrator.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def create(administrator: Engine, name: str, template: str = "template0") -> None:
    """A database of that name, as a copy."""
    with administrator.connect() as connection:
        # FILE_COPY beats the default when nothing else runs and fsync is off.
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
