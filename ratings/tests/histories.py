"""One eventful history of two tenants, for tests that need a database with a past."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sqlalchemy import Engine

from ratings import orders, repricing
from ratings.batch import Arrival
from ratings.core.model import Event, Ignored, Unreadable
from ratings.core.terms import Term
from ratings.db import components, terms
from ratings.repricing import Successor
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import NOW, SETTINGS, add_prices, rate, rater

FIRST_DAY = {
    "instance": """
        06:00 create vcpu=2 ram=2048 disk=10 name=web flavor=small at=i1
        07:00 exists vcpu=2 ram=2048 disk=10 at=i1
        09:00 power_off at=i1
        10:00 power_on at=i1
        06:30 create vcpu=1 ram=512 disk=5 name=db tenant=globex at=i2""",
    "volume": """
        06:00 create size=2 name=data at=v1
        10:00 exists size=2 at=v1
        06:00 create size=5 tenant=globex at=v2
        11:00 delete tenant=globex at=v2""",
    "volume_snapshot": "06:00 create size=3 at=s1",
    "floating_ip": "06:00 create at=ip1 region=RegionTwo",
    "router": "06:00 create at=r1",
}
LATE = {
    "volume": """
        08:00 resize size=1 at=v1 id=late
        13:00 update size=1 name=renamed at=v1 id=renamed
        15:00 transfer size=1 tenant=globex at=v1 id=sold""",
    "instance": """
        14:00 resize vcpu=4 ram=4096 disk=20 at=i1 id=grown
        11:30 exists vcpu=1 ram=512 disk=5 tenant=globex at=i2 id=heard
        11:20 resize vcpu=1 ram=512 disk=4 tenant=globex at=i2 id=shrunk""",
}
AFTERWARDS = {
    "instance": "19:00 delete at=i1 id=gone\n20:00 create vcpu=1 ram=1 disk=1 at=i1 id=again",
    "volume": "17:00 resize size=2 tenant=globex at=v1 id=later\n12:00 delete at=v9 id=lone",
}


def live(engine: Engine) -> None:
    """Five orders: 1, 3 and 5 of acme, 2 and 4 of globex.

    3 and 4 correct what came late; 5 follows a price that took over. What globex used
    after 4, and evidence that came late after it, wait to be billed.
    """
    add_prices(
        engine,
        [price("vcpu", "0.1"), price("ram", "0.0001"), price("disk", "0.003", free=Decimal(5))],
    )
    add_prices(engine, [price("volume", "0.05", tenant_id="globex"), price("floating_ip", "3")])
    add_prices(engine, [price("router", "7", per="month")])
    agreed(engine)
    volume = repricing.add(engine, SETTINGS, price("volume", "0.1"))
    rate(engine, heard(FIRST_DAY))
    rate(engine, heard({"volume": "09:00 exists size=2 at=v1 id=shuffled"}))
    oddities(engine)
    close(engine, "acme", "12:00")
    close(engine, "globex", "12:00")
    rate(engine, heard(LATE))
    close(engine, "acme", "18:00")
    close(engine, "globex", "18:00")
    rate(engine, heard(AFTERWARDS))
    successor = Successor(Decimal("0.2"), start=instant("11:00"))
    repricing.take_over(engine, SETTINGS, volume.id, successor, NOW, retroactive=True)
    close(engine, "acme", "2026-01-02T00:00")


def agreed(engine: Engine) -> None:
    """A discount and a credit of acme, and a minimum charge of everybody."""
    with engine.begin() as conn:
        components.ensure(conn, SETTINGS.definitions.units())
        for kind, value, tenant_id in (
            ("discount_percent", "10", "acme"),
            ("credit", "1.5", "acme"),
            ("minimum", "2", None),
        ):
            currency = None if kind == "discount_percent" else "USD"
            terms.insert(conn, Term(0, kind, Decimal(value), "agreed", tenant_id, None, currency))


def close(engine: Engine, tenant_id: str, end: str) -> None:
    orders.close(engine, rater(engine), tenant_id, instant(end), NOW)


def heard(journals: dict[str, str]) -> list[Event]:
    """Events of several types; a message id belongs to one of them."""
    return [
        replace(event, message_id=f"{resource_type}-{event.message_id}")
        for resource_type, text in journals.items()
        for event in journal(text, resource_type)
    ]


def oddities(engine: Engine) -> None:
    """What is ignored, parked, or told twice."""
    ignored = Ignored("ignored", "RegionOne", "keypair.create.end", instant("06:00"))
    parked = Unreadable("traits_invalid", "no traits", "parked")
    arrivals = [
        Arrival("RegionOne", ignored, "{}"),
        Arrival("RegionOne", ignored, "{}"),
        Arrival("RegionTwo", parked, "{}"),
    ]
    rater(engine).rate(arrivals)
