"""What a run found, and how it is shown."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

LEAST_RATIO = 0.5
LEAST_RATE = 5000
"""What lists of events have to reach, of a bare COPY on one connection and in events/s."""


@dataclass
class Series:
    """Events per second, and processor seconds per 1,000 events by process, round by round."""

    rates: list[float] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return median(self.rates)

    def add(self, events: int, seconds: float, cpu: dict[str, float] | None = None) -> None:
        self.rates.append(events / seconds)
        for name, used in (cpu or {}).items():
            self.cpu.setdefault(name, []).append(used / events * 1000)


@dataclass
class Figures:
    """What each way of writing the same rows reached."""

    in_lists: Series = field(default_factory=Series)
    one_by_one: Series = field(default_factory=Series)
    copy_one: Series = field(default_factory=Series)
    copy_two: Series = field(default_factory=Series)

    def ratio(self, yardstick: Series) -> float:
        """Median of the ratios of each round: its two halves ran side by side."""
        pairs = zip(self.in_lists.rates, yardstick.rates, strict=True)
        return median(rated / copied for rated, copied in pairs)

    def show(self, console: Console) -> None:
        table = Table("", title="Events per second")
        for heading in ("median", "each round", "lists reach of it"):
            table.add_column(heading, justify="right")
        for name, series in self._named().items():
            rounds = "  ".join(f"{rate:,.0f}" for rate in series.rates)
            copied = series is self.copy_one or series is self.copy_two
            share = f"{self.ratio(series):.0%}" if copied else ""
            table.add_row(name, f"{series.rate:,.0f}", rounds, share)
        console.print(table)
        self._show_cpu(console)
        ratio = self.ratio(self.copy_one)
        console.print(
            f"{_verdict(ratio >= LEAST_RATIO)}: {ratio:.0%} of a bare COPY, at least"
            f" {LEAST_RATIO:.0%} wanted"
        )
        rate = self.in_lists.rate
        console.print(
            f"{_verdict(rate >= LEAST_RATE)}: {rate:,.0f} events/s, at least {LEAST_RATE:,} wanted"
        )

    def write(self, path: Path) -> None:
        """Everything as JSON, with where it was measured."""
        document = {
            "machine": {
                "processors": os.cpu_count(),
                "platform": platform.platform(),
                "python": platform.python_version(),
            },
            "rounds": {name: asdict(series) for name, series in self._named().items()},
            "median": {name: series.rate for name, series in self._named().items()},
            "ratio": self.ratio(self.copy_one),
            "ratio_two_connections": self.ratio(self.copy_two),
        }
        path.write_text(json.dumps(document, indent=2) + "\n")

    def _named(self) -> dict[str, Series]:
        return {
            "lists over HTTP": self.in_lists,
            "bare COPY, one connection": self.copy_one,
            "bare COPY, two connections": self.copy_two,
            "single events over HTTP": self.one_by_one,
        }

    def _show_cpu(self, console: Console) -> None:
        table = Table("", title="Processor seconds per 1,000 events")
        for name in self.in_lists.cpu:
            table.add_column(name, justify="right")
        for name, series in self._named().items():
            if series.cpu:
                table.add_row(name, *(f"{median(used):.3f}" for used in series.cpu.values()))
        console.print(table)


def _verdict(reached: bool) -> str:
    return "reached" if reached else "MISSED"
