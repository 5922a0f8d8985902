"""Several processes of a service count as one: whichever answers a scrape tells of all.

They write what they count to files in memory-mapped pages of a directory that the variable
``PROMETHEUS_MULTIPROC_DIR`` names, as prometheus_client does it. ``ratings-api`` makes a directory
for itself; for uWSGI and mod_wsgi the operator names one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import prometheus_client
from prometheus_client import multiprocess, values

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

# A second series for each, that says when it began, would be of no use to anybody here.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


@contextmanager
def as_one() -> Iterator[None]:
    """Let the processes that are forked inside count as one, and leave nothing behind."""
    if are_one():
        yield
        return
    owner, directory = os.getpid(), tempfile.mkdtemp(prefix="ratings-metrics-")
    os.environ[VARIABLE] = directory
    # It looks for the variable when it is imported only, which was before there was a directory.
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        # Workers come this way, too, when they end.
        if os.getpid() == owner:
            shutil.rmtree(directory, ignore_errors=True)


def are_one() -> bool:
    """Whether other processes are to be told of as well."""
    return VARIABLE in os.environ


def files() -> list[str]:
    """What they have written so far.

    A process that is starting makes a file before it gives it a length, and prometheus_client reads
    no such file. What a process held goes away when it ends, which may be now.
    """
    found = []
    for path in Path(os.environ[VARIABLE]).glob("*.db"):
        with suppress(FileNotFoundError):
            if path.stat().st_size != 0:
                found.append(str(path))
    return found


def ended(pid: int) -> None:
    """A process is no more: what it counted stays, what it held does not."""
    if are_one():
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
