"""What comes from outside of the package: transformers, definitions, the clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from oslo_config.cfg import ConfigOpts
from stevedore import ExtensionManager

from ratings import shipped
from ratings.core.definitions import Definitions, parse
from ratings.core.errors import DefinitionError
from ratings.core.timeline import Transform
from ratings.settling import Settings

NAMESPACE = "ratings.transformers"


def transformers() -> Mapping[str, Transform]:
    """Every installed transformer by its name. Raises what a broken one raises."""
    manager: ExtensionManager[Any] = ExtensionManager(NAMESPACE, on_load_failure_callback=_refuse)
    return {extension.name: extension.plugin for extension in manager}


def definitions(path: str | Path | None = None) -> Definitions:
    """The definitions of the file at `path`, by default those that ship with ratings.

    Raises DefinitionError (which names the place) and OSError.
    """
    source = shipped.defaults() / "definitions.yaml" if path is None else Path(path)
    try:
        document = yaml.safe_load(source.read_text(encoding="utf-8"))
        return parse(document if isinstance(document, dict) else {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{source} is no YAML: {error}") from error
    except DefinitionError as error:
        raise DefinitionError(f"{source}: {error}") from error


def settings(conf: ConfigOpts) -> Settings:
    """What every verb is told, from the configuration.

    Raises DefinitionError, also for a resource type whose transformer is not installed.
    """
    found, plugins = definitions(conf.rating.definitions), transformers()
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
    )


def clock() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def _refuse(manager: Any, entry_point: Any, error: BaseException) -> None:
    """A transformer that is missing would leave its resources unrated, in silence."""
    raise DefinitionError(f"the transformer {entry_point} cannot be loaded: {error}") from error
