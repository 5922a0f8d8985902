"""Adjustments compared with a naive calculation: minute by minute, unit by unit, in fractions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ratings.core.adjustments import adjustments
from ratings.core.model import Price, Record, Tier
from ratings.core.orders import Item, Subject
from ratings.core.pricing import PriceBook, amount
from ratings.core.terms import Term

START = datetime(2026, 1, 1, tzinfo=UTC)
LENGTH = 48
HOUR = timedelta(hours=1)
END = START + LENGTH * HOUR
PLACES = Fraction(1, 10**12)

hours = st.integers(0, LENGTH)
money = st.integers(0, 999).map(lambda cents: Decimal(cents) / 100)
some = st.integers(1, 40).map(Decimal)


@st.composite
def prices(draw):
    """One price of each of two components, or one that takes over from another; any per."""
    found = []
    for component in ("vcpu", "traffic"):
        per = draw(st.sampled_from(["hour", "unit"]))
        change = draw(st.none() | st.integers(1, LENGTH - 1))
        bounds = [None, *([START + change * HOUR] if change else []), None]
        for start, end in pairwise(bounds):
            price = Price(len(found) + 1, component, draw(money), "USD", per=per)
            found.append(replace(draw(graduations(price)), start=start, end=end))
    return found


@st.composite
def graduations(draw, price):
    free = draw(st.just(Decimal()) | some)
    above = sorted(draw(st.sets(some, max_size=2)))
    tiers = tuple(Tier(free + number, draw(money)) for number in above)
    return replace(price, free=free, tiers=tiers)


@st.composite
def items(draw, found):
    """Usage of a few resources, each record within the time of its price."""
    made = []
    for number in range(draw(st.integers(0, 6))):
        price = draw(st.sampled_from(found))
        since = max(price.start or START, START)
        until = min(price.end or END, END)
        start = since + draw(st.integers(0, int((until - since) / HOUR) - 1)) * HOUR
        end = start + draw(st.integers(1, int((until - start) / HOUR))) * HOUR
        quantity = Decimal(draw(st.integers(0, 80))) / 10
        cost = amount(price, quantity, start, end)
        record = Record(
            price.component,
            start,
            end,
            "acme",
            quantity,
            (),
            "USD",
            price.unit_price,
            price.id,
            cost,
        )
        made.append(Item(Subject("RegionOne", "thing", f"r{number}", None), record, "u", price.per))
    return made


@st.composite
def terms(draw):
    """Discounts with bounds on whole hours, and at most one minimum of everybody."""
    found = []
    for number in range(draw(st.integers(0, 3))):
        start, end = sorted((draw(hours), draw(hours)))
        found.append(
            Term(
                id=number,
                kind="discount_percent",
                value=Decimal(draw(st.integers(1, 100))),
                reason="agreed",
                component=draw(st.sampled_from([None, "vcpu", "traffic"])),
                start=START + start * HOUR,
                end=START + (end + 1) * HOUR,
            )
        )
    if draw(st.booleans()):
        found.append(
            Term(
                id=9, kind="minimum", value=draw(some), reason="agreed", currency="USD",
                start=START, end=START + LENGTH * HOUR / 2,
            )
        )  # fmt: skip
    return found


@given(st.data())
def test_an_order_period_comes_to_what_walking_through_it_gives(data):
    book, agreed = data.draw(prices()), data.draw(terms())
    used = data.draw(items(book))
    found = adjustments(START, END, "USD", used, PriceBook(book, "USD"), agreed)
    charged = sum(item.record.amount for item in used) + sum(one.amount for one in found)
    expected = walked(used, {price.id: price for price in book}, agreed)
    # Each record and each adjustment is rounded once.
    assert abs(Fraction(charged) - expected) <= PLACES * (len(used) + len(found) + 1)


def walked(used, book, agreed):
    """What a period comes to, if every unit is taken in turn and every hour by itself."""
    total = Fraction(0)
    for component in ("vcpu", "traffic"):
        mine = [item for item in used if item.record.component == component]
        graded = any(book[i.record.price_id].free or book[i.record.price_id].tiers for i in mine)
        position = Fraction(0)
        for item in sorted(mine, key=lambda i: (i.record.start, i.subject.resource_id)):
            record, price = item.record, book[item.record.price_id]
            length = int((record.end - record.start) / HOUR)
            count = Fraction(record.quantity) * (1 if price.per == "unit" else length)
            cost = sum(
                (unit_price(price, position, tenth) if graded else Fraction(price.unit_price)) / 10
                for tenth in range(int(count * 10))
            )
            position += count
            total += discounted(record, price, Fraction(cost), length, agreed)
    return max(total, least(agreed))


def unit_price(price, position, tenth):
    """What the tenth of a unit costs that follows so many."""
    reached = position + Fraction(tenth, 10)
    if reached < price.free:
        return Fraction(0)
    passed = [tier.unit_price for tier in price.tiers if reached >= tier.above]
    return Fraction(passed[-1] if passed else price.unit_price)


def discounted(record, price, cost, length, agreed):
    """`cost` spread over the hours of a record, each with the discounts that hold in it."""
    total = Fraction(0)
    for hour in range(1 if price.per == "unit" else length):
        moment = record.start + hour * HOUR
        share = cost if price.per == "unit" else cost / length
        for term in agreed:
            concerned = term.component in (None, record.component)
            if term.kind == "discount_percent" and concerned and term.start <= moment < term.end:
                share *= 1 - Fraction(term.value) / 100
        total += share
    return total


def least(agreed):
    return sum((Fraction(t.value) / 2 for t in agreed if t.kind == "minimum"), Fraction(0))
