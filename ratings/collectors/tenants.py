"""Which tenants to collect: those of the configuration, or the projects of Keystone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from oslo_config.cfg import ConfigOpts

from ratings.core.errors import DefinitionError
from ratings.core.pulls import SourceError, Tenant, chosen


def cloud(conf: ConfigOpts) -> Any:
    """A connection of openstacksdk to ``[puller] cloud``. Raises DefinitionError."""
    try:
        import openstack
    except ImportError as error:
        raise DefinitionError("openstacksdk is not installed: pip install '.[gnocchi]'") from error
    name = conf.puller.cloud
    try:
        return openstack.connect(cloud=name, app_name="ratings")
    except Exception as error:  # of clouds.yaml: the SDK has many
        raise DefinitionError(f"[puller] cloud {name}: {error}") from error


def listing(conf: ConfigOpts) -> Callable[[], list[str]]:
    """A function that lists the ids of the tenants to collect now.

    It raises SourceError (tenants_not_listed). Raises DefinitionError.
    """
    include, ignore = conf.puller.include, conf.puller.ignore
    if conf.puller.tenants:
        fixed = chosen([Tenant(id_, id_) for id_ in conf.puller.tenants], include, ignore)
        return lambda: fixed
    connection = cloud(conf)
    return lambda: chosen(_projects(connection), include, ignore)


def _projects(connection: Any) -> list[Tenant]:
    """All projects: the SDK itself would leave out what Keystone has on further pages."""
    found: list[Tenant] = []
    path: str | None = "/projects"
    while path is not None:
        document = _asked(connection, path)
        links = document.get("links") or {}
        if document.get("truncated") and not links.get("next"):
            raise _not_listed("it lists some of them only; its option is list_limit")
        found += [Tenant(each["id"], each.get("name") or "") for each in document["projects"]]
        following = urlsplit(links.get("next") or "").query
        path = f"/projects?{following}" if following else None
    return found


def _asked(connection: Any, path: str) -> dict[str, Any]:
    try:
        response = connection.identity.get(path)
        response.raise_for_status()
        return dict(response.json())
    except Exception as error:  # of Keystone, of HTTP: the SDK has many
        raise _not_listed(f"{type(error).__name__}: {error}") from error


def _not_listed(reason: str) -> SourceError:
    return SourceError(f"Keystone does not list the projects: {reason}", code="tenants_not_listed")
