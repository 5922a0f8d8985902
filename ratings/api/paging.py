"""Lists in pages: a limit, a marker (what the last page ended with), and a link to the next.

Pages are found by key, never by counting rows: what is written meanwhile moves
nothing, and the last page costs what the first costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from webob import Request

DEFAULT = 100
MOST = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the marker after which the next page begins; None on the last."""

    rows: Sequence[Any]
    marker: str | None = None


def page(rows: Sequence[Any], limit: int, mark: Callable[[Any], Any]) -> Page:
    """A page of `rows`, of which one more than `limit` was asked for to know what follows."""
    if len(rows) <= limit:
        return Page(rows)
    return Page(rows[:limit], str(mark(rows[limit - 1])))


def links(request: Request, marker: str | None) -> list[dict[str, str]]:
    """The link to the page after `marker`: this URL with another marker."""
    if marker is None:
        return []
    pairs = parse_qsl(request.query_string, keep_blank_values=True)
    query = urlencode([pair for pair in pairs if pair[0] != "marker"] + [("marker", marker)])
    return [{"rel": "next", "href": f"{request.path_url}?{query}"}]
