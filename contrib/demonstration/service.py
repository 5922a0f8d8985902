"""ratings-api as a child process, and a client that speaks to it as Ceilometer does."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from cloud import Delivery

_CONFIGURATION = """
[DEFAULT]
auth_strategy = noauth
state_path = {state_path}

[api]
port = {port}
workers = 2
"""

# What Ceilometer's publisher sends, python-requests underneath.
_HEADERS = {"Content-type": "application/json", "Accept": "*/*", "Connection": "keep-alive"}


@contextlib.contextmanager
def running(state_path: Path, port: int = 0) -> Iterator[str]:
    """The URL of an API that serves `state_path`; it is stopped in the end."""
    configuration = state_path / "ratings.conf"
    configuration.write_text(_CONFIGURATION.format(state_path=state_path, port=port))
    command = [sys.executable, "-m", "ratings.cmd.api", "--config-file", str(configuration)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if "listening at" not in line:
                raise SystemExit("ratings-api did not start")
            yield line.split()[-1]
        finally:
            process.terminate()
            process.wait(timeout=60)


class Client:
    """Requests to one API; each thread keeps a connection of its own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port
        self._local = threading.local()

    def get(self, path: str, **query: Any) -> Any:
        return self._request("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Any) -> Any:
        return self._request("POST", path, json.dumps(body))

    def put(self, path: str, body: Any) -> Any:
        return self._request("PUT", path, json.dumps(body))

    def publish(self, deliveries: Iterable[Delivery]) -> Iterator[dict[str, Any]]:
        """Post each event in a list of its own, several at once; yields the answers."""

        def post(delivery: Delivery) -> Any:
            return self.post(f"/v1/events?region={delivery.region}", [delivery.event])

        with ThreadPoolExecutor(8) as pool:
            yield from pool.map(post, deliveries)

    def _request(self, method: str, path: str, body: str | None = None) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(*self._address)
        connection.request(method, path, body, _HEADERS)
        response = connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise SystemExit(f"{method} {path}: {response.status} {text.decode()}")
        return json.loads(text, parse_float=Decimal) if text else None
