"""What was measured beside what was really there: nobody pays for more than there was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from ratings.tests.simulation.life import Life
from ratings.tests.simulation.meters import UPTIME, VOLUME
from ratings.tests.simulation.rules import Row
from ratings.tests.simulation.windows import HOUR, LEAD_IN, UP, begin
from ratings.tests.simulation.words import Said


def beyond(
    life: Life, samples: Sequence[Said], charged: Sequence[Row]
) -> Iterator[tuple[Row, Fraction]]:
    """Rows that charge more than the truth allows, and how much it does.

    Of a volume, the largest size that it had in the window; of a counter, what it really
    grew from the last sample before the window to the last one in it; of a server, nothing in
    a window in which, its lead-in included, it was never up.
    """
    for row in charged:
        window = begin(row.start)
        if life.kind == VOLUME:
            most = _largest(life, window, window + HOUR)
        elif life.kind == UPTIME:
            most = _ever_up(life, window - LEAD_IN, window + HOUR)
        else:
            most = _grown(life, samples, window)
        if row.quantity > most:
            yield row, most


def _largest(life: Life, start: datetime, end: datetime) -> Fraction:
    sizes = [step.facts["size"] for step in _steps(life, start, end)]
    return max((size for size in sizes if isinstance(size, Fraction)), default=Fraction(0))


def _ever_up(life: Life, start: datetime, end: datetime) -> Fraction:
    return Fraction(any(step.facts["status"] in UP for step in _steps(life, start, end)))


def _steps(life: Life, start: datetime, end: datetime):
    """What the resource has been between two instants."""
    following = [*(step.at for step in life.steps[1:]), life.times.end + timedelta(days=1)]
    return [
        step
        for step, until in zip(life.steps, following, strict=True)
        if step.facts is not None and step.at < end and start < until
    ]


def _grown(life: Life, samples: Sequence[Said], window: datetime) -> Fraction:
    totals = {step.at: step.facts["total"] for step in life.steps if step.facts is not None}
    before = [totals[said.at] for said in samples if said.at < window]
    inside = [totals[said.at] for said in samples if window <= said.at < window + HOUR]
    first = before[-1] if before else inside[0]
    return inside[-1] - first  # type: ignore[operator,return-value]
