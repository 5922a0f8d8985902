"""Every command can be worked from its help, and is documented."""

import importlib
import re
from argparse import SUPPRESS
from configparser import ConfigParser
from types import SimpleNamespace

import pytest
from osc_lib.command.command import Command, Lister, ShowOne

from ratings.client.osc import plugin
from ratings.tests.unit.test_documentation import CHECKOUT, page

pytestmark = pytest.mark.skipif(not (CHECKOUT / "setup.cfg").exists(), reason="needs a checkout")


def commands():
    """Each command of setup.cfg: its name as it is typed, and its class."""
    declared = ConfigParser()
    declared.read(CHECKOUT / "setup.cfg")
    for line in declared["options.entry_points"]["openstack.rating.v1"].strip().splitlines():
        name, _, place = (part.strip() for part in line.partition("="))
        module, _, kind = place.partition(":")
        found = getattr(importlib.import_module(module), kind)
        yield SimpleNamespace(name=name.replace("_", " "), kind=found)


COMMANDS = list(commands())


def arguments(kind):
    """The arguments of a command but for those that all of its sort have."""
    sort = next(sort for sort in (Lister, ShowOne, Command) if issubclass(kind, sort))
    usual = {action.dest for action in actions(sort)}
    return [action for action in actions(kind) if action.dest not in usual]


def actions(kind):
    class Runnable(kind):
        def take_action(self, parsed_args): ...

    return Runnable(None, None).get_parser("openstack x")._actions


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_argument_has_help_a_name_and_an_example(command):
    for action in arguments(command.kind):
        assert action.help, action.dest
        assert action.help != SUPPRESS
        if action.nargs == 0:
            continue
        if action.choices is None:
            assert re.fullmatch("<[a-z-]+(=[a-z-]+)?>", action.metavar), action.dest
            assert re.search("[Ss]uch as .", action.help), action.dest


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_says_what_it_does_in_a_line(command):
    summary = command.kind.__doc__.splitlines()[0]
    assert 10 < len(summary) < 100
    assert not summary.endswith(".")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_the_name_of_its_class(command):
    *noun, verb = command.name.removeprefix("rating ").split()
    assert command.kind.__name__ == "".join(map(str.capitalize, (verb, *noun)))


def test_the_commands_are_documented():
    text = page("user/client.rst")
    assert (
        f".. autoprogram-cliff:: openstack.{plugin.API_NAME}.v{plugin.DEFAULT_API_VERSION}" in text
    )
    for command in COMMANDS:
        summary = command.kind.__doc__.splitlines()[0]
        assert f"   * - ``{command.name}``\n     - {summary}\n" in text


def test_no_command_is_documented_that_is_not_there():
    known = {command.name for command in COMMANDS}
    assert set(re.findall(r"``(rating [a-z ]+)``", page("user/client.rst"))) <= known
