"""Adjustments through the life of orders: the law of corrections holds for them, too."""

import random
from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ratings import orders
from ratings.core.adjustments import adjustments
from ratings.core.composing import exact_sum
from ratings.core.errors import InvalidInput
from ratings.core.model import Tier
from ratings.core.orders import Item, Subject
from ratings.core.pricing import PriceBook
from ratings.core.terms import Term
from ratings.db import components, prices, records, terms
from ratings.db.reading import EVERYTHING
from ratings.proving import chained
from ratings.tests import clouds, naive
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import (
    NOW,
    SETTINGS,
    add_prices,
    empty,
    rate,
    rater,
    rows,
)


def agree(database, *agreed):
    with database.begin() as conn:
        components.ensure(conn, SETTINGS.definitions.units())
        for term in agreed:
            terms.insert(conn, term)


def term(kind, value, **more):
    currency = None if kind == "discount_percent" else "USD"
    fields = {"id": 0, "reason": "agreed", "currency": currency, **more}
    return Term(kind=kind, value=Decimal(value), **fields)


def close(database, end, tenant="acme"):
    return orders.close(database, rater(database), tenant, instant(end), NOW).order


def said(lines):
    return [f"{line.kind} {line.amount.normalize():f}" for line in lines]


def test_an_order_says_what_each_term_makes_of_it(database):
    half_above_ten = (Tier(Decimal(10), Decimal("0.5")),)
    add_prices(database, [price("volume", "1", free=Decimal(2), tiers=half_above_ten)])
    agree(database, term("discount_percent", "10"), term("minimum", "20"))
    agree(database, term("credit", "5", tenant_id="acme"))
    rate(database, journal("06:00 create size=2", "volume"))
    order = close(database, "14:00")
    expected = ["usage 16", "free -2", "tier -3", "discount -1.1", "minimum 10.1", "credit -5"]
    assert said(order.lines) == expected
    assert order.total == 15


def test_late_evidence_recalculates_what_was_adjusted(database):
    add_prices(database, [price("volume", "1", free=Decimal(2))])
    agree(database, term("discount_percent", "10", tenant_id="acme"))
    rate(database, journal("06:00 create size=2 id=a\n10:00 exists size=2 id=b", "volume"))
    first = close(database, "10:00")
    rate(database, journal("08:00 resize size=1 id=late\n11:00 delete id=gone", "volume"))
    second = close(database, "12:00")
    assert said(first.lines) == ["usage 8", "free -2", "discount -0.6"]
    assert said(second.lines) == ["usage 2", "free -2"]
    assert said(second.corrections) == [
        "usage -8", "usage 4", "usage 2", "discount 0.6", "discount -0.4",
    ]  # fmt: skip
    assert first.total + second.total == Decimal("3.6")


def test_a_credit_is_used_up_over_several_orders(database):
    add_prices(database, [price("volume", "1")])
    agree(database, term("credit", "10", tenant_id="acme"))
    rate(database, journal("00:00 create size=1", "volume"))
    totals = [close(database, end).total for end in ("06:00", "12:00", "18:00")]
    assert totals == [0, 2, 6]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Every step of shrinking lives through the whole history again.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(clouds.events(), clouds.prices(), st.integers(0, 2**32))
def test_the_orders_of_any_history_add_up_to_what_each_period_comes_to(
    database, events, book, seed
):
    empty(database)
    chance = random.Random(seed)
    agree(database, *any_terms(chance))
    todo = [("event", e) for e in chance.sample(events, len(events))]
    todo += [("price", graduated(chance, one)) for one in book]
    todo += [("close", tenant) for tenant in clouds.TENANTS * 3]
    chance.shuffle(todo)
    ends, issued = dict.fromkeys(clouds.TENANTS, 0), []
    for what, thing in todo:
        if what == "event":
            rate(database, [thing])
        elif what == "price":
            add_prices(database, [thing], retroactive=True)
        else:
            ends[thing] += chance.randint(1, clouds.LENGTH // 3)
            issued += attempt(database, thing, ends[thing])
    for tenant in clouds.TENANTS:
        issued += attempt(database, tenant, 2 * clouds.LENGTH)
    for one in issued:
        assert orders.proven(database, EVERYTHING, one.id) == one
    with database.connect() as conn:
        assert list(chained(conn, SETTINGS, None, lambda *_: None)) == []
    for tenant in clouds.TENANTS:
        billed = exact_sum(one.order.total for one in issued if one.order.tenant_id == tenant)
        assert billed == fresh(database, tenant)


def graduated(chance, one):
    """A price, perhaps with free units and a tier."""
    free = Decimal(chance.choice([0, 0, 1, 5]))
    above = Tier(free + chance.randint(1, 20), Decimal(chance.randint(0, 900)) / 1000)
    return replace(one, free=free, tiers=(above,) if chance.random() < 0.5 else ())


def any_terms(chance):
    for kind in chance.sample(["discount_percent", "discount_amount", "minimum"] * 2, 3):
        start, end = sorted(chance.sample(range(clouds.LENGTH * 2), 2))
        yield term(
            kind,
            chance.randint(1, 30),
            tenant_id=chance.choice([None, *clouds.TENANTS]),
            component=chance.choice([None, "volume"]) if kind.startswith("d") else None,
            start=clouds.START + naive.MINUTE * start,
            end=clouds.START + naive.MINUTE * end,
        )


def attempt(database, tenant, minute):
    """The order, if the tenant has used anything yet; its draft has said the same before."""
    end = clouds.START + naive.MINUTE * minute
    mine = rater(database)
    try:
        expected = orders.draft(database, mine, EVERYTHING, tenant, end, NOW)
    except InvalidInput:
        return []
    found = orders.close(database, mine, tenant, end, NOW)
    assert replace(found.order, digest=None) == expected
    return [found]


def fresh(database, tenant):
    """What all periods of a tenant come to, each made anew of the ledger as it is now."""
    spans = rows(
        database,
        f"""SELECT lower(span), upper(span) FROM sales_orders WHERE tenant_id = '{tenant}'
            ORDER BY span""",
    )
    with database.connect() as conn:
        book = PriceBook(prices.load(conn), "USD")
        agreed = terms.standing(conn, tenant)
        current = records.page(conn, EVERYTHING, limit=10_000, tenant_id=tenant, superseded=False)
    amounts = [row.amount for row in current if row.amount is not None]
    for number, (start, end) in enumerate(spans):
        items = [
            Item(
                Subject(row.region, row.resource_type, row.resource_id, None),
                records.of(row),
                "unit",
                None if row.price_id is None else book[row.price_id].per,
            )
            for row in current
            if row.start < end and (number == 0 or row.start >= start)
        ]
        amounts += [one.amount for one in adjustments(start, end, "USD", items, book, agreed)]
    return exact_sum(amounts)
