"""The office: prices that change, also backwards, terms, and the currencies of tenants."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from ratings import agreeing, repricing, tenancy
from ratings.core.model import Price, Tier
from ratings.core.terms import Term
from ratings.db import prices, tenants, terms
from ratings.db.reading import EVERYTHING
from ratings.repricing import Successor
from ratings.tests.simulation.agreements import Agreed
from ratings.tests.simulation.cloud import REGIONS, Cloud
from ratings.tests.simulation.instances import FLAVORS
from ratings.tests.simulation.rules import Fare, Tariff
from ratings.tests.simulation.site import Process
from ratings.tests.simulation.volumes import TYPES
from ratings.tests.simulation.words import COUNTED

_HOUR = timedelta(hours=1)
_COUNTED = {one.name: one for counted in COUNTED.values() for one in counted}
_NAMES = sorted(_COUNTED)
_ADDING = [name for name in _NAMES if _COUNTED[name].adds_up]
_TEXTS = {"flavor": sorted(FLAVORS), "volume_type": TYPES}


class Book:
    """What the office means to have agreed: by name, since ids are given by the database."""

    def __init__(self, cloud: Cloud, chance: Random) -> None:
        self._cloud, self._chance = cloud, chance
        self._number = 0
        self.fares: dict[str, Fare] = {}
        self.terms: dict[str, Agreed] = {}
        self.currencies: dict[str, str] = {}
        self._spoken = chance.choice((("USD",), ("USD", "EUR"), ("USD", "USD", "JPY")))
        self.agrees = chance.random() < 0.6
        """Whether there is more than prices per unit."""

    @property
    def tariff(self) -> Tariff:
        return Tariff(list(self.fares.values()), dict(self.currencies))

    def opening(self) -> list[tuple[str, Fare]]:
        """What holds from the beginning: most things have a price, and some have several."""
        found = []
        for component in _NAMES:
            for _ in range(self._chance.choice((0, 1, 1, 1, 2, 3))):
                fare = self._invented(component)
                if fare.each and self._chance.random() < 0.5:
                    # It begins within a window of what is counted.
                    times = self._cloud.times
                    hence = self._chance.random() * (times.end - times.start)
                    fare = replace(fare, start=times.rough(times.start + hence))
                if not self._meets(fare, [other for _, other in found]):
                    found.append((self._name(), fare))
        return found

    def another(self, at: datetime) -> tuple[str, Fare] | None:
        """A price of something that has none of the kind yet; it may reach back."""
        names = _NAMES if self._chance.random() < 0.5 else _ADDING
        fare = self._invented(self._chance.choice(names))
        if fare.each or self._chance.random() < 0.7:
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
        found = replace(old, unit=old.unit + _money(self._chance), start=start)
        if self.agrees and self._chance.random() < 0.3:
            found = replace(found, **self._graduation())
        return name, self._name(), found

    def another_currency(self) -> tuple[str, str]:
        """(tenant, currency in which it is to be billed)."""
        return self._chance.choice(self._cloud.tenants), self._chance.choice(self._spoken)

    def another_term(self, at: datetime | None) -> tuple[str, Agreed]:
        """A term from about `at` on; None is since ever."""
        chance = self._chance
        kind = chance.choice(("discount_percent", "discount_amount", "minimum", "credit"))
        tenant = chance.choice((None, *self._cloud.tenants))
        if kind == "credit":
            tenant = tenant or self._cloud.tenants[0]
        component = chance.choice((None, *_NAMES)) if kind.startswith("discount") else None
        start = None if at is None else self._moment(at)
        end = None if start is None else start + chance.choice((3, 30, 300)) * _HOUR
        percent = kind == "discount_percent"
        own = self.tariff.currency(tenant) if tenant else chance.choice(self._spoken)
        found = Agreed(
            kind,
            Fraction(chance.randint(1, 1000), 10) if percent else _sum_of_money(chance),
            tenant,
            component,
            None if percent else own,
            start,
            chance.choice((None, end)),
        )
        return self._name("term"), found

    def ending(self, at: datetime) -> tuple[str, datetime] | None:
        """The name of a term, and until when it is to hold."""
        running = [name for name, term in sorted(self.terms.items()) if term.end is None]
        if not running:
            return None
        name, until = self._chance.choice(running), self._moment(at)
        start = self.terms[name].start
        return None if start is not None and until <= start else (name, until)

    def _moment(self, at: datetime) -> datetime:
        """Near `at`; mostly before it, sometimes after."""
        hours = self._chance.choice((-48, -6, 0, 6)) * self._chance.random()
        return self._cloud.times.rough(at + timedelta(hours=hours))

    def _invented(self, component: str) -> Fare:
        chance = self._chance
        counted = _COUNTED[component]
        if counted.optional and chance.random() < 0.5:
            # Without a price they leave no trace; most clouds have one for everybody.
            currency = chance.choice(self._spoken)
            return Fare(component, _money(chance), each=counted.adds_up, currency=currency)
        labels = [(counted.label, text) for text in _TEXTS[counted.label]] if counted.label else []
        return Fare(
            component,
            _money(chance),
            region=chance.choice((None, None, *REGIONS)),
            tenant=chance.choice((None, None, None, self._cloud.tenants[0])),
            match=chance.choice((None, *labels)) if labels else None,
            monthly=component in ("floating_ip", "router", "volume") and chance.random() < 0.5,
            each=counted.adds_up,
            currency=chance.choice(self._spoken),
            **(self._graduation() if self.agrees and chance.random() < 0.3 else {}),
        )

    def _graduation(self) -> dict[str, Any]:
        """Free units, or tiers, or both, or none of them any more."""
        chance = self._chance
        scale = chance.choice((1, 24, 1000, 50000))
        above = [Fraction(scale * number * chance.randint(1, 9), 8) for number in (10, 100)]
        tiers = [(bound, _money(chance)) for bound in above[: chance.randint(0, 2)]]
        free = Fraction(scale * chance.randint(0, 9), 8)
        return {"free": chance.choice((Fraction(0), free)), "tiers": tuple(tiers)}

    def _meets(self, fare: Fare, others: list[Fare]) -> bool:
        return any(other.kind == fare.kind for other in others)

    def _name(self, what: str = "price") -> str:
        self._number += 1
        return f"{what} {self._number}"


def add(process: Process, name: str, fare: Fare, *, retroactive: bool) -> None:
    """Raises PeriodBilled, unless `retroactive`."""
    price = Price(
        id=0,
        component=fare.component,
        unit_price=_decimal(fare.unit),
        currency=fare.currency,
        region=fare.region,
        tenant_id=fare.tenant,
        match=() if fare.match is None else (fare.match,),
        per="unit" if fare.each else "month" if fare.monthly else "hour",
        start=fare.start,
        name=name,
        free=_decimal(fare.free),
        tiers=_tiers(fare),
    )
    repricing.add(process.engine, process.settings, price, retroactive=retroactive)


def take_over(process: Process, old: str, name: str, fare: Fare, *, retroactive: bool) -> None:
    """Raises PeriodBilled, unless `retroactive`."""
    successor = Successor(
        _decimal(fare.unit),
        name=name,
        start=fare.start,
        free=_decimal(fare.free),
        tiers=_tiers(fare),
    )
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
        price.per == "unit",
        price.start,
        price.end,
        price.currency,
        Fraction(price.free),
        tuple((Fraction(tier.above), Fraction(tier.unit_price)) for tier in price.tiers),
    )


def agree(process: Process, name: str, agreed: Agreed) -> None:
    """Raises PeriodBilled."""
    term = Term(
        0,
        agreed.kind,
        _decimal(agreed.value),
        name,
        agreed.tenant,
        agreed.component,
        agreed.currency,
        agreed.start,
        agreed.end,
    )
    agreeing.add(process.engine, process.settings, term)


def end(process: Process, name: str, until: datetime) -> None:
    """Let a term hold until then. Raises PeriodBilled."""
    agreeing.end(process.engine, standing(process)[name].id, until)


def standing(process: Process) -> dict[str, Term]:
    """The terms that the database has, by name."""
    with process.site.admin.connect() as conn:
        return {term.reason: term for term, _ in terms.page(conn, EVERYTHING, limit=1000)}


def agreed_of(term: Term) -> Agreed:
    return Agreed(
        term.kind,
        Fraction(term.value),
        term.tenant_id,
        term.component,
        term.currency,
        term.start,
        term.end,
    )


def bill_in(process: Process, tenant: str, currency: str) -> None:
    """Raises Conflict, PeriodBilled."""
    tenancy.set_currency(process.engine, process.settings, tenant, currency)


def billed_in(process: Process, tenant: str) -> str:
    with process.site.admin.connect() as conn:
        return tenants.currencies(conn, "USD").get(tenant, "USD")


def _tiers(fare: Fare) -> tuple[Tier, ...]:
    return tuple(Tier(_decimal(above), _decimal(unit)) for above, unit in fare.tiers)


def _sum_of_money(chance: Random) -> Fraction:
    return Fraction(chance.randint(1, 10**4) * 10 ** chance.randint(0, 4), 1000)


def _money(chance: Random) -> Fraction:
    return Fraction(chance.randrange(1, 10**6), 10 ** chance.randint(3, 13))


def _decimal(value: Fraction) -> Decimal:
    found = Decimal(value.numerator) / Decimal(value.denominator)
    assert Fraction(found) == value
    return found
