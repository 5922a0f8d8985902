"""The embedded PostgreSQL: who starts it, who stops it, and what a kill leaves behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from ratings.db import embedded, postmaster
from ratings.db.engine import create_engine

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")

# A command that uses the server until it is told to go on.
COMMAND = """
import sys
from pathlib import Path
from ratings.db import embedded
bindir = Path(sys.argv[2]) if sys.argv[2] else None
with embedded.running(Path(sys.argv[1]), durable=False, bindir=bindir) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def state_path():
    with tempfile.TemporaryDirectory(prefix="ratings-") as path:
        yield Path(path)
        if server := running_server(Path(path)):
            os.kill(server.pid, signal.SIGQUIT)
            gone(server)


@pytest.fixture
def command(state_path, pg_bindir):
    """A function that starts a command and waits until it has its database."""
    started = []

    def start(*prefix, wait=True):
        arguments = [*prefix, sys.executable, "-c", COMMAND, state_path, str(pg_bindir or "")]
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A shell that runs the suite in the background has it ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        started.append(process)
        if wait:
            assert process.stdout.readline().startswith("postgresql+psycopg://")
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@pytest.fixture
def running(state_path, pg_bindir):
    """`embedded.running` on the state of this test, as a context manager in this process."""
    return lambda durable=False: embedded.running(state_path, durable=durable, bindir=pg_bindir)


def leave(process):
    process.stdin.close()
    assert process.wait() == 0


def running_server(state_path):
    return postmaster.read(state_path / "postgresql" / "data")


def gone(server):
    """Wait until the process is no more (or a zombie, where nobody collects them)."""
    deadline = time.monotonic() + 30
    pause = threading.Event()
    while time.monotonic() < deadline:
        try:
            os.kill(server.pid, 0)
            Path(f"/proc/{server.pid}/cwd").readlink()
        except OSError:
            return
        pause.wait(0.01)
    raise AssertionError(f"process {server.pid} lives on")


@contextlib.contextmanager
def session(url):
    engine = create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def test_the_server_runs_while_it_is_used_and_no_longer(running, state_path):
    with running() as url:
        server = running_server(state_path)
        with session(url) as connection:
            assert connection.scalar(text("SELECT current_database()")) == "ratings"
    gone(server)
    assert running_server(state_path) is None


def test_what_is_written_is_there_when_the_server_runs_again(running):
    with running() as url, session(url) as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 42 AS answer"))
    with running() as url, session(url) as connection:
        assert connection.scalar(text("SELECT answer FROM kept")) == 42


def test_exclusion_constraints_on_scalars_are_possible(running):
    with running() as url, session(url) as connection:
        connection.execute(text("CREATE EXTENSION btree_gist"))


def test_a_real_server_is_durable_and_reached_through_its_socket_only(running, state_path):
    with running(durable=True) as url, session(url) as connection:
        for setting, value in {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "listen_addresses": "",
            "random_page_cost": "1.1",
            "TimeZone": "UTC",
            "server_encoding": "UTF8",
        }.items():
            assert connection.scalar(text(f"SHOW {setting}")) == value, setting
        sockets = running_server(state_path).socket_directory
        assert sockets.stat().st_mode & 0o777 == 0o700


def test_two_commands_share_one_server_and_the_last_one_stops_it(command, state_path):
    first = command()
    server = running_server(state_path)
    second = command()
    assert running_server(state_path) == server
    leave(first)
    assert running_server(state_path) == server
    leave(second)
    assert running_server(state_path) is None


def test_commands_that_come_at_once_to_a_new_place_make_one_database(command, state_path):
    commands = [command(wait=False) for _ in range(4)]
    urls = {process.stdout.readline() for process in commands}
    assert len(urls) == 1
    assert running_server(state_path).ready
    for process in commands:
        leave(process)
    assert running_server(state_path) is None


def test_ctrl_c_stops_the_command_that_started_the_server_but_not_the_server(command, state_path):
    first = command()
    second = command()
    os.killpg(first.pid, signal.SIGINT)
    first.wait()
    assert running_server(state_path).ready
    leave(second)
    assert running_server(state_path) is None


def test_the_server_of_a_killed_command_is_used_and_stopped_by_the_next(command, state_path):
    killed = command()
    server = running_server(state_path)
    killed.kill()
    killed.wait()
    assert running_server(state_path) == server
    following = command()
    assert running_server(state_path) == server
    leave(following)
    assert running_server(state_path) is None


def test_a_killed_server_is_started_again_and_has_lost_nothing(running, state_path):
    with running(durable=True) as url:
        with session(url) as connection:
            connection.execute(text("CREATE TABLE kept AS SELECT 42 AS answer"))
        server = running_server(state_path)
        os.kill(server.pid, signal.SIGKILL)
        gone(server)
        with running(durable=True) as url, session(url) as connection:
            assert connection.scalar(text("SELECT answer FROM kept")) == 42
            assert running_server(state_path).pid != server.pid


def test_a_server_killed_while_a_session_works_is_started_again(running, state_path):
    """The sessions of a killed server outlive it for a moment."""
    with running() as url:
        server = running_server(state_path)
        engine = create_engine(url)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
            os.kill(server.pid, signal.SIGKILL)
            gone(server)
            with running() as url_again, session(url_again) as other:
                assert other.scalar(text("SELECT 1")) == 1
            connection.invalidate()  # its server is no more
        engine.dispose()


def test_a_stale_pid_file_with_the_number_of_another_process_is_no_hindrance(running, state_path):
    with running():
        file = state_path / "postgresql" / "data" / "postmaster.pid"
        lines = file.read_text().splitlines()
    lines[0] = str(os.getpid())
    file.write_text("\n".join(lines) + "\n")
    with running() as url, session(url) as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    assert running_server(state_path) is None


def test_a_stale_pid_file_with_the_number_of_no_process_is_no_hindrance(running, state_path):
    with running():
        file = state_path / "postgresql" / "data" / "postmaster.pid"
        stale = file.read_text()
        server = running_server(state_path)
    gone(server)
    file.write_text(stale)
    with running() as url, session(url) as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_an_interrupted_initialisation_is_begun_anew(running, state_path):
    unfinished = state_path / "postgresql" / "data.unfinished"
    unfinished.mkdir(parents=True)
    unfinished.parent.chmod(0o700)
    (unfinished / "PG_VERSION").write_text("18\n")
    with running() as url, session(url) as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    assert not unfinished.exists()


def test_a_forked_worker_that_ends_does_not_stop_the_server(running, state_path):
    child = 0
    try:
        with running():
            child = os.fork()
            if child == 0:
                sys.exit()  # leaves the with statement, as a gunicorn worker does
            os.waitpid(child, 0)
            assert running_server(state_path).ready
    finally:
        if child == 0:
            os._exit(0)
    assert running_server(state_path) is None


def test_a_path_too_long_for_a_socket_is_no_hindrance(state_path, pg_bindir):
    long = state_path / ("long" * 25)
    with embedded.running(long, durable=False, bindir=pg_bindir) as url:
        with session(url) as connection:
            assert connection.scalar(text("SELECT 1")) == 1
        sockets = running_server(long).socket_directory
        assert sockets.stat().st_mode & 0o777 == 0o700
    assert not sockets.exists()


def test_a_directory_that_others_may_enter_is_refused(running, state_path):
    (state_path / "postgresql").mkdir(mode=0o755)
    with pytest.raises(embedded.EmbeddedError, match="only its owner"), running():
        pass


def test_without_postgresql_the_message_says_what_to_do(state_path, tmp_path):
    hint = r"pip install 'ratings\[embedded\]'"
    with (
        pytest.raises(embedded.NoBinaries, match=hint),
        embedded.running(state_path, bindir=tmp_path),
    ):
        pass


def test_data_of_another_postgresql_is_left_alone(running, state_path):
    data = state_path / "postgresql" / "data"
    data.mkdir(parents=True)
    data.parent.chmod(0o700)
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(embedded.NoBinaries, match="made by PostgreSQL 9"), running():
        pass
    assert [file.name for file in data.iterdir()] == ["PG_VERSION"]


def test_a_server_that_does_not_start_says_why(running, state_path):
    with running():
        pass
    with (state_path / "postgresql" / "data" / "postgresql.conf").open("a") as settings:
        settings.write("colour = 'blue'\n")
    reason = 'unrecognized configuration parameter "colour"'
    with pytest.raises(embedded.StartFailed, match=reason), running():
        pass


@as_root
@needs_proc
def test_root_runs_the_server_as_nobody_in_a_user_namespace(running, state_path):
    with running():
        server = running_server(state_path)
        theirs = Path(f"/proc/{server.pid}/ns/user").readlink()
        assert theirs != Path("/proc/self/ns/user").readlink()
        assert (state_path / "postgresql" / "data").stat().st_uid == 0


@as_root
def test_an_ordinary_user_runs_the_server_without_more_ado(command, state_path):
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv")
    os.chown(state_path, 65534, 65534)
    process = command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    assert (state_path / "postgresql" / "data").stat().st_uid == 65534
    assert running_server(state_path).ready
    leave(process)
    assert running_server(state_path) is None
