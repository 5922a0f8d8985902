"""Koala's rules, on every resource type it billed: create, exists after a missed resize, delete.

The uncertain period is charged at the lesser size, the next at the new one; what
is switched off pays its disk; a router is flat. Unit prices are those of Koala's
README.
"""

import json
from decimal import Decimal

import pytest

from ratings.core.ledger import derive
from ratings.core.model import State
from ratings.core.timeline import ordered
from ratings.readers import Reader
from ratings.tests.journals import DEFINITIONS, price, rules

PRICES = [
    price("vcpu", "0.5"),
    price("ram", "0.03"),
    price("disk", "0.003"),
    price("volume", "888.8"),
    price("volume_snapshot", "0.88"),
    price("image", "0.77"),
    price("instance_snapshot", "0.66"),
    price("router", "0.888"),
    price("floating_ip", "0.111"),
    price("load_balancer", "0.25"),
]
READER = Reader(DEFINITIONS)


def bill(resource_type: str, *happened: tuple[str, str, dict]) -> list[Decimal]:
    """Amounts of each period, components summed, of flat events (time, type, content)."""
    events = []
    for time, event_type, content in happened:
        flat = {
            "resource_id": "a9d5b4b6-0f3c-4d5c-9f4a-1f0f5a2c6e11",
            "resource_type": resource_type,
            "event_type": event_type,
            "event_time": f"2014-01-12T{time}",
            "region": "RegionOne",
            "tenant_id": "7f13f2b17917463b9ee21aa92c4b36d6",
            "content": content,
        }
        ((reading, _),) = READER.read(json.dumps(flat).encode(), "elsewhere")
        events.append(reading)
    rated = rules(*PRICES, resource_type=resource_type)
    records, _ = derive(rated, State(), ordered(events), "RegionOne", {})
    sums: dict = {}
    for record in records:
        sums[record.start] = sums.get(record.start, 0) + record.amount
    return list(sums.values())


SIZED = {
    "volume": ("create", ["8888.000000000000", "35552.000000000000"]),
    "volume_snapshot": ("create", ["8.800000000000", "35.200000000000"]),
    "image": ("upload", ["7.700000000000", "30.800000000000"]),
    "instance_snapshot": ("upload", ["6.600000000000", "26.400000000000"]),
}


@pytest.mark.parametrize("resource_type", SIZED)
def test_a_missed_growth_is_charged_at_the_old_size_until_it_is_found(resource_type):
    first, expected = SIZED[resource_type]
    amounts = bill(
        resource_type,
        ("01:00:00.000000", first, {"size": 10}),
        ("02:00:00.000000", "exists", {"size": 20}),
        ("04:00:00.000000", "delete", {"size": 20}),
    )
    assert [str(amount) for amount in amounts] == expected


@pytest.mark.parametrize("resource_type", SIZED)
def test_a_missed_shrinking_is_charged_at_the_new_size_at_once(resource_type):
    first, _ = SIZED[resource_type]
    grown = bill(
        resource_type,
        ("01:00:00.000000", first, {"size": 20}),
        ("02:00:00.000000", "exists", {"size": 10}),
        ("03:00:00.000000", "delete", {"size": 10}),
    )
    assert grown[0] == grown[1]


def test_an_instance_takes_the_lesser_of_each_component():
    amounts = bill(
        "instance",
        ("01:00:00.000000", "create", {"vcpu": 1, "ram": 512, "disk": 20}),
        ("02:00:00.000000", "exists", {"vcpu": 2, "ram": 256, "disk": 20}),
        ("03:00:00.000000", "delete", {"vcpu": 2, "ram": 256, "disk": 20}),
    )
    assert amounts == [Decimal("8.24"), Decimal("8.74")]


def test_an_instance_that_is_off_pays_its_disk_only():
    amounts = bill(
        "instance",
        ("01:00:00.000000", "create", {"vcpu": 1, "ram": 512, "disk": 20}),
        ("02:00:00.000000", "power_off", {"vcpu": 1, "ram": 512, "disk": 20}),
        ("03:00:00.000000", "resize", {"vcpu": 2, "ram": 512, "disk": 40}),
        ("04:00:00.000000", "power_on", {"vcpu": 2, "ram": 512, "disk": 40}),
        ("05:00:00.000000", "delete", {"vcpu": 2, "ram": 512, "disk": 40}),
    )
    assert amounts == [Decimal(x) for x in ("15.92", "0.06", "0.12", "16.48")]


def test_a_resize_that_was_reported_is_charged_at_the_old_size_up_to_it():
    amounts = bill(
        "volume",
        ("01:00:00.000000", "create", {"size": 20}),
        ("02:00:00.000000", "resize", {"size": 10}),
        ("03:00:00.000000", "delete", {"size": 10}),
    )
    assert amounts == [17776, 8888]


@pytest.mark.parametrize(
    ("resource_type", "hourly"),
    [("router", "0.888"), ("floating_ip", "0.111"), ("load_balancer", "0.25")],
)
def test_what_has_no_size_is_flat(resource_type, hourly):
    amounts = bill(
        resource_type,
        ("01:00:00.000000", "create", {}),
        ("02:00:00.000000", "exists", {}),
        ("02:30:00.000000", "delete", {}),
    )
    assert amounts == [Decimal(hourly), Decimal(hourly) / 2]


def test_fifty_six_seconds_of_a_hundred_gigabytes():
    """The README's figure: 888.8 * 100 * 56 / 3600, to its last digit."""
    (amount,) = bill(
        "volume",
        ("07:25:07.000000", "create", {"size": 100}),
        ("07:26:03.000000", "delete", {"size": 100}),
    )
    assert amount == Decimal("1382.577777777778")


def test_microseconds_count():
    (amount,) = bill(
        "router",
        ("08:00:00.000000", "create", {}),
        ("08:00:09.124324", "delete", {}),
    )
    assert amount == Decimal("0.002250666587")
