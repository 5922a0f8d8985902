"""``ratings-manage bootstrap-catalog``: what Keystone has to know of ratings, by openstacksdk."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oslo_config.cfg import ConfigOpts

from ratings.cmd.clouds import CloudUnusable, connected
from ratings.core.errors import InvalidInput

SERVICE_TYPE = "rating"
INTERFACES = ("public", "internal", "admin")

_ROLE = "service"
_VARIABLE = "RATINGS_SERVICE_PASSWORD"


def bootstrap_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cloud", metavar="NAME", help="of clouds.yaml; else OS_* variables")
    parser.add_argument("--service-name", metavar="NAME", default="ratings", help="in the catalog")
    places = parser.add_argument_group("endpoints")
    places.add_argument("--region", help="where they are; that of the cloud if not given")
    for interface in INTERFACES:
        places.add_argument(
            f"--{interface}-url", metavar="URL", help=f"for example http://{interface}.example:9999"
        )
    account = parser.add_argument_group("the account with which ratings asks about tokens")
    account.add_argument("--service-user", metavar="NAME", help="for example ratings")
    secret = account.add_mutually_exclusive_group()
    secret.add_argument("--service-password", metavar="PASSWORD", help="others on this host see it")
    secret.add_argument(
        "--service-password-file",
        metavar="FILE",
        help=f"its first line; - is standard input. The variable {_VARIABLE} will do, too",
    )
    account.add_argument("--service-project", metavar="NAME", default="service", help="of its role")
    account.add_argument("--service-domain", metavar="ID", default="default", help="of both")


def bootstrap(conf: ConfigOpts) -> int:
    """Tell Keystone the service, its endpoints and its user; what is there already stays."""
    given = conf.command
    urls = {name: getattr(given, f"{name}_url") for name in INTERFACES}
    urls = {name: url for name, url in urls.items() if url}
    if not urls and not given.service_user:
        raise InvalidInput("name the URL of an endpoint, or --service-user")
    try:
        connection = connected(given.cloud)
        catalog = Catalog(connection.identity)
        if urls:
            region = given.region or connection.config.region_name
            if not region:
                raise InvalidInput("the cloud has no region: name one with --region")
            catalog.endpoints(given.service_name, region, urls)
        if given.service_user:
            project, domain = given.service_project, given.service_domain
            catalog.account(given.service_user, project, domain, _password(given))
    except (CloudUnusable, InvalidInput):
        raise
    except Exception as error:  # of Keystone, of HTTP, of clouds.yaml: the SDK has many
        raise CloudUnusable(f"{type(error).__name__}: {error}") from error
    print("\n".join(catalog.done) or "Keystone knows all of it already.")
    return 0


class Catalog:
    """Makes what is missing and changes what differs; `done` says what that was."""

    def __init__(self, identity: Any) -> None:
        self._identity = identity
        self.done: list[str] = []

    def endpoints(self, name: str, region: str, urls: Mapping[str, str]) -> None:
        """The service, and its endpoint for each interface in `urls`. Raises CloudUnusable."""
        service = self._service(name)
        found: dict[str, list[Any]] = {interface: [] for interface in urls}
        if service is not None:
            for endpoint in self._identity.endpoints(service_id=service.id, region_id=region):
                found.setdefault(endpoint.interface, []).append(endpoint)
        for interface in urls:
            if len(found[interface]) > 1:
                ids = " and ".join(sorted(endpoint.id for endpoint in found[interface]))
                raise CloudUnusable(f"{region} has several {interface} endpoints: {ids}")
        if service is None:
            service = self._identity.create_service(
                type=SERVICE_TYPE, name=name, description="Rating"
            )
            self.done.append(f"Service {name} of the type {SERVICE_TYPE} created.")
        if all(each.id != region for each in self._identity.regions()):
            self._identity.create_region(id=region)
            self.done.append(f"Region {region} created.")
        for interface, url in urls.items():
            self._endpoint(service, region, interface, url, found[interface])

    def account(self, name: str, project_name: str, domain: str, password: str | None) -> None:
        """The service user with its role on a project. Raises InvalidInput without a password."""
        identity = self._identity
        user = identity.find_user(name, domain_id=domain)
        if user is None and not password:
            raise InvalidInput(f"the user {name} is to be created: give it a password")
        project = identity.find_project(project_name, domain_id=domain)
        if project is None:
            project = identity.create_project(
                name=project_name, domain_id=domain, description="Accounts of services"
            )
            self.done.append(f"Project {project_name} created.")
        role = identity.find_role(_ROLE)
        if role is None:
            role = identity.create_role(name=_ROLE)
            self.done.append(f"Role {_ROLE} created.")
        if user is None:
            user = identity.create_user(
                name=name, domain_id=domain, password=password, description="Rating"
            )
            self.done.append(f"User {name} created.")
        if not identity.validate_user_has_project_role(project, user, role):
            identity.assign_project_role_to_user(project, user, role)
            self.done.append(f"User {name} has the role {_ROLE} on the project {project_name}.")

    def _service(self, name: str) -> Any:
        """The service of that name; None if there is none of its type yet."""
        known = list(self._identity.services(type=SERVICE_TYPE))
        ours = [service for service in known if service.name == name]
        if len(ours) > 1:
            raise CloudUnusable(
                f"several services are of the type {SERVICE_TYPE} and called {name}"
            )
        if known and not ours:
            others = " and ".join(sorted(str(service.name) for service in known))
            raise CloudUnusable(
                f"the service of the type {SERVICE_TYPE} is {others}, not {name}: clients would "
                "find either. Remove it, or name it with --service-name if it is ratings"
            )
        return ours[0] if ours else None

    def _endpoint(
        self, service: Any, region: str, interface: str, url: str, found: list[Any]
    ) -> None:
        if not found:
            self._identity.create_endpoint(
                service_id=service.id, region_id=region, interface=interface, url=url
            )
            self.done.append(f"Endpoint {interface} of {region} created: {url}")
        elif found[0].url != url:
            before = found[0].url
            self._identity.update_endpoint(found[0], url=url)
            self.done.append(f"Endpoint {interface} of {region} changed from {before} to {url}")


def _password(given: argparse.Namespace) -> str | None:
    """The password that was given, by whichever way."""
    name = given.service_password_file
    if name is None:
        return given.service_password or os.environ.get(_VARIABLE)
    text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    return text.partition("\n")[0] or None
