"""ratings-api as a child process."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from senders import Address

WORKERS = 2


@contextlib.contextmanager
def serving(url: str, state_path: Path) -> Iterator[tuple[int, Address]]:
    """ratings-api on that database: its process and its address."""
    options = {
        "OS_API__PORT": "0",
        "OS_API__WORKERS": str(WORKERS),
        "OS_DATABASE__CONNECTION": url,
        "OS_DEFAULT__AUTH_STRATEGY": "noauth",
        "OS_DEFAULT__STATE_PATH": str(state_path),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "ratings.cmd.api"],
        env=os.environ | options,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if "listening at" not in line:
                raise SystemExit("ratings-api did not start")
            found = urlsplit(line.split()[-1])
            yield process.pid, Address(found.hostname or "", found.port or 0)
        finally:
            process.terminate()


def add_prices(address: Address, prices: Mapping[str, str]) -> None:
    """So much per unit and hour, everywhere and since ever."""
    for component, unit_price in prices.items():
        body = json.dumps({"resource_type": component, "unit_price": unit_price}).encode()
        url = f"http://{address.host}:{address.port}/v1/prices"
        sent = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(sent).close()
