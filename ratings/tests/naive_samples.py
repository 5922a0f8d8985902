"""A second, deliberately naive calculation of what samples are charged, in fractions.

It takes one window after the other, and within it one minute after the other, and looks at
all samples anew for each. It shares no code with the transformers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from ratings.core.model import Event

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Charges = dict[datetime, tuple[str, str, Fraction]]
"""Start of a minute -> (tenant, component, quantity) that is charged in it."""


def charges(events: Iterable[Event], end: datetime) -> Charges:
    """What samples of one resource are charged in the windows that are over at `end`."""
    samples = sorted(
        {event.message_id: event for event in events}.values(), key=lambda e: e.event_time
    )
    found: Charges = {}
    for hour in sorted({(s.event_time - EPOCH) // HOUR for s in samples}):
        start = EPOCH + hour * HOUR
        if start + HOUR > end:
            continue
        moment = start
        while moment < start + HOUR:
            charge = _minute(samples, start, moment)
            if charge is not None and charge[2] > 0:
                found[moment] = charge
            moment += MINUTE
    return found


def _minute(
    samples: Sequence[Event], start: datetime, moment: datetime
) -> tuple[str, str, Fraction] | None:
    inside = [s for s in samples if start <= s.event_time < start + HOUR]
    if samples[0].resource_type == "server.uptime":
        return _up(samples, inside, start, moment)
    owners = _owners(inside)
    first, last = next(run for run in reversed(owners) if run is owners[0] or _starts(run, moment))
    mine = [s for s in inside if first.event_time <= s.event_time <= last.event_time]
    component, quantity = MEASURED[mine[0].resource_type](mine, samples)
    return str(mine[0].tenant_id), component, quantity


def _starts(run: tuple[Event, Event], moment: datetime) -> bool:
    return run[0].event_time <= moment


def _owners(inside: Sequence[Event]) -> list[tuple[Event, Event]]:
    """The first and the last sample of each owner in turn."""
    runs: list[tuple[Event, Event]] = []
    for one in inside:
        if runs and runs[-1][0].tenant_id == one.tenant_id:
            runs[-1] = runs[-1][0], one
        else:
            runs.append((one, one))
    return runs


def _up(
    samples: Sequence[Event], inside: Sequence[Event], start: datetime, moment: datetime
) -> tuple[str, str, Fraction] | None:
    before = [s for s in samples if s.event_time <= moment]
    if not before:
        return None
    rules = before[-1]
    if rules not in inside and start - rules.event_time > timedelta(minutes=10):
        return None
    if rules.content.get("status") not in ("active", "paused"):
        return None
    return str(rules.tenant_id), "server.uptime", Fraction(1)


def _values(mine: Sequence[Event]) -> list[Fraction]:
    return [Fraction(s.content["value"]) for s in mine if "value" in s.content]  # type: ignore[arg-type]


def _max(mine: Sequence[Event], samples: Sequence[Event]) -> tuple[str, Fraction]:
    return mine[0].resource_type, max(_values(mine), default=Fraction())


def _sum(mine: Sequence[Event], samples: Sequence[Event]) -> tuple[str, Fraction]:
    return mine[0].resource_type, sum(_values(mine), Fraction())


def _pending(mine: Sequence[Event], samples: Sequence[Event]) -> tuple[str, Fraction]:
    return mine[0].resource_type, max((v for v in _values(mine) if v < 2), default=Fraction())


def _bool(mine: Sequence[Event], samples: Sequence[Event]) -> tuple[str, Fraction]:
    return mine[0].resource_type, Fraction(any(v > 0 for v in _values(mine)))


def _image(mine: Sequence[Event], samples: Sequence[Event]) -> tuple[str, Fraction]:
    if any(s.content.get("image_ref", "x") == "" for s in mine):
        return "root", Fraction()
    return _max(mine, samples)


def _storage(mine: Sequence[Event], samples: Sequence[Event]) -> tuple[str, Fraction]:
    # What a sample does not mention stays as the samples before it had it.
    past = [s for s in samples if s.event_time <= mine[-1].event_time]
    known = [s.content["volume_type"] for s in past if "volume_type" in s.content]
    service = "b1.nvme" if known and known[-1] == "5b2c" else "b1.standard"
    return service, _max(mine, samples)[1]


def _delta(mine: Sequence[Event], samples: Sequence[Event]) -> tuple[str, Fraction]:
    telling = [s for s in samples if "value" in s.content]
    grown = Fraction()
    for one in mine:
        if one not in telling:
            continue
        earlier = [s for s in telling if s.event_time < one.event_time]
        between = [s for s in samples if earlier and s.event_time > earlier[-1].event_time]
        owners = {s.tenant_id for s in between if s.event_time <= one.event_time}
        if not earlier or owners | {earlier[-1].tenant_id} != {one.tenant_id}:
            continue
        value, before = _values([one])[0], _values(earlier)[-1]
        grown += value - before if value >= before else value
    return "counter", grown


MEASURED: Mapping[str, Callable[[Sequence[Event], Sequence[Event]], tuple[str, Fraction]]] = {
    "size": _max,
    "bytes": _sum,
    "counter": _delta,
    "service": _pending,
    "seen": _bool,
    "root": _image,
    "volume.size": _storage,
}
