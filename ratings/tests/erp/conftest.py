"""A Tryton server with its module *sale*, on SQLite: made once, copied for each test."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

NEEDED = ("trytond", "trytond.modules.sale", "proteus")
DATABASE, USER, PASSWORD = "books", "admin", "an open secret"
PREPARE = Path(__file__).with_name("prepare_tryton.py")


def _missing():
    try:
        return [name for name in NEEDED if importlib.util.find_spec(name) is None]
    except ModuleNotFoundError:
        return ["trytond"]


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.erp)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A folder with a database of Tryton: a company, products, parties, taxes."""
    if missing := _missing():
        what = f"NOT TESTED: the driver tryton; {', '.join(missing)} is not installed (extra erp)"
        pytest.fail(what) if os.environ.get("CI") == "true" else pytest.skip(what)
    folder = tmp_path_factory.mktemp("tryton")
    (folder / f"{DATABASE}.sqlite").touch()
    (folder / "password").write_text(PASSWORD)
    _configured(folder, 0)
    admin = [str(Path(sys.executable).with_name("trytond-admin")), "-c", "trytond.conf"]
    _run([*admin, "-d", DATABASE, "--all", "--email", "a@example.com"], folder)
    _run([*admin, "-d", DATABASE, "-u", "sale", "--activate-dependencies"], folder)
    _run([sys.executable, str(PREPARE), DATABASE], folder)
    return folder


def _run(command, folder):
    variables = os.environ | {"TRYTONPASSFILE": str(folder / "password")}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _configured(folder, port):
    (folder / "trytond.conf").write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n"
    )


@dataclass
class Server:
    """A running Tryton. url: without the database's name."""

    url: str
    process: subprocess.Popen


@pytest.fixture
def tryton(prepared, tmp_path):
    """A server on a copy of that database."""
    folder = tmp_path / "tryton"
    shutil.copytree(prepared, folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    _configured(folder, port)
    command = [str(Path(sys.executable).with_name("trytond")), "-c", "trytond.conf"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "-d", DATABASE], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield Server(_answering(process, port, folder), process)
        finally:
            process.terminate()
            process.wait()


def _answering(process, port, folder):
    url = f"http://127.0.0.1:{port}"
    while process.poll() is None:
        try:
            requests.options(url, timeout=30)
            return url
        except requests.ConnectionError:
            time.sleep(0.05)  # it says to nobody when it is ready
    raise AssertionError((folder / "log").read_text())
