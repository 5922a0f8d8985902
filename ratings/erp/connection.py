"""HTTP to another system: verified, bounded in time, without redirects, and discreet.

requests is there wherever oslo.config is. It is told not to look for passwords in
``~/.netrc``, which it would send in place of ours.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from oslo_config.cfg import ConfigOpts
from requests.auth import AuthBase

import ratings
from ratings.core.deliveries import Unreachable
from ratings.core.errors import DefinitionError

_LARGEST_ANSWER = 64 * 1024 * 1024
_BUSY = {408, 425, 429, 502, 503, 504}
_DENIED = {401, 403, 407}
_EXCERPT = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, with a status that is neither a redirect nor about access."""

    status: int
    body: bytes

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def excerpt(self) -> str:
        """The beginning of the body in one line, for a person."""
        return " ".join(self.body[: 4 * _EXCERPT].decode("utf-8", "replace").split())[:_EXCERPT]


@dataclass(frozen=True, slots=True)
class Connection:
    """Where to go and how long to wait. secrets: texts that no error may show.

    timeout:    seconds without a byte after which a request is given up.
    time_limit: seconds for all requests of one `opened`.
    ca_file:    certificates to trust; None for the usual ones.
    """

    url: str
    timeout: int
    time_limit: int
    ca_file: str | None = None
    secrets: Sequence[str] = field(default=(), repr=False)

    @contextmanager
    def opened(self) -> Iterator[Exchange]:
        """For the requests of one order."""
        with requests.Session() as session:
            session.auth = _Headers()
            yield Exchange(self, session, time.monotonic() + self.time_limit)

    def discreet(self, text: str) -> str:
        """`text` without the secrets."""
        for secret in self.secrets:
            text = text.replace(secret, "***") if secret else text
        return text


def connection(conf: ConfigOpts, url: str, *secrets: str) -> Connection:
    """To `url`, as ``[erp]`` says. DefinitionError for what is no URL or holds a password."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DefinitionError("a URL to deliver to begins with https:// or http:// and a host")
    if parts.username or parts.password:
        raise DefinitionError("a URL to deliver to holds no password; there are options for it")
    erp = conf.erp
    return Connection(url, erp.timeout, erp.time_limit, erp.ca_file, secrets)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Requests that belong together. `deadline` is of the monotonic clock."""

    connection: Connection
    session: requests.Session
    deadline: float

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST `body` to the URL with `path` behind it.

        Raises Unreachable (erp_unreachable, erp_denied, erp_redirects).
        """
        url = self.connection.url + path
        try:
            return self._post(url, body, headers)
        except (requests.RequestException, OSError, ValueError) as error:
            # What requests says repeats itself; its innermost reason is what tells.
            reason = self.connection.discreet(f"{type(error).__name__}: {error}")
            raise Unreachable(f"POST {url}: {reason}") from None

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        agent = {"User-Agent": f"ratings/{ratings.__version__}"}
        with self.session.post(
            url,
            data=body,
            headers={**agent, **headers},
            timeout=min(self.connection.timeout, self._left(url)),
            # Said here, since REQUESTS_CA_BUNDLE goes before what the session says.
            verify=self.connection.ca_file or True,
            allow_redirects=False,
            stream=True,
        ) as response:
            answer = Answer(response.status_code, self._body(url, response))
        self._refuse(url, answer)
        return answer

    def _body(self, url: str, response: requests.Response) -> bytes:
        found = bytearray()
        for chunk in response.iter_content(64 * 1024):
            found += chunk
            self._left(url)
            if len(found) > _LARGEST_ANSWER:
                raise Unreachable(f"POST {url}: the answer does not end")
        return bytes(found)

    def _left(self, url: str) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            limit = self.connection.time_limit
            raise Unreachable(f"POST {url}: it took longer than {limit} seconds")
        return left

    def _refuse(self, url: str, answer: Answer) -> None:
        """Statuses that say nothing of the order that was sent."""
        says = f"POST {url}: answered {answer.status}"
        if 300 <= answer.status < 400:
            raise Unreachable(f"{says}; redirects are not followed", code="erp_redirects")
        says = f"{says}: {self.connection.discreet(answer.excerpt())}"
        if answer.status in _DENIED:
            raise Unreachable(says, code="erp_denied")
        if answer.status in _BUSY:
            raise Unreachable(says)


class _Headers(AuthBase):
    """The headers as they are."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request
