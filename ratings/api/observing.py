"""``/metrics``, and what of each request is counted for it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from ratings.api.resource import Resource
from ratings.metrics.service import ServiceMetrics

URL = "/metrics"
OTHER = "other"
"""The route of whatever is no URL of the API: a scanner must not make series."""

_BESIDE = ("/healthcheck", URL)


class Observed:
    """WSGI middleware around everything else: no token is needed to read figures.

    Whatever became of a request, here it has the status that its sender sees. One that was left
    without an answer (`silence`) counts as 503.
    """

    def __init__(self, app: Any, tree: Resource, metrics: ServiceMetrics) -> None:
        self._app = app
        self._tree = tree
        self._metrics = metrics

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        begun = time.perf_counter()
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        told: list[str] = []

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            told.append(status[:3])
            return start_response(status, headers, exc_info)

        try:
            if path == URL and method in ("GET", "HEAD"):
                return self._figures(environ, start)
            return self._app(environ, start)  # type: ignore[no-any-return]  # WSGI has no types
        finally:
            seconds = time.perf_counter() - begun
            status = told[-1] if told else "500"
            self._metrics.requests.answered(route(self._tree, path), method, status, seconds)

    def _figures(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body, media_type = self._metrics.shown.text(environ.get("HTTP_ACCEPT", ""))
        headers = [("Content-Type", media_type), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def route(tree: Resource, path: str) -> str:
    """The template of a path, ``/v1/prices/{id}``: as `Resource` finds its way, without ids."""
    if path in _BESIDE:
        return path
    return _route(tree, [part for part in path.split("/") if part], "") or OTHER


def _route(resource: Resource, parts: Sequence[str], above: str) -> str | None:
    if not parts:
        return above or "/"
    if parts[0] in resource.children:
        return _route(resource.children[parts[0]], parts[1:], f"{above}/{parts[0]}")
    if len(parts) > 1 and parts[1] in resource.members:
        return _route(resource.members[parts[1]], parts[2:], f"{above}/{{id}}/{parts[1]}")
    if any(hasattr(resource, method) for method in ("get_one", "put", "delete")):
        return f"{above}/{{id}}"
    return None
