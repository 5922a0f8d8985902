"""The URL tree as a list of operations: what `ratings.api.resource` routes, told in advance."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ratings.api.endpoint import Contract
from ratings.api.resource import Resource

_OF_LISTS = {"get_all": "get", "post": "post"}
_OF_MEMBERS = {"get_one": "get", "put": "put", "delete": "delete"}

_CREATED = 201


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a URL.

    path:   with the names of its parameters (`parts`) in braces.
    method: of the resource. verb: of HTTP, in small letters.
    noun:   the module of the resource, and `noun_told` its docstring.
    told:   the docstring of the method.
    """

    path: str
    parts: tuple[str, ...]
    method: str
    verb: str
    contract: Contract
    noun: str
    noun_told: str
    told: str

    @property
    def id(self) -> str:
        """A name that no other operation has: list_prices, get_price, create_price."""
        words = [part for part in self.path.split("/")[1:] if part and "{" not in part]
        nouns = "_".join(words[1:] or words or ["versions"]).replace(".", "_")
        if self.contract.plural is not None:
            return "_by_".join((f"list_{nouns}", *self.parts))
        if self.method == "get_all":
            return f"get_{nouns}"
        if self.method == "post" and self.contract.status != _CREATED:
            return f"post_{nouns}"
        verb = {"get": "get", "post": "create", "put": "update", "delete": "delete"}[self.verb]
        return f"{verb}_{nouns.removesuffix('s')}"


def operations(tree: Resource) -> list[Operation]:
    """Every method of every URL of `tree`, by path."""
    return sorted(_walk(tree, ""), key=lambda each: (each.path, each.verb))


def _walk(resource: Resource, base: str) -> Iterator[Operation]:
    for method, verb in (_OF_LISTS | _OF_MEMBERS).items():
        serve = getattr(resource, method, None)
        if serve is not None:
            place = f"{base}/{{}}" if method in _OF_MEMBERS else base
            yield _operation(resource, serve, place, method, verb)
    for name, child in resource.children.items():
        yield from _walk(child, f"{base}/{name}")
    for name, member in resource.members.items():
        yield from _walk(member, f"{base}/{{}}/{name}")


def _operation(resource: Resource, serve: Any, place: str, method: str, verb: str) -> Operation:
    contract: Contract = serve.contract
    given = 1 + contract.scoped + contract.caller + contract.url
    names = list(inspect.signature(serve.method).parameters)[given:]
    parts = tuple(names[: place.count("{}")])
    module = inspect.getmodule(type(resource))
    assert module is not None, "resources are declared in modules"
    return Operation(
        path=place.format(*(f"{{{part}}}" for part in parts)) or "/",
        parts=parts,
        method=method,
        verb=verb,
        contract=contract,
        noun=module.__name__.rpartition(".")[2],
        noun_told=inspect.getdoc(module) or "",
        told=inspect.getdoc(serve) or "",
    )
