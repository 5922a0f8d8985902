"""The documentation has everything that a user may meet: or a test fails.

Pages that are made of the code (``doc/ext/generated.py``) are read as they are built.
"""

import ast
import configparser
import importlib.util
import inspect
import io
import re
import sys
from pathlib import Path

import pytest
import wsme.types
import yaml
from oslo_config import cfg, generator

from ratings import conf, plugins, shipped
from ratings.api.app import url_tree
from ratings.cmd.manage import COMMANDS
from ratings.core import mappings
from ratings.core.definitions import parse
from ratings.core.discrepancies import CODES
from ratings.core.model import ACTIONS
from ratings.db.tables import metadata
from ratings.readers import Reader
from ratings.readers.gnocchi import MetricPull
from ratings.readers.prometheus import QueryPull
from ratings.tests import sampled

CHECKOUT = shipped.migrations().parent
PAGES = CHECKOUT / "doc" / "source"
PACKAGE = CHECKOUT / "ratings"

pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="needs a checkout")

#: A code has at least two words, except for these.
CODE = re.compile(r"[a-z]+(_[a-z]+)+|conflict|forbidden|unauthenticated")
#: Place of the code among the arguments of calls that make something bear one.
BEARERS = {"Misread": 0, "Unreadable": 0, "_invalid": 0, "Result": 1, "DerivationError": 1}

#: Of pages and of versions; explained with the conventions.
LINK = {"links", "rel", "href"}


def page(name):
    return (PAGES / name).read_text(encoding="utf-8")


def sections(name, underline):
    """The text below each heading of one level, by the heading."""
    parts = re.split(rf"^(.+)\n{re.escape(underline)}{{3,}}\n", page(name), flags=re.MULTILINE)
    # A higher heading ends a section.
    texts = (re.split(r"^.+\n={3,}\n", part, flags=re.MULTILINE)[0] for part in parts[2::2])
    return dict(zip(parts[1::2], texts, strict=True))


def literals(text):
    return set(re.findall(r"``([^`]+)``", text))


@pytest.fixture(scope="module")
def generated():
    """The extension of Sphinx that makes pages of the code; a function per directive."""
    path = CHECKOUT / "doc" / "ext" / "generated.py"
    spec = importlib.util.spec_from_file_location("generated", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def codes():
    """Every code that the package gives to an error or a parked event."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        if "tests" not in path.relative_to(PACKAGE).parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                found.update(text for text in _candidates(node) if CODE.fullmatch(text))
    return found


def _candidates(node):
    if isinstance(node, ast.ClassDef):
        for line in node.body:
            if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", None) == "code":
                yield from _texts([line.value])
    elif isinstance(node, ast.Call):
        called = getattr(node.func, "id", getattr(node.func, "attr", None))
        place = BEARERS.get(called, len(node.args))
        yield from _texts(node.args[place : place + 1])
        yield from _texts(k.value for k in node.keywords if k.arg == "code")
    elif isinstance(node, ast.FunctionDef):
        named = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
        yield from _texts(default for argument, default in named if argument.arg == "code")
    elif isinstance(node, ast.Dict) and _texts(node.keys) == []:
        # Codes by HTTP status.
        yield from _texts(v.elts[0] for v in node.values if isinstance(v, ast.Tuple) and v.elts)


def _texts(nodes):
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def urls():
    """Every URL of the tree, with each method and its contract."""
    methods = {"get_all": "GET", "post": "POST", "get_one": "GET", "put": "PUT", "delete": "DELETE"}
    waiting = [("/", url_tree(None))]
    while waiting:
        path, resource = waiting.pop()
        for method, verb in methods.items():
            if hasattr(resource, method):
                member = method in ("get_one", "put", "delete")
                contract = getattr(resource, method).contract
                yield verb, path, member, contract
        base = path.rstrip("/")
        waiting += [(f"{base}/{name}", child) for name, child in resource.children.items()]
        waiting += [(f"{base}/{{id}}/{name}", part) for name, part in resource.members.items()]


def attributes(datatype):
    """The names of the attributes of a type, and of those within it; none for no type."""
    if isinstance(datatype, wsme.types.ArrayType):
        return attributes(datatype.item_type)
    if not wsme.types.iscomplex(datatype):
        return set()
    found = set()
    for attribute in wsme.types.list_attributes(datatype):
        found |= {attribute.name} | attributes(attribute.datatype)
    return found


def test_every_option_is_on_the_page_of_options(generated):
    text = "\n".join(generated.options())
    for group, opts in conf.list_opts():
        assert f"[{group}]" in text
        for opt in opts:
            assert f"``{opt.name}``" in text
            assert f"``OS_{group.upper()}__{opt.name.upper()}``" in text
    assert ".. ratings-options::" in page("reference/configuration.rst")


def test_the_sample_of_the_configuration_is_what_the_options_say():
    """Else: oslo-config-generator --config-file etc/ratings/config-generator.conf"""
    made = io.StringIO()
    settings = cfg.ConfigOpts()
    generator.register_cli_opts(settings)
    settings(["--namespace", "ratings", "--wrap-width", "79"], default_config_files=[])
    generator.generate(settings, output_file=made)
    sample = (CHECKOUT / "etc" / "ratings" / "ratings.conf.sample").read_text(encoding="utf-8")
    assert _words(sample) == _words(made.getvalue())


def _words(text):
    """Where lines are broken is up to the release of oslo.config."""
    return text.replace("#", " ").split()


def test_every_code_of_the_package_is_explained():
    used = codes()
    assert {"price_overlap", "event_in_future", "body_too_large", "derivation_failed"} <= used
    assert used - literals(page("reference/codes.rst")) == set()


def test_no_code_is_explained_that_the_package_does_not_use():
    used = codes()
    explained = set(re.findall(r"^   \* - ``(\w+)``$", page("reference/codes.rst"), re.MULTILINE))
    assert explained - used == set()


def findings():
    """Every code of a finding of the audit."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Check", "Finding"):
                yield from _texts(node.args[:1])


def test_every_finding_of_the_audit_is_explained():
    explained = re.findall(r"^   \* - ``(\w+)``$", page("admin/audit.rst"), re.MULTILINE)
    assert sorted(explained) == sorted(set(findings()))


def test_every_discrepancy_is_explained():
    explained = re.findall(r"^   \* - ``(\w+)``$", page("admin/reconciliation.rst"), re.MULTILINE)
    assert sorted(explained) == sorted(CODES)
    shown = set()
    for name in ("contradictions", "discrepancies", "inventory"):
        text = (PACKAGE / "core" / f"{name}.py").read_text(encoding="utf-8")
        shown |= set(re.findall(r'"(\w+_(?:missing|contradicted)|unknown_to_\w+|silent)"', text))
    assert shown == set(CODES)


def test_every_command_is_described():
    described = "".join(path.read_text(encoding="utf-8") for path in sorted(PAGES.rglob("*.rst")))
    for command in COMMANDS:
        assert f"ratings-manage {command.name}" in described
    for script in entry_points("console_scripts"):
        assert f"``{script}``" in page("install/packages.rst")


def test_every_entry_point_is_described():
    text = page("install/packages.rst")
    for group in entry_points():
        assert group == "console_scripts" or f"``{group}``" in text
        # The commands of the client have a page and a test of their own.
        for name in entry_points(group) if group != "openstack.rating.v1" else ():
            assert f"``{name}``" in text


def entry_points(group=None):
    """The groups of setup.cfg, or the names in one."""
    declared = configparser.ConfigParser()
    declared.read(CHECKOUT / "setup.cfg")
    section = declared["options.entry_points"]
    if group is None:
        return list(section)
    return [line.split("=")[0].strip() for line in section[group].strip().splitlines()]


def test_every_url_is_described_with_its_parameters_and_its_answer():
    described = sections("reference/api.rst", "-")
    for verb, path, member, contract in urls():
        headings = [h for h in described if re.fullmatch(heading(verb, path, member), h)]
        assert headings, f"{verb} {path}"
        # Attributes are explained once: at the list or at its elements.
        near = "".join(text for h, text in described.items() if base(h.split()[1]) == path)
        body = contract.body if wsme.types.iscomplex(contract.body) else None
        told = attributes(contract.query) | attributes(body) | attributes(contract.answer)
        assert told - literals(near) - LINK == set(), f"{verb} {path}"


def base(url):
    return re.sub(r"/\{\w+\}$", "", url)


def heading(verb, path, member):
    return re.escape(f"{verb} {path}") + (r"/\{\w+\}" if member else "")


def test_no_url_is_described_that_is_not_there():
    known = [heading(verb, path, member) for verb, path, member, _ in urls()]
    for found in sections("reference/api.rst", "-"):
        there = any(re.fullmatch(pattern, found) for pattern in known)
        assert there or found in ("GET /healthcheck", "GET /metrics"), found


def test_every_event_type_is_on_the_page_of_events(generated):
    text = "\n".join(generated.events())
    for name, resource_type in plugins.definitions().types.items():
        assert f"\n{name}\n---" in text
        assert resource_type.actions
    assert set(plugins.definitions().rules) <= literals(text)
    assert ".. ratings-events::" in page("reference/events.rst")


def test_every_ignored_pattern_is_on_the_page_of_events(generated):
    assert set(plugins.definitions().ignore) == literals("\n".join(generated.ignored()))
    assert ".. ratings-ignored::" in page("reference/events.rst")


def test_every_component_is_on_the_page_of_events(generated):
    assert set(plugins.definitions().units()) <= literals("\n".join(generated.components()))
    assert ".. ratings-components::" in page("reference/events.rst")


def test_every_action_is_explained():
    assert set(ACTIONS) <= literals(page("reference/events.rst"))


@pytest.mark.parametrize("table", metadata.tables.values(), ids=str)
def test_every_column_is_explained(table):
    text = dict(
        re.findall(
            r"^``(\w+)``\n=+\n(.*?)(?=^``\w+``\n=|\Z)",
            page("reference/tables.rst"),
            re.MULTILINE | re.DOTALL,
        )
    )[table.name]
    explained = re.findall(r"^   \* - ``(\w+)``$", text, re.MULTILINE)
    assert explained == [column.name for column in table.columns]


def test_every_key_of_the_definitions_file_is_explained():
    """The keys are those that the parser lets pass."""
    source = (PACKAGE / "core" / "definitions.py").read_text(encoding="utf-8")
    keys = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_known":
            keys |= set(_texts(node.args[2].elts))
    assert {"components", "translate", "each", "as"} <= keys
    assert keys <= literals(page("reference/definitions.rst"))


def test_every_key_of_the_file_of_meter_mappings_is_explained():
    explained = literals(page("reference/meters.rst"))
    told = {key for keys in mappings._CONFIG.values() for key in keys}
    assert mappings._KEYS | told | {"mappings", "ignore", "trusted_sources"} <= explained


def test_every_key_of_the_file_of_pulls_is_explained():
    explained = literals(page("reference/pulls.rst"))
    for source, kind in (("gnocchi", MetricPull), ("prometheus", QueryPull)):
        assert {source, *kind.__struct_fields__} <= explained


def test_every_meter_that_has_a_mapping_is_on_the_page_of_meters(generated):
    found = plugins.with_meters(plugins.definitions())
    told = literals("\n".join(generated.meters()))
    components = {
        component.name
        for kind in found.types.values()
        if kind.sampling is not None
        for component in kind.components
    }
    assert set(found.meters.mappings) | components <= told
    assert set(found.meters.ignore) == literals("\n".join(generated.ignored_meters()))
    assert ".. ratings-meters::" in page("reference/meters.rst")
    assert ".. ratings-ignored-meters::" in page("reference/meters.rst")


def test_every_transformer_of_samples_is_explained_with_a_table_that_holds():
    """The tables of the page are what the transformers say."""
    shown = set()
    for heading, body in sections("reference/meters.rst", "-").items():
        shown |= literals(heading)
        for block in re.findall(r"::\n\n((?:    \d\d:.*\n)+)((?:    -> .*\n)+)", body):
            told, charges = (inspect.cleandoc(part) for part in block)
            (meter,) = [
                m["meter"] for m in sampled.named() if literals(heading) == {m["transformer"]}
            ]
            expected = [line.removeprefix("-> ") for line in charges.splitlines()]
            assert sampled.charged(sampled.samples(told, meter)) == expected, heading
            shown.add(f"table of {heading}")
    names = set(entry_points("ratings.transformers")) - {"lifecycle"}
    assert names <= shown
    tables = {f"table of ``{name}``" for name in names if not name.startswith("database")}
    assert tables <= shown


def test_the_worked_example_of_the_definitions_is_understood():
    text = page("reference/definitions.rst")
    blocks = re.findall(r"^\.\. code-block:: (\w+)\n\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    payload, example = (block for language, block in blocks[:2] if language in ("json", "yaml"))
    reader = Reader(parse({"resource_types": yaml.safe_load(example)}))
    event = (
        '{"message_id": "1", "event_type": "nas.create.end", "timestamp": "2026-01-01 06:00:00",'
        f' "payload": {payload}}}'
    )
    (received,) = reader.read(event.encode(), "RegionOne")
    assert received.reading.tenant_id == "b5cd"
    assert received.reading.content == {
        "name": "backups",
        "status": "active",
        "size": 5,
        "class": "gold",
    }


def test_the_readme_says_where_to_read_on():
    readme = (CHECKOUT / "README.rst").read_text(encoding="utf-8")
    for target in re.findall(r"<(doc/[^>]+)>", readme):
        assert (CHECKOUT / target).is_file(), target
    for command in re.findall(r"``(contrib/\w+)", readme):
        assert Path(CHECKOUT / command).exists(), command


@pytest.mark.slow
def test_the_pages_are_built_without_a_warning(tmp_path):
    from sphinx.cmd import build  # of the extra docs, which contrib/test installs

    arguments = ["-W", "-q", "-d", str(tmp_path / "doctrees"), str(PAGES), str(tmp_path / "html")]
    before = list(sys.path)
    try:
        assert build.main(arguments) == 0
    finally:
        sys.path[:] = before
