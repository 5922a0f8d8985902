"""Prometheus: each query of the file, asked for a tenant and a window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from oslo_config.cfg import ConfigOpts
from requests.auth import AuthBase, HTTPBasicAuth

import ratings
from ratings.core.errors import DefinitionError
from ratings.core.pulls import Source, SourceError, SourceUnreachable, Span
from ratings.readers.prometheus import QueryPull, pulls, question, samples
from ratings.readers.pulled import decoded

_BUSY = {408, 429, 502, 503, 504}
_DENIED = {401, 403, 407}


def connect(conf: ConfigOpts, section: Any) -> Source:
    """The source ``prometheus``. Raises DefinitionError."""
    told = conf.prometheus
    parts = urlsplit(told.url or "")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DefinitionError("[prometheus] url begins with https:// or http:// and a host")
    if parts.username or parts.password:
        raise DefinitionError("[prometheus] url holds no password; there are options for it")
    if told.user and told.token:
        raise DefinitionError("[prometheus] user and token are two ways of the same")
    source = Prometheus(
        url=told.url.rstrip("/"),
        pulls=pulls(section, conf.puller.window),
        session=_session(conf),
        timeout=told.timeout,
        verify=told.ca_file or True,
    )
    return Source(told.region or conf.rating.region, source.pull)


def _session(conf: ConfigOpts) -> requests.Session:
    told = conf.prometheus
    session = requests.Session()
    session.headers["User-Agent"] = f"ratings/{ratings.__version__}"
    session.auth = (
        HTTPBasicAuth(told.user, told.password or "") if told.user else _Bearer(told.token)
    )
    if told.cert_file:
        session.cert = (told.cert_file, told.key_file) if told.key_file else told.cert_file
    return session


class _Bearer(AuthBase):
    """A token, if there is one. Without any authentication requests would look into ~/.netrc."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Pulls tenants from one Prometheus. verify: True, or the certificates to trust."""

    url: str
    pulls: Sequence[QueryPull]
    session: requests.Session = field(repr=False)
    timeout: int
    verify: str | bool

    def pull(self, tenant_id: str, start: datetime, end: datetime) -> Iterator[bytes]:
        """See `ratings.core.pulls.Pull`."""
        span = Span(start, end)
        for pull in self.pulls:
            asked = question(pull, tenant_id, span)
            if asked is not None:
                yield from samples(pull, self._asked(*asked), tenant_id, span)

    def _asked(self, path: str, parameters: Mapping[str, str]) -> Any:
        url = f"{self.url}/api/v1/{path}"
        try:
            response = self.session.post(
                url,
                data=parameters,  # a query may be longer than a URL
                timeout=self.timeout,
                verify=self.verify,
                allow_redirects=False,
            )
        except (requests.RequestException, OSError, ValueError) as error:
            raise SourceUnreachable(f"POST {url}: {type(error).__name__}: {error}") from None
        if response.status_code != 200:
            excerpt = " ".join(response.text.split())[:300]
            says = f"POST {url}: answered {response.status_code}: {excerpt}"
            if response.status_code in _DENIED:
                raise SourceUnreachable(says, code="source_denied")
            raise SourceUnreachable(says) if response.status_code in _BUSY else SourceError(says)
        return decoded(response.content)
