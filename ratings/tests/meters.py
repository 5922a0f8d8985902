"""Clouds of samples for property tests: a few resources, whole minutes about a midnight."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from ratings.core.model import Event
from ratings.tests.journals import instant
from ratings.tests.sampled import sample

START = instant("21:00")
LENGTH = 6 * 60
END = START + timedelta(minutes=LENGTH)
METERS = ("size", "bytes", "counter", "service", "seen", "root", "volume.size", "state")
STATUSES = ("active", "paused", "shutoff", "")

# Bounds of windows and the edges of a lead-in come up more often than chance would have them.
_minutes = st.one_of(
    st.integers(0, LENGTH - 1),
    st.tuples(st.integers(0, 5), st.sampled_from((0, 1, 49, 50, 51, 59))).map(
        lambda told: told[0] * 60 + told[1]
    ),
)
_values = st.one_of(st.none(), st.decimals("0", "9", places=2, allow_nan=False))


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


@st.composite
def samples(draw: st.DrawFn, meter: str | None = None, most: int = 14) -> list[Event]:
    """Samples of one resource, each instant once, in no order."""
    meter = meter or draw(st.sampled_from(METERS))
    minutes = draw(st.lists(_minutes, min_size=1, max_size=most, unique=True))
    return [_sample(draw, meter, minute) for minute in minutes]


def _sample(draw: st.DrawFn, meter: str, minute: int, resource_id: str = "r1") -> Event:
    facts = {}
    if meter == "state":
        facts = {
            "status": draw(st.sampled_from(STATUSES)),
            "flavor": draw(st.sampled_from(("small", "large"))),
        }
    elif meter == "root" and draw(st.booleans()):
        facts = {"image_ref": draw(st.sampled_from(("155d", "155d", "")))}
    elif meter == "volume.size" and draw(st.booleans()):
        facts = {"volume_type": draw(st.sampled_from(("5b2c", "77aa", "")))}
    tenant = draw(st.sampled_from(("acme", "acme", "acme", "globex")))
    value: Decimal | None = draw(_values)
    return sample(meter, at(minute), value, tenant, resource_id, **facts)


@st.composite
def clouds(draw: st.DrawFn) -> list[Event]:
    """Samples of several meters of two resources."""
    found: list[Event] = []
    for meter in draw(st.lists(st.sampled_from(METERS), min_size=1, max_size=3, unique=True)):
        for resource_id in ("r1", "r2"):
            minutes = draw(st.lists(_minutes, max_size=8, unique=True))
            found += [_sample(draw, meter, minute, resource_id) for minute in minutes]
    return found
