"""What users install: a wheel that has everything in it, made from a source distribution."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from ratings import shipped

CHECKOUT = shipped.migrations().parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHECKOUT / "setup.cfg").exists(), reason="needs a checkout"),
]

NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", ".tox", ".*_cache", ".hypothesis", "*.egg-info", "__pycache__", "build", "dist"
)


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel, built from the sdist of a copy of the checkout, without network."""
    source = tmp_path_factory.mktemp("source") / "ratings"
    shutil.copytree(CHECKOUT, source, ignore=NOT_SOURCE)
    run(sys.executable, "-m", "build", "--no-isolation", source)
    (wheel,) = (source / "dist").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The bin directory of a fresh environment with that wheel and our dependencies."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    # Only the folder, not the .pth files inside: an editable ratings stays out of sight.
    Path(packages, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--no-deps", "--no-index", "--ignore-installed", wheel)
    return home / "bin"


@pytest.fixture
def environment(empty_database):
    url = empty_database.url.render_as_string(hide_password=False)
    return {"PATH": os.environ["PATH"], "OS_DATABASE__CONNECTION": url}


def test_the_wheel_carries_migrations_and_data_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "ratings/migrations/env.py" in names
    assert "ratings/migrations/script.py.mako" in names
    assert [name for name in names if name.startswith("ratings/migrations/versions/0001")]
    for data in (CHECKOUT / "etc" / "ratings").glob("*.yaml"):
        assert f"ratings/defaults/{data.name}" in names
    assert not [name for name in names if name.startswith(("ratings/tests", "alembic"))]


def test_the_wheel_has_every_module_of_the_checkout(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for path in sorted((CHECKOUT / "ratings").rglob("*.py")):
        name = path.relative_to(CHECKOUT).as_posix()
        if not name.startswith("ratings/tests/"):
            assert name in names


def test_the_installed_command_migrates_a_database_far_from_the_checkout(
    installed, environment, tmp_path
):
    manage = installed / "ratings-manage"
    first = run(manage, "db_sync", env=environment, cwd=tmp_path)
    assert "from revision None to" in first
    assert "as it should be" in run(manage, "db_check", env=environment, cwd=tmp_path)


def test_the_installed_code_and_its_data_lie_in_the_environment(installed, tmp_path):
    code = "from ratings import shipped; print(shipped.migrations(), shipped.defaults())"
    folders = run(installed / "python", "-c", code, cwd=tmp_path).split()
    assert len(folders) == 2
    for folder in folders:
        assert Path(folder).is_relative_to(installed.parent.resolve())
