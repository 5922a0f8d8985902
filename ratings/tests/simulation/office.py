"""The office: prices that change, also backwards, and orders that are issued meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from ratings import repricing
from ratings.core.errors import PeriodBilled
from ratings.core.model import Price
from ratings.db import prices
from ratings.repricing import Successor
from ratings.tests.simulation.cloud import REGIONS, Cloud
from ratings.tests.simulation.instances import FLAVORS
from ratings.tests.simulation.rules import Fare
from ratings.tests.simulation.site import Process
from ratings.tests.simulation.volumes import TYPES
from ratings.tests.simulation.words import COUNTED

_NAMES = sorted({one.name for counted in COUNTED.values() for one in counted})
_LABELS = {"instance": [("flavor", name) for name in sorted(FLAVORS)]}
_LABELS["volume"] = [("volume_type", name) for name in TYPES]


class Book:
    """The prices that the office means to have: by name, since ids are given by the database."""

    def __init__(self, cloud: Cloud, chance: Random) -> None:
        self._cloud, self._chance = cloud, chance
        self._number = 0
        self.fares: dict[str, Fare] = {}

    def opening(self) -> list[tuple[str, Fare]]:
        """What holds from the beginning: most things have a price, and some have several."""
        found = []
        for component in _NAMES:
            for _ in range(self._chance.choice((0, 1, 1, 1, 2, 3))):
                fare = self._invented(component)
                if not self._meets(fare, [other for _, other in found]):
                    found.append((self._name(), fare))
        return found

    def another(self, at: datetime) -> tuple[str, Fare] | None:
        """A price of something that has none of the kind yet; it may reach back."""
        fare = self._invented(self._chance.choice(_NAMES))
        if self._chance.random() < 0.7:
            fare = replace(fare, start=self._moment(at))
        return None if self._meets(fare, list(self.fares.values())) else (self._name(), fare)

    def successor(self, at: datetime) -> tuple[str, str, Fare] | None:
        """The name of a price, and what is to take over from it under which name."""
        running = [name for name, fare in sorted(self.fares.items()) if fare.end is None]
        if not running:
            return None
        name = self._chance.choice(running)
        old, start = self.fares[name], self._moment(at)
        if old.start is not None and start <= old.start:
            return None
        return name, self._name(), replace(old, unit=old.unit + _money(self._chance), start=start)

    def _moment(self, at: datetime) -> datetime:
        """Near `at`; mostly before it, sometimes after."""
        hours = self._chance.choice((-48, -6, 0, 6)) * self._chance.random()
        return self._cloud.times.rough(at + timedelta(hours=hours))

    def _invented(self, component: str) -> Fare:
        chance = self._chance
        labels = _LABELS.get(component, [])
        return Fare(
            component,
            _money(chance),
            region=chance.choice((None, None, *REGIONS)),
            tenant=chance.choice((None, None, None, self._cloud.tenants[0])),
            match=chance.choice((None, *labels)) if labels else None,
            monthly=component in ("floating_ip", "router", "volume") and chance.random() < 0.5,
        )

    def _meets(self, fare: Fare, others: list[Fare]) -> bool:
        def kind(one: Fare) -> tuple[object, ...]:
            return one.component, one.region, one.tenant, one.match

        return any(kind(other) == kind(fare) for other in others)

    def _name(self) -> str:
        self._number += 1
        return f"price {self._number}"


def add(process: Process, name: str, fare: Fare, *, retroactive: bool) -> None:
    """Raises PeriodBilled, unless `retroactive`."""
    price = Price(
        id=0,
        component=fare.component,
        unit_price=_decimal(fare.unit),
        currency="USD",
        region=fare.region,
        tenant_id=fare.tenant,
        match=() if fare.match is None else (fare.match,),
        per="month" if fare.monthly else "hour",
        start=fare.start,
        name=name,
    )
    repricing.add(process.engine, process.settings, price, retroactive=retroactive)


def take_over(process: Process, old: str, name: str, fare: Fare, *, retroactive: bool) -> None:
    """Raises PeriodBilled, unless `retroactive`."""
    successor = Successor(_decimal(fare.unit), name=name, start=fare.start)
    price_id = stored(process)[old].id
    repricing.take_over(
        process.engine,
        process.settings,
        price_id,
        successor,
        process.site.clock(),
        retroactive=retroactive,
    )


def stored(process: Process) -> dict[str, Price]:
    """What the database has, by name."""
    with process.site.admin.connect() as conn:
        return {str(price.name): price for price in prices.load(conn)}


def fare_of(price: Price) -> Fare:
    return Fare(
        price.component,
        Fraction(price.unit_price),
        price.region,
        price.tenant_id,
        price.match[0] if price.match else None,
        price.per == "month",
        price.start,
        price.end,
    )


def _money(chance: Random) -> Fraction:
    return Fraction(chance.randrange(1, 10**6), 10 ** chance.randint(3, 13))


def _decimal(value: Fraction) -> Decimal:
    found = Decimal(value.numerator) / Decimal(value.denominator)
    assert Fraction(found) == value
    return found


__all__ = ["Book", "PeriodBilled", "add", "fare_of", "stored", "take_over"]
