"""The role that tenants read as belongs to the whole server: who may make it, and how often."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from ratings.db import embedded, migration
from ratings.db.audit import tenant_reads
from ratings.db.engine import create_engine
from ratings.db.reading import Scope, reading


@pytest.fixture(scope="module")
def server(pg_bindir):
    """A server of this module's own, where nobody has migrated anything."""
    with (
        tempfile.TemporaryDirectory(prefix="ratings-") as state_path,
        embedded.running(Path(state_path), durable=False, bindir=pg_bindir) as url,
    ):
        yield url


@pytest.fixture
def superuser(server):
    engine = create_engine(server).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        yield conn.exec_driver_sql
    engine.dispose()


@pytest.fixture
def owned(server, superuser):
    """Makes a database of a new user; an engine as that user."""
    made = []

    def create(user, *databases, rights=""):
        superuser(f"CREATE ROLE {user} LOGIN {rights}")
        for name in databases:
            superuser(f"CREATE DATABASE {name} OWNER {user}")
            made.append(create_engine(make_url(server).set(username=user, database=name)))
        return made[-len(databases) :]

    yield create
    for engine in made:
        engine.dispose()
        superuser(f"DROP DATABASE {engine.url.database} WITH (FORCE)")
    superuser("DROP ROLE IF EXISTS ratings_tenant")
    for engine in made:
        superuser(f"DROP ROLE IF EXISTS {engine.url.username}")


def reads_as_a_tenant(engine):
    with reading(engine, Scope("acme")) as conn:
        assert conn.exec_driver_sql("SELECT current_user").scalar() == "ratings_tenant"
        assert conn.exec_driver_sql("SELECT count(*) FROM records").scalar() == 0
    with engine.connect() as conn:
        assert list(tenant_reads.findings(conn)) == []


def test_who_may_not_create_roles_is_told_what_a_superuser_has_to_do(owned, superuser):
    (engine,) = owned("plain", "plain_db")
    with pytest.raises(DBAPIError, match="GRANT ratings_tenant TO plain"):
        migration.upgrade(engine)
    assert migration.version(engine) == "0007"
    superuser("CREATE ROLE ratings_tenant NOLOGIN")
    with pytest.raises(DBAPIError, match="GRANT ratings_tenant TO plain"):
        migration.upgrade(engine)
    superuser("GRANT ratings_tenant TO plain")
    migration.upgrade(engine)
    reads_as_a_tenant(engine)


def test_who_may_create_roles_needs_nobody(owned):
    (engine,) = owned("creator", "creator_db", rights="CREATEROLE")
    migration.upgrade(engine)
    reads_as_a_tenant(engine)


@pytest.mark.parametrize("again", range(3))
def test_databases_of_one_server_may_be_migrated_at_once(owned, again):
    names = [f"db_{number}" for number in range(4)]
    engines = owned("several", *names, rights="CREATEROLE")
    code = (
        "import sys; from ratings.db import engine, migration;"
        " migration.upgrade(engine.create_engine(sys.argv[1]))"
    )
    urls = [engine.url.render_as_string(hide_password=False) for engine in engines]
    commands = [subprocess.Popen([sys.executable, "-c", code, url]) for url in urls]
    assert [command.wait() for command in commands] == [0] * 4
    for engine in engines:
        reads_as_a_tenant(engine)
