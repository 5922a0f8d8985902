"""How far off forecasts are, on made-up histories of tenants: ``python -m ratings.tests.backtest``.

A tenant is what it runs: lives of resources, at one price. What it will have spent at the end
of a period is known, so the error of a forecast is, too. The baseline is the straight line: what
was spent so far, times the period over the part of it that is gone.
"""

from __future__ import annotations

import argparse
import random
import statistics
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from ratings.core.forecasting import Prospect, Recent, forecast, horizon, lasts
from ratings.core.model import Price, Record
from ratings.core.orders import Item, Subject
from ratings.core.pricing import MICROSECOND, PriceBook, amount
from ratings.core.spending import SINCE_EVER, Stretch, Usage, spent

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday
HOUR = timedelta(hours=1)
DAYS = 90
PRICE = Price(1, "vcpu", Decimal("0.05"), "EUR")
BOOK = PriceBook([PRICE], "EUR")
POINTS = {
    "month": [Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)],
    "week": [Fraction(1, 2)],
    "day": [Fraction(1, 2)],
    "hour": [Fraction(1, 2)],
}
#: (start, end) of the periods, of which the month is February.
SPANS = {
    "month": (BEGIN + timedelta(days=31), BEGIN + timedelta(days=59)),
    "week": (BEGIN + timedelta(days=39), BEGIN + timedelta(days=46)),
    "day": (BEGIN + timedelta(days=41), BEGIN + timedelta(days=42)),
    "hour": (BEGIN + timedelta(days=41, hours=14), BEGIN + timedelta(days=41, hours=15)),
}


@dataclass(frozen=True, slots=True)
class Life:
    """A resource, or a window of samples of one, which is over as soon as it is known."""

    start: datetime
    end: datetime
    vcpus: int
    sampled: bool = False

    def item(self, start, end):
        start, end = max(start, self.start), min(end, self.end)
        quantity = Decimal(self.vcpus)
        charged = amount(PRICE, quantity, start, end)
        record = Record(
            "vcpu", start, end, "acme", quantity, (), "EUR", PRICE.unit_price, 1, charged
        )
        return Item(Subject("", "instance", "", None), record, "vcpu", "hour")


@dataclass
class Tenant:
    """What a tenant runs, drawn from a seed; hours are counted from `BEGIN`."""

    dice: random.Random
    lives: list[Life] = field(default_factory=list)

    def runs(self, start, hours, vcpus=None, *, sampled=False):
        since, until = (BEGIN + timedelta(hours=h) for h in (start, start + max(hours, 0.01)))
        self.lives.append(Life(since, until, vcpus or self.dice.choice([1, 2, 4, 8]), sampled))

    def fleet(self, least, most):
        """So many servers, each of which is replaced when it is two months old or so."""
        size, life = self.dice.randint(least, most), 60 * 24
        for _ in range(size):
            self.runs(-self.dice.expovariate(1 / life), life + self.dice.expovariate(1 / life))
        at = 0.0
        while (at := at + self.dice.expovariate(size / life)) < DAYS * 24:
            self.runs(at, self.dice.expovariate(1 / life))


def steady(tenant):
    tenant.fleet(5, 40)


def growing(tenant):
    tenant.fleet(5, 15)
    at, per_day = 0.0, tenant.dice.uniform(0.1, 0.8)
    while (at := at + tenant.dice.expovariate(per_day / 24)) < DAYS * 24:
        tenant.runs(at, 9000)


def office(tenant):
    """Desktops, on working days from eight to six."""
    tenant.fleet(2, 10)
    for day in range(DAYS):
        if (day + 3) % 7 < 5:
            for _ in range(20):
                start = day * 24 + 8 + tenant.dice.uniform(-1, 1.5)
                tenant.runs(start, tenant.dice.uniform(8, 10.5), 2)


def scaling(tenant):
    """Servers that come in the morning and go at night, fewer at the weekend."""
    tenant.fleet(2, 6)
    size = tenant.dice.randint(5, 30)
    for day in range(DAYS):
        for _ in range(size * (10 if (day + 3) % 7 < 5 else 6) // 10):
            tenant.runs(day * 24 + tenant.dice.gauss(9, 2), tenant.dice.uniform(4, 14), 2)


def building(tenant):
    """Continuous integration: many servers that live for less than an hour."""
    tenant.fleet(1, 5)
    at, per_hour = 0.0, tenant.dice.uniform(2, 10)
    while (at := at + tenant.dice.expovariate(per_hour)) < DAYS * 24:
        working = (int(at // 24) + 3) % 7 < 5 and 7 < at % 24 < 20
        if working or tenant.dice.random() < 0.15:
            tenant.runs(at, tenant.dice.expovariate(1 / 0.7), 4)


def leaping(tenant):
    """Clusters that are started one day, and stay or are gone weeks later."""
    tenant.fleet(5, 20)
    for _ in range(tenant.dice.randint(1, 3)):
        start, hours = tenant.dice.uniform(240, DAYS * 24), tenant.dice.uniform(240, 2880)
        for _ in range(tenant.dice.randint(5, 40)):
            tenant.runs(start, hours, 4)


def batches(tenant):
    """Now and then a large computation of a day or two."""
    tenant.fleet(1, 6)
    at = 0.0
    while (at := at + tenant.dice.expovariate(1 / 144)) < DAYS * 24:
        hours = tenant.dice.uniform(6, 60)
        for _ in range(tenant.dice.randint(5, 60)):
            tenant.runs(at, hours, 2)


def traffic(tenant):
    """Sampled by the hour, more by day than by night, more each week."""
    for hour in range(DAYS * 24):
        busy = 3 if 8 <= hour % 24 < 20 else 1
        tenant.runs(hour, 1, tenant.dice.randint(5, 15) * busy + hour // 168, sampled=True)


KINDS = (steady, growing, office, scaling, building, leaping, batches, traffic)


def tenant_of(kind, seed):
    found = Tenant(random.Random(f"{kind.__name__} {seed}"))
    kind(found)
    return found


def known(tenant, now):
    """What a ledger has at `now` of all that a tenant ever runs."""
    items = [life.item(life.start, now) for life in tenant.lives if life.start < now]
    return usage_of(items)


def usage_of(items):
    return Usage("acme", "EUR", BOOK, (), (Stretch(SINCE_EVER, None, True),), items, ())


def foreseen(tenant, now, start, end):
    """The forecast of [start, end), made at `now`."""
    of = horizon(start, end)
    lasting, recent = [], []
    since = now - of.recent
    for life in tenant.lives:
        if life.start >= now:
            continue
        runs = life.end > now and not life.sampled
        if runs and lasts(life.start, now, of, sampled=False):
            lasting.append(Life(now, end, life.vcpus).item(now, end))
        elif life.end > since and (life.sampled or min(life.end, now) - life.start < of.lasting):
            part = life.item(since, now).record
            quantity = Fraction(life.vcpus * ((part.end - part.start) // MICROSECOND))
            recent.append(Recent("vcpu", "vcpu", 1, quantity, Fraction(part.amount)))
    prospect = Prospect(lasting, (), recent, of.recent)
    return forecast(known(tenant, now), prospect, now, start, end)


def errors(seeds, kinds=KINDS):
    """(period, part of it) -> errors in percent of the forecast, and of the straight line."""
    found = {}
    for kind in kinds:
        for seed in seeds:
            tenant = tenant_of(kind, seed)
            for period, (start, end) in SPANS.items():
                truth = spent(known(tenant, end), start, end)
                for part in POINTS[period] if truth else ():
                    # Not at midnight: what runs then is not what runs by day.
                    off = timedelta(hours=seed % 24) if period in ("month", "week") else 0 * HOUR
                    now = start + (end - start) * part.numerator / part.denominator + off
                    line = spent(known(tenant, now), start, now) * ((end - start) // MICROSECOND)
                    line /= (now - start) // MICROSECOND
                    for told, sums in zip(
                        (foreseen(tenant, now, start, end), line),
                        found.setdefault((period, part), ({}, {})),
                        strict=True,
                    ):
                        error = abs(told - truth) / truth * 100
                        sums.setdefault(kind.__name__, []).append(error)
    return found


def median(by_kind):
    return statistics.median(error for found in by_kind.values() for error in found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tenants", type=int, default=24, help="of each kind")
    count = parser.parse_args().tenants
    print("median error in percent of what was spent; in brackets that of the straight line")
    for (period, part), (ours, lines) in errors(range(count)).items():
        print(f"{period} at {part}: {median(ours):.1f} ({median(lines):.1f})")
        for name, found in ours.items():
            line = statistics.median(lines[name])
            print(f"    {name:9} {statistics.median(found):5.1f} ({line:.1f})")


if __name__ == "__main__":
    main()
