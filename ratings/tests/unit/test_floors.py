"""The house: who may import whom, and how large a file or a function may grow.

The code is read, not run; so this holds for files that no test imports, too.
"""

import ast
import sys
from pathlib import Path

import pytest

import ratings

PACKAGE = Path(ratings.__file__).parent

#: Floor of each place, and which foreign packages are at home there.  A file imports from its
#: own floor and from those below.
ANY = {"*"}
FLOORS = {
    "core": (0, set()),
    "shipped": (1, set()),
    "readers": (1, {"jmespath", "msgspec", "yaml"}),
    "transformers": (1, set()),
    "db": (2, {"alembic", "msgspec", "psycopg", "sqlalchemy"}),
    "spool": (2, {"msgspec"}),
    "exporters": (3, {"msgspec", "pyarrow"}),
    "policies": (3, {"oslo_policy"}),
    "api": (4, ANY),
    "channels": (4, ANY),
    "collectors": (4, ANY),
    "erp": (4, ANY),
    "metrics": (4, ANY),
    "client": (0, {"cliff", "keystoneauth1", "osc_lib", "requests"}),
    "cmd": (5, ANY),
    "conf": (5, ANY),
    "plugins": (5, ANY),
    "wsgi": (5, ANY),
}
#: Any other module at the top is a verb: rater, orders, ...
VERBS = (3, {"psycopg", "sqlalchemy"})

FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "base", "manager"}

#: What makes a result depend on anything but the arguments.
IMPURE = {
    *("asyncio", "concurrent", "ctypes", "http", "io", "locale", "logging", "multiprocessing"),
    *("os", "pathlib", "random", "secrets", "select", "selectors", "shelve", "shutil", "signal"),
    *("socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib"),
}
IMPURE_CALLS = {"float", "input", "now", "open", "print", "today", "utcnow", "uuid1", "uuid4"}

LONGEST_FILE = 300
LONGEST_FUNCTION = 50


def sources(*below):
    """Python files of the package, tests left out, by their path inside it."""
    folder = PACKAGE.joinpath(*below)
    paths = (path.relative_to(PACKAGE) for path in sorted(folder.rglob("*.py")))
    return [pytest.param(path, id=str(path)) for path in paths if path.parts[0] != "tests"]


def tree_of(path):
    return ast.parse((PACKAGE / path).read_text(), filename=str(path))


def imports(path):
    """(line, dotted name) of everything that a file imports."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def place_of(parts):
    return FLOORS.get(parts[0].removesuffix(".py"), VERBS)


@pytest.mark.parametrize("path", sources())
def test_a_file_imports_from_its_own_floor_and_below(path):
    if path.parts == ("__init__.py",):
        return
    floor, foreign = place_of(path.parts)
    for line, name in imports(path):
        top, *parts = name.split(".")
        if top == "ratings":
            # "from ratings import __version__" is no floor.
            if parts and not parts[0].startswith("_"):
                other, _ = place_of(parts)
                assert other <= floor, f"{path}:{line} reaches up for {name}"
        elif top not in sys.stdlib_module_names and foreign is not ANY:
            assert top in foreign, f"{path}:{line} imports {name}"


@pytest.mark.parametrize("path", sources())
def test_web_frameworks_are_known_to_the_api_only(path):
    if path.parts[0] != "api":
        for line, name in imports(path):
            top = name.split(".")[0]
            assert top not in {"pecan", "wsme", "wsmeext", "webob"}, f"{path}:{line}"


@pytest.mark.parametrize("path", sources())
def test_transformers_are_reached_through_their_plug_in_table(path):
    if path.parts[0] not in ("transformers", "cmd", "plugins.py"):
        for line, name in imports(path):
            assert not name.startswith("ratings.transformers"), f"{path}:{line}"


@pytest.mark.parametrize("path", sources())
def test_the_client_and_the_server_know_nothing_of_each_other(path):
    client = path.parts[0] == "client"
    for line, name in imports(path):
        if name.startswith("ratings.") and name != "ratings.__version__":
            assert name.startswith("ratings.client") == client, f"{path}:{line} imports {name}"


@pytest.mark.parametrize("path", sources("client"))
def test_only_commands_need_more_than_keystoneauth1(path):
    if path.parts[1] != "osc":
        for line, name in imports(path):
            assert name.split(".")[0] not in {"cliff", "osc_lib"}, f"{path}:{line}"
            assert not name.startswith("ratings.client.osc"), f"{path}:{line}"


@pytest.mark.parametrize("path", sources())
def test_nothing_reads_a_global_configuration(path):
    for node in ast.walk(tree_of(path)):
        named = getattr(node, "attr", None) or getattr(node, "id", None)
        assert named != "CONF", f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", sources())
def test_no_module_has_a_name_that_says_nothing(path):
    words = {part.removesuffix(".py").strip("_") for part in path.parts}
    assert not words & FORBIDDEN_NAMES


@pytest.mark.parametrize("path", sources("core"))
def test_the_core_knows_no_clock_no_chance_no_files_and_no_floats(path):
    for line, name in imports(path):
        assert name.split(".")[0] not in IMPURE, f"{path}:{line} imports {name}"
    for node in ast.walk(tree_of(path)):
        where = f"{path}:{getattr(node, 'lineno', '?')}"
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float | complex), f"{where} has a float"
        elif isinstance(node, ast.Call):
            function = node.func
            called = function.attr if isinstance(function, ast.Attribute) else None
            called = function.id if isinstance(function, ast.Name) else called
            assert called not in IMPURE_CALLS, f"{where} calls {called}"


@pytest.mark.parametrize("path", sources())
def test_a_file_fits_a_head(path):
    lines = len((PACKAGE / path).read_text().splitlines())
    assert lines <= LONGEST_FILE


@pytest.mark.parametrize("path", sources())
def test_a_function_can_be_read_at_once(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{path}:{node.lineno} {node.name}: {length} lines"


def test_the_folder_of_migrations_is_no_package():
    """With an __init__.py, "import alembic" in a checkout would find ours instead of Alembic."""
    assert not (PACKAGE.parent / "alembic" / "__init__.py").exists()
