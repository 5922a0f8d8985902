"""Who asked, and under which request id: what is logged meanwhile bears both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from oslo_context.context import RequestContext

Wsgi = Callable[..., Any]

_IDS = ("openstack.request_id", "openstack.global_request_id")


class Numbered:
    """WSGI middleware that knows the id of a request, and not yet who asked."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # It takes the place of the thread's last one.
        RequestContext.from_environ({name: environ.get(name) for name in _IDS})
        return self._app(environ, start_response)  # type: ignore[no-any-return]


class Identified:
    """WSGI middleware that knows who asked: inside of what has verified the headers."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        RequestContext.from_environ(environ)
        return self._app(environ, start_response)  # type: ignore[no-any-return]
