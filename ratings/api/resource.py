"""How the URL tree is walked: the one rule of routing, for every noun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pecan
from pecan.routing import lookup_controller
from webob import Request
from webob.exc import HTTPMethodNotAllowed, HTTPNotFound

from ratings.api.services import Services

_COLLECTION = {"GET": "get_all", "HEAD": "get_all", "POST": "post"}
_MEMBER = {"GET": "get_one", "HEAD": "get_one", "PUT": "put", "DELETE": "delete"}


class Resource:
    """A noun of the URL tree.

    Its own URL takes ``get_all`` and ``post``; what follows is the name of a
    child, or else an id, with ``get_one``, ``put`` and ``delete``. An id may
    contain slashes. What a class lacks is a method not allowed.

    `members` are children of each id (``/orders/{id}/lines``); their methods get
    that id first, and the id may not contain slashes.
    """

    def __init__(
        self,
        services: Services,
        members: Mapping[str, Resource] | None = None,
        **children: Resource,
    ) -> None:
        self.services = services
        self.members = members or {}
        self.children = children

    @pecan.expose()  # type: ignore[untyped-decorator]
    def _route(self, segments: Sequence[str], request: Request) -> tuple[Any, list[str]]:
        if segments and segments[0] in self.children:
            child = self.children[segments[0]]
            found: tuple[Any, list[str]] = lookup_controller(child, segments[1:], request)
            return found
        if len(segments) > 1 and segments[1] in self.members:
            method, rest = lookup_controller(self.members[segments[1]], segments[2:], request)
            return method, [segments[0], *rest]
        name = "/".join(segments).removesuffix("/")
        methods = _MEMBER if name else _COLLECTION
        allowed = [verb for verb, method in methods.items() if hasattr(self, method)]
        if not allowed:
            raise HTTPNotFound
        if request.method not in allowed:
            raise HTTPMethodNotAllowed(headers={"Allow": ", ".join(allowed)})
        return getattr(self, methods[request.method]), [name] if name else []
