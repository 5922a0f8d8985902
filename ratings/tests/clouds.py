"""Random small clouds for property tests: events and prices on whole minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from ratings.core.model import Event, Price

START = datetime(2026, 1, 1, tzinfo=UTC)
LENGTH = 240
"""Minutes that a cloud lasts."""

TENANTS = ("acme", "globex")
REGIONS = ("RegionOne", "RegionTwo")
ACTIONS = {
    "instance": ("create", "delete", "resize", "exists", "power_off", "power_on"),
    "volume": ("create", "delete", "resize", "exists", "transfer"),
}
FACTS = {"instance": ("vcpu", "ram", "disk"), "volume": ("size",)}

_moments = st.integers(0, LENGTH).map(lambda minute: START + timedelta(minutes=minute))
_quantities = st.decimals("0", "16", places=1, allow_nan=False)


@st.composite
def events(draw: st.DrawFn, most: int = 25) -> list[Event]:
    """Events about a handful of resources, each resource of one type and region."""
    return [_event(draw, number) for number in range(draw(st.integers(1, most)))]


def _event(draw: st.DrawFn, number: int) -> Event:
    resource = draw(st.integers(0, 3))
    resource_type = ("instance", "volume")[resource % 2]
    names = draw(st.sets(st.sampled_from(FACTS[resource_type])))
    action = draw(st.sampled_from(ACTIONS[resource_type]))
    return Event(
        message_id=f"m{number}",
        region=REGIONS[resource // 2],
        event_type=action,
        resource_type=resource_type,
        resource_id=f"{resource_type}-{resource}",
        tenant_id=draw(st.sampled_from(TENANTS)),
        event_time=draw(_moments),
        action=action,
        content={name: draw(_quantities) for name in sorted(names)},
        starts=action != "delete",
    )


@st.composite
def prices(draw: st.DrawFn) -> list[Price]:
    """Prices per hour: for some kinds one, for some a sequence, for some none."""
    found: list[Price] = []
    for component in ("vcpu", "ram", "disk", "volume"):
        for region in (None, *REGIONS):
            for tenant in (None, *TENANTS):
                if draw(st.integers(0, 3)) == 0:
                    found += _succession(draw, len(found) + 1, component, region, tenant)
    return found


def _succession(
    draw: st.DrawFn, first_id: int, component: str, region: str | None, tenant: str | None
) -> list[Price]:
    changes = sorted(draw(st.sets(_moments, max_size=2)))
    bounds = [None, *changes, None]
    return [
        Price(
            id=first_id + index,
            component=component,
            unit_price=Decimal(draw(st.integers(0, 999999))) / 1000,
            currency="USD",
            region=region,
            tenant_id=tenant,
            start=bounds[index],
            end=bounds[index + 1],
        )
        for index in range(len(bounds) - 1)
    ]
