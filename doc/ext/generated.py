"""Pages of the reference whose one source is the code: options, definitions.

    .. ratings-options::        every option of the configuration, by group
    .. ratings-components::     what is counted on each resource type, and when it is charged
    .. ratings-events::         every event type that the default definitions know
    .. ratings-ignored::        the patterns of event types that are ignored
    .. ratings-policies::       every rule of the policy

Each is a function that gives lines of reStructuredText; the test of the documentation calls
them, too.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from oslo_config import cfg

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ratings import conf, plugins
from ratings.core.definitions import Component, EventRule, ResourceType
from ratings.policies import list_rules

Lines = Iterator[str]


def options() -> Lines:
    for group, opts in conf.list_opts():
        yield from _title(f"[{group}]")
        for opt in opts:
            yield f"``{opt.name}``"
            yield f"    {opt.help}"
            yield ""
            yield f"    * Type: {opt.type}; default: {_default(opt)}."
            yield f"    * Environment: ``OS_{group.upper()}__{opt.name.upper()}``."
            for choice, meaning in (getattr(opt.type, "choices", None) or {}).items():
                yield f"    * ``{choice}``: {meaning}."
            yield ""


def components() -> Lines:
    rows = [
        (f"``{name}``", f"``{c.name}``", c.unit, _quantity(c), _charged(c), _metadata(c))
        for name, resource_type in plugins.definitions().types.items()
        for c in resource_type.components
    ]
    head = ("resource type", "component", "unit", "quantity", "charged", "prices may match")
    yield from _table(head, rows)


def events() -> Lines:
    found = plugins.definitions()
    for name, resource_type in found.types.items():
        yield from _title(name)
        rows = [
            (f"``{event_type}``", f"``{rule.action}``", _only(rule, resource_type))
            for event_type, rules in found.rules.items()
            for rule in rules
            if rule.resource_type.name == name
        ]
        yield from _table(("event type", "action", "with which limits"), rows)


def ignored() -> Lines:
    yield from (f"* ``{pattern}``" for pattern in plugins.definitions().ignore)


def meters() -> Lines:
    found = plugins.with_meters(plugins.definitions())
    rows = []
    for meter, mappings in found.meters.mappings.items():
        for mapping in mappings:
            kind = found.types[mapping.name]
            for component in kind.components:
                rows.append(
                    (
                        f"``{meter}``",
                        f"``{component.name}``",
                        component.unit,
                        f"``{kind.transformer}``",
                        _metadata(component),
                    )
                )
    yield from _table(("meter", "component", "unit", "transformer", "prices may match"), rows)


def ignored_meters() -> Lines:
    found = plugins.with_meters(plugins.definitions())
    yield from (f"* ``{pattern}``" for pattern in found.meters.ignore)


def policies() -> Lines:
    rows = []
    for rule in list_rules():
        operations = getattr(rule, "operations", ())
        asked = [f"``{each['method']} {each['path']}``" for each in operations]
        rows.append((f"``{rule.name}``", f"``{rule.check_str}``", ", ".join(asked) or "–"))
    yield from _title("Rules")
    yield from _table(("rule", "default", "operations"), rows)


def _title(text: str) -> Lines:
    yield from ("", text, "-" * len(text), "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    yield from (".. list-table::", "   :header-rows: 1", "")
    for row in (head, *rows):
        for index, cell in enumerate(row):
            yield f"   {'  ' if index else '* '}- {cell}"
    yield ""


def _default(opt: cfg.Opt) -> str:
    value = opt.sample_default if opt.sample_default is not None else opt.default
    return "unset" if value is None else f"``{value}``"


def _quantity(component: Component) -> str:
    quantity = component.quantity
    return f"``{quantity}``" if isinstance(quantity, str) else f"{quantity}"


def _charged(component: Component) -> str:
    parts = []
    if component.charged_in is not None:
        parts.append(f"while {_words(component.charged_in)}")
    exceptions = defaultdict(list)
    for fact, text in component.unless:
        exceptions[fact].append(text)
    parts += [f"unless ``{fact}`` is {_words(texts)}" for fact, texts in exceptions.items()]
    if component.when_priced:
        parts.append("only with a price")
    return "; ".join(parts) or "always"


def _metadata(component: Component) -> str:
    return ", ".join(f"``{name}``" for name in component.metadata) or "–"


def _only(rule: EventRule, resource_type: ResourceType) -> str:
    parts = [
        *(f"when ``{fact}`` is {_words(values)}" for fact, values in rule.when),
        *(f"unless ``{fact}`` is {_words(values)}" for fact, values in rule.unless),
    ]
    if rule.time:
        parts.append(f"at {' or '.join(f'``{name}``' for name in rule.time)}, if told")
    if rule.only is not None:
        names = [f.name for f in resource_type.facts if f.name in rule.only]
        parts.append("states " + ", ".join(f"``{name}``" for name in names) + " only")
    if rule.taken:
        parts.append("whoever asked is the owner")
    if not rule.starts and rule.action != "delete":
        parts.append("starts no resource")
    if rule.each:
        parts.append(f"one event for each of ``{rule.each[0]}``")
    return "; ".join(parts) or "–"


def _words(values: Iterable[str | None]) -> str:
    return " or ".join(sorted("absent" if value is None else value for value in values))


def _directive(lines: Callable[[], Lines]) -> type:
    # Here, so that the lines can be had without Sphinx.
    from docutils import nodes
    from docutils.parsers.rst import Directive
    from docutils.statemachine import StringList
    from sphinx.util.nodes import nested_parse_with_titles

    class Generated(Directive):
        def run(self) -> list[nodes.Node]:
            parent = nodes.section()
            parent.document = self.state.document
            source = StringList(list(lines()), source=lines.__name__)
            nested_parse_with_titles(self.state, source, parent)
            return parent.children

    return Generated


def setup(app: Any) -> dict[str, bool]:
    for lines in (options, components, events, ignored, meters, ignored_meters, policies):
        app.add_directive(f"ratings-{lines.__name__.replace('_', '-')}", _directive(lines))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
