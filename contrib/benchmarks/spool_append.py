"""What it costs to spool an event, beside a bare append and fsync of the same bytes.

    .venv/bin/python contrib/benchmarks/spool_append.py [DIRECTORY]

Both take turns, so that they meet the same disk and the same noise.
"""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from ratings.spool import Entry, Spool

BODY = b"x" * 2500
EVENTS = 400
ROUNDS = 7
THREADS = (1, 16)


def rate(append: Callable[[], None], threads: int) -> float:
    """Appends per second."""

    def work() -> None:
        for _ in range(EVENTS // threads):
            append()

    started = [threading.Thread(target=work) for _ in range(threads)]
    before = time.perf_counter()
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return EVENTS / (time.perf_counter() - before)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if sys.argv[1:] else None) as path:
        spool = Spool(Path(path) / "spool", max_bytes=10**9, alarm_percent=100, clock=lambda: NOW)
        bare = os.open(Path(path) / "bare", os.O_CREAT | os.O_WRONLY)

        def write() -> None:
            os.write(bare, BODY)
            os.fsync(bare)

        def keep() -> None:
            spool.append(Entry("events", "RegionOne", NOW, BODY))

        for threads in THREADS:
            pairs = [(rate(write, 1), rate(keep, threads)) for _ in range(ROUNDS)]
            plain, kept = (median(side) for side in zip(*pairs, strict=True))
            ratio = median(after / before for before, after in pairs)
            print(f"{threads:2} threads: {kept:,.0f}/s spooled, {plain:,.0f}/s bare: {ratio:.2f}")


NOW = datetime.now(UTC)

if __name__ == "__main__":
    main()
