"""Requests to the API: the only place that knows keystoneauth1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from email.message import Message
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from keystoneauth1.adapter import Adapter
from requests import Response

from ratings.client import wire
from ratings.client.errors import Unreadable, refusal

T = TypeVar("T")

Query = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class File:
    """An export. `name` is what the API would call the file."""

    name: str
    media_type: str
    content: bytes


class Connection:
    """Exact JSON over an adapter of keystoneauth1.

    Paths are those below ``/v1``. Every method raises `ratings.client.errors`, and what
    keystoneauth1 raises when there is no answer.
    """

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def get(self, path: str, kind: type[T], query: Query | None = None) -> T:
        """What a URL tells."""
        return _shaped(kind, _document(self._request("GET", path, query)))

    def each(
        self, path: str, noun: str, kind: type[T], query: Query, page_size: int | None
    ) -> Iterator[T]:
        """The rows of a list of `noun`; its pages are asked for as they are needed."""
        asked = {**query, "limit": page_size}
        while True:
            page = _document(self._request("GET", path, asked))
            try:
                rows, links = page[noun], page["links"]
                href = next((each["href"] for each in links if each["rel"] == "next"), None)
            except (LookupError, TypeError) as error:
                raise Unreadable(f"the answer is no page of {noun}") from error
            for row in rows:
                yield _shaped(kind, row)
            if href is None:
                return
            # Only the query: behind a proxy the API may not know its own address, and the
            # token must not go anywhere else.
            asked = dict(parse_qsl(urlsplit(href).query))

    def post(self, path: str, kind: type[T], body: Mapping[str, Any]) -> T:
        """Create or do something; attributes that are None are left out of the body."""
        return _shaped(kind, _document(self._send("POST", path, _encoded(body))))

    def put(self, path: str, kind: type[T], body: Mapping[str, Any]) -> T:
        """Change something, likewise."""
        return _shaped(kind, _document(self._send("PUT", path, _encoded(body))))

    def post_body(self, path: str, kind: type[T], body: bytes, query: Query) -> T:
        """Send JSON as it is."""
        return _shaped(kind, _document(self._send("POST", path, body, query)))

    def delete(self, path: str, query: Query | None = None) -> None:
        """Remove or end something."""
        self._request("DELETE", path, query)

    def file(self, path: str, query: Query) -> File:
        """An answer that is no JSON of the API's, but a file."""
        response = self._request("GET", path, query)
        header = Message()
        header["Content-Disposition"] = response.headers.get("Content-Disposition", "")
        return File(
            name=header.get_filename(""),
            media_type=response.headers.get("Content-Type", ""),
            content=response.content,
        )

    def _send(self, verb: str, path: str, body: bytes, query: Query | None = None) -> Response:
        headers = {"Content-Type": "application/json"}
        return self._request(verb, path, query, data=body, headers=headers)

    def _request(self, verb: str, path: str, query: Query | None, **options: Any) -> Response:
        # Catalogs have the endpoint with the version or without.
        endpoint = self._adapter.get_endpoint() or ""
        prefix = "" if endpoint.rstrip("/").endswith("/v1") else "/v1"
        params = {name: _text(each) for name, each in (query or {}).items() if each is not None}
        response = self._adapter.request(
            prefix + path, verb, params=params, raise_exc=False, **options
        )
        if response.status_code >= 400:
            request_id = response.headers.get("X-Openstack-Request-Id")
            raise refusal(response.status_code, response.content, request_id)
        return response


def member(collection: str, name: str | int) -> str:
    """The path of one of a collection. An id may contain slashes, but must not be a path."""
    text = str(name)
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} is no id")
    return f"{collection}/{quote(text, safe='')}"


def _encoded(body: Mapping[str, Any]) -> bytes:
    given = {name: each for name, each in body.items() if each is not None}
    return wire.encode(given).encode()


def _document(response: Response) -> Any:
    try:
        return wire.decode(response.content)
    except ValueError as error:
        raise Unreadable(f"{response.url} did not answer with JSON") from error


def _shaped(kind: type[T], document: Any) -> T:
    try:
        return wire.shaped(kind, document)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unreadable(f"the answer is no {kind.__name__} of this API: {error}") from error


def _text(value: Any) -> str:
    """A value in a query string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ",".join(value)
    return str(value)
