"""Processor time of other processes, where /proc tells it."""

from __future__ import annotations

import os
import time
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


class Clock:
    """Seconds and processor seconds since it was made.

    `parents` are the processes, by a name for each, whose children are counted
    with them: gunicorn's master and PostgreSQL's.
    """

    def __init__(self, parents: dict[str, int]) -> None:
        self._parents = parents
        self._began = time.monotonic(), self._used()

    def read(self) -> tuple[float, dict[str, float]]:
        then, before = self._began
        seconds, now = time.monotonic() - then, self._used()
        return seconds, {name: now[name] - before[name] for name in now}

    def _used(self) -> dict[str, float]:
        found = {"sender": time.process_time()}
        if Path("/proc/self/stat").exists():
            found |= dict.fromkeys(self._parents, 0.0)
            for stat in Path("/proc").glob("[0-9]*/stat"):
                self._count(stat, found)
        return found

    def _count(self, stat: Path, found: dict[str, float]) -> None:
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            return
        family = {int(stat.parent.name), int(fields[1])}
        for name, pid in self._parents.items():
            if pid in family:
                found[name] += (int(fields[11]) + int(fields[12])) / _TICK
