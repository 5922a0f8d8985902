"""What comes from outside of the package: transformers, definitions, the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
import yaml
from oslo_config.cfg import ConfigOpts
from stevedore import ExtensionManager, NamedExtensionManager

from ratings import shipped
from ratings.budgeting import Tell
from ratings.channels import Connect as Reach
from ratings.collectors.pulling import Connect as ConnectSource
from ratings.core import mappings
from ratings.core.definitions import Definitions, parse
from ratings.core.deliveries import Deliver
from ratings.core.errors import DefinitionError
from ratings.core.orders import Issued
from ratings.core.pulls import Source
from ratings.core.timeline import Transform
from ratings.erp import Connect, Format
from ratings.exporters import Exporter, Exports
from ratings.exporters.parties import Directory
from ratings.readers import Reader
from ratings.settling import Settings

T = TypeVar("T")

NAMESPACE = "ratings.transformers"
EXPORTERS = "ratings.exporters"
DRIVERS = "ratings.erp"
SOURCES = "ratings.sources"
CHANNELS = "ratings.channels"


def transformers() -> Mapping[str, Transform]:
    """Every installed transformer by its name. Raises what a broken one raises."""
    manager: ExtensionManager[Any] = ExtensionManager(NAMESPACE, on_load_failure_callback=_refuse)
    return {extension.name: extension.plugin for extension in manager}


def exporters() -> Mapping[str, Exporter]:
    """Every installed exporter by the name of its format. Raises what a broken one raises."""
    manager: ExtensionManager[Any] = ExtensionManager(EXPORTERS, on_load_failure_callback=_refuse)
    return {extension.name: cast(Exporter, extension.plugin) for extension in manager}


def exports(conf: ConfigOpts) -> Exports:
    """Every format, for the parties of ``[export] parties_file``. Raises as `directory` does."""
    return Exports(exporters(), directory(conf.export.parties_file))


def directory(path: str | Path | None) -> Directory:
    """The parties of the file at `path`; without one, nothing but their names.

    Raises DefinitionError (which names the place) and OSError.
    """
    if path is None:
        return Directory()
    source = Path(path)
    try:
        # Texts as they are written: YAML would make a number of a postcode, false of Norway.
        document = yaml.load(source.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506
        return msgspec.convert(document or {}, Directory, strict=False)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{source} is no YAML: {error}") from error
    except msgspec.ValidationError as error:
        raise DefinitionError(f"{source}: {error}") from error


def definitions(path: str | Path | None = None) -> Definitions:
    """The definitions of the file at `path`, by default those that ship with ratings.

    Raises DefinitionError (which names the place) and OSError.
    """
    return _parsed(path, "definitions.yaml", parse)


def with_meters(
    found: Definitions, path: str | Path | None = None, window: timedelta = timedelta(hours=1)
) -> Definitions:
    """`found`, and the meter mappings of the file at `path`, by default those that ship.

    Raises DefinitionError (which names the place) and OSError.
    """

    def joined(document: Mapping[str, Any]) -> Definitions:
        definitions = mappings.join(found, document, window)
        Reader(definitions)  # knows what a JMESPath expression is
        return definitions

    return _parsed(path, "meter_mappings.yaml", joined)


def _parsed(path: str | Path | None, name: str, meaning: Callable[[Mapping[str, Any]], T]) -> T:
    source = shipped.defaults() / name if path is None else Path(path)
    try:
        document = yaml.safe_load(source.read_text(encoding="utf-8"))
        return meaning(document if isinstance(document, dict) else {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{source} is no YAML: {error}") from error
    except DefinitionError as error:
        raise DefinitionError(f"{source}: {error}") from error


def settings(conf: ConfigOpts) -> Settings:
    """What every verb is told, from the configuration.

    Raises DefinitionError, also for a resource type whose transformer is not installed.
    """
    window = timedelta(seconds=conf.rating.window)
    found = definitions(conf.rating.definitions)
    found, plugins = with_meters(found, conf.rating.meter_mappings, window), transformers()
    for name, resource_type in found.types.items():
        if resource_type.transformer not in plugins:
            raise DefinitionError(
                f"{name}: no transformer {resource_type.transformer!r} is installed"
            )
    return Settings(
        definitions=found,
        transformers=plugins,
        currency=conf.rating.currency,
        future_tolerance=timedelta(seconds=conf.rating.future_tolerance),
        drivers=tuple(_drivers(conf)),
    )


def deliverers(conf: ConfigOpts) -> Mapping[str, Deliver]:
    """The drivers of ``[erp] drivers`` by name, ready for use.

    Raises DefinitionError for one that is not installed or lacks an option, and OSError.
    """
    found = exports(conf)
    formats = {name: _bound(each, found.directory) for name, each in found.exporters.items()}
    return {name: connect(conf, formats) for name, connect in _drivers(conf).items()}


def channels(conf: ConfigOpts) -> Mapping[str, Tell]:
    """The channels of ``[budgets] channels`` by name, ready for use.

    Raises DefinitionError for one that is not installed or lacks an option.
    """
    found: dict[str, Reach] = _named(CHANNELS, conf.budgets.channels, "[budgets] channels")
    return {name: connect(conf) for name, connect in found.items()}


def _bound(exporter: Exporter, parties: Directory) -> Format:
    def render(issued: Issued) -> bytes:
        return exporter.export(issued, parties.parties(issued.order.tenant_id))

    return Format(exporter.media_type, exporter.suffix, render)


def _drivers(conf: ConfigOpts) -> dict[str, Connect]:
    return _named(DRIVERS, conf.erp.drivers, "[erp] drivers")


def sources(conf: ConfigOpts, found: Definitions) -> Mapping[str, Source]:
    """The sources of ``[puller] sources`` by name, ready for use.

    Raises DefinitionError, also for a meter that no mapping knows, and OSError.
    """
    named: dict[str, ConnectSource] = _named(SOURCES, conf.puller.sources, "[puller] sources")
    if not named:
        raise DefinitionError("[puller] sources is empty: there is nothing to collect from")

    def connected(document: Mapping[str, Any]) -> Mapping[str, Source]:
        for name in named:
            _known_meters(name, document.get(name), found)
        return {name: connect(conf, document[name]) for name, connect in named.items()}

    return _parsed(conf.puller.pulls, "pull.yaml", connected)


def _known_meters(name: str, section: Any, found: Definitions) -> None:
    """DefinitionError for a source that is asked for nothing, or for what nobody knows."""
    if not isinstance(section, list) or not section:
        raise DefinitionError(f"{name}: expected a list of what it is asked for")
    for pull in section:
        meter = pull.get("meter") if isinstance(pull, dict) else None
        if isinstance(meter, str) and meter not in found.meters.mappings:
            raise DefinitionError(f"{name}: no mapping of meters knows {meter}")


def _named(namespace: str, names: Sequence[str], option: str) -> dict[str, Any]:
    """The plug-ins of those names. DefinitionError, which names the option, for unknown ones."""
    if not names:
        return {}
    manager: NamedExtensionManager[Any] = NamedExtensionManager(
        namespace,
        list(names),
        on_load_failure_callback=_refuse,
        warn_on_missing_entrypoint=False,
    )
    installed = {extension.name: extension.plugin for extension in manager}
    for name in names:
        if name not in installed:
            known = ", ".join(sorted({entry.name for entry in manager.list_entry_points()}))
            raise DefinitionError(f"{option}: {name} is none of {known}")
    return {name: installed[name] for name in names}


def clock() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def _refuse(manager: Any, entry_point: Any, error: BaseException) -> None:
    """A transformer that is missing would leave its resources unrated, in silence."""
    raise DefinitionError(f"the plug-in {entry_point} cannot be loaded: {error}") from error
