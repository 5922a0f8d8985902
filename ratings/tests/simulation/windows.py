"""The rules for what is known from samples: what each window of an hour is charged with.

They are those of the page on meter mappings. A window counts when something shows that it is
over: a sample of a later one, or an order of its owner that reaches its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import groupby, pairwise
from typing import NamedTuple

from ratings.tests.simulation.words import COUNTED, Cuts, Said, Stretch

HOUR = timedelta(hours=1)
LEAD_IN = timedelta(minutes=10)
"""So long before a window a status may be old that still holds at its beginning."""

UP = frozenset({"active", "building", "paused", "rescued", "resized"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Sight(NamedTuple):
    """A sample, the one before it, and what is known of the label since."""

    said: Said
    before: Said | None
    labels: tuple[tuple[str, str], ...]


def stretches(samples: Sequence[Said], cuts: Cuts) -> list[Stretch]:
    """What the samples of one resource, in order of time, are charged with."""
    last = samples[-1]
    over = max([last.at, *cuts.get(str(last.owner), ())])
    charged = _uptime if last.kind == "instance.uptime" else _measured
    return [one for one in charged(_sights(samples)) if one.end <= over]


def _sights(samples: Sequence[Said]) -> Iterator[Sight]:
    label = COUNTED[samples[0].kind][0].label
    known: tuple[tuple[str, str], ...] = ()
    for before, said in pairwise([None, *samples]):
        assert said is not None
        if label in said.facts:
            known = ((label, str(said.facts[label])),)
        yield Sight(said, before, known)


def begin(at: datetime) -> datetime:
    """Of the window in which an instant lies."""
    return at - (at - _EPOCH) % HOUR


def _windows(sights: Iterable[Sight]) -> Iterator[tuple[datetime, list[Sight]]]:
    for start, within in groupby(sights, lambda sight: begin(sight.said.at)):
        yield start, list(within)


def _measured(sights: Iterable[Sight]) -> Iterator[Stretch]:
    """In each window one quantity of each owner, by the samples of his time."""
    for window, within in _windows(sights):
        runs = [list(run) for _, run in groupby(within, lambda sight: sight.said.owner)]
        starts = [window, *(run[0].said.at for run in runs[1:])]
        ends = [*starts[1:], window + HOUR]
        for run, start, end in zip(runs, starts, ends, strict=True):
            said = run[-1].said
            quantity = _MEASURES[said.kind](run)
            if quantity > 0 and start < end:
                counted, owner = COUNTED[said.kind][0], str(said.owner)
                yield Stretch(counted, start, end, owner, quantity, run[-1].labels)


def _largest(run: Sequence[Sight]) -> Fraction:
    values = [value(sight.said) for sight in run if "value" in sight.said.facts]
    return max(values, default=Fraction(0))


def _growth(run: Sequence[Sight]) -> Fraction:
    """From the sample before each to it; all of it, where the counter began anew."""
    grown = Fraction(0)
    for said, before, _ in run:
        if before is not None:
            since = value(said) - value(before)
            grown += since if since >= 0 else value(said)
    return grown


_MEASURES: Mapping[str, Callable[[Sequence[Sight]], Fraction]] = {
    "volume.size": _largest,
    "network.incoming.bytes": _growth,
    "cpu": _growth,
}


def _uptime(sights: Iterable[Sight]) -> Iterator[Stretch]:
    """The earlier of two samples rules, with its flavor, within a window and from its lead-in."""
    counted = COUNTED["instance.uptime"][0]
    last: Sight | None = None
    for window, within in _windows(sights):
        rulers = [(sight.said.at, sight) for sight in within]
        if last is not None and window - last.said.at <= LEAD_IN and rulers[0][0] > window:
            rulers.insert(0, (window, last))
        last = within[-1]
        alike = [list(run) for _, run in groupby(rulers, lambda ruler: _kind(ruler[1]))]
        ends = [*(run[0][0] for run in alike[1:]), window + HOUR]
        for run, end in zip(alike, ends, strict=True):
            start, ruler = run[0]
            if is_up(ruler.said):
                yield Stretch(counted, start, end, str(ruler.said.owner), Fraction(1), ruler.labels)


def _kind(sight: Sight) -> object:
    return is_up(sight.said), sight.said.owner, sight.labels


def is_up(said: Said) -> bool:
    return said.facts["status"] in UP


def value(said: Said) -> Fraction:
    found = said.facts["value"]
    assert isinstance(found, Fraction)
    return found
