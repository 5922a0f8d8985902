"""Orders to export: one written by hand, and any that hypothesis can think of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from hypothesis import strategies as st

from ratings.core.composing import compose, corrected, sealed
from ratings.core.model import Price, Record
from ratings.core.orders import Adjustment, Issued, Item, Order, Subject
from ratings.core.pricing import amount, rounded
from ratings.exporters.parties import Address, Invoice, Parties, Party, Payment, Vat

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
ISSUED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)

SELLER = Party(
    name="Wolkenbruch GmbH",
    trading_name="Wolkenbruch",
    address=Address(country="DE", street="Am Deich 1", city="Husum", postcode="01234"),
    vat_id="DE123456788",
    legal_id="HRB 4711",
    endpoint="bills@wolkenbruch.example",
    contact="Bookkeeping",
    phone="+49 4841 1",
    email="bills@wolkenbruch.example",
)
BUYER = Party(
    name="Acme S.A.",
    address=Address(country="FR", street="1 rue du Port", city="Brest", postcode="29200"),
    vat_id="FR40303265045",
    endpoint="0002:303265045",
    endpoint_scheme="0009",
    account="C-1001",
)
PARTIES = Parties(
    seller=SELLER,
    buyer=BUYER,
    vat=Vat(category="S", rate=Decimal(19)),
    payment=Payment(due_days=14, means="58", iban="DE02120300000000202051", bic="BYLADEM1001"),
    invoice=Invoice(number_prefix="RC-", buyer_reference="04011000-1234512345-06"),
)

WEB = Subject("RegionOne", "instance", "i-1", "web")
DATA = Subject("RegionOne", "volume", "v-1", None)
ADDRESS = Subject("RegionTwo", "floating_ip", "ip-1", "192.0.2.7")

VCPU = Price(1, "vcpu", Decimal("0.0123"), "EUR", per="hour")
VOLUME = Price(2, "volume", Decimal("0.07"), "EUR", per="month")
SNAPSHOT = Price(3, "traffic", Decimal("0.1"), "EUR", per="unit")


def usage(subject, price, quantity, start, end, *, sign=1, unit=None):
    """An item of a record that costs what the price says."""
    charged = None if price.unit_price is None else amount(price, quantity, start, end)
    record = Record(
        component=price.component,
        start=start,
        end=end,
        tenant_id="acme",
        quantity=quantity,
        metadata=(),
        currency=price.currency,
        unit_price=price.unit_price,
        price_id=price.id,
        amount=charged,
    )
    return Item(subject, record, unit or price.component, price.per, sign)


def unpriced(subject, component, quantity, start, end):
    record = Record(component, start, end, "acme", quantity, (), "EUR")
    return Item(subject, record, component, None)


def adjustment(kind, quantity, unit_price, description, *, component=None, reason=None, sign=1):
    return Adjustment(
        kind=kind,
        source=9,
        component=component,
        unit="EUR",
        quantity=quantity,
        unit_price=unit_price,
        start=JANUARY if reason else FEBRUARY,
        end=FEBRUARY if reason else MARCH,
        amount=rounded(*(quantity * unit_price).as_integer_ratio()),
        description=description,
        sign=sign,
        reason=reason,
    )


def bill(items=(), adjustments=(), currency="EUR"):
    """The order of February, the digest of the one before it made up."""
    found = corrected(items, FEBRUARY)
    return sealed(compose("acme", FEBRUARY, MARCH, currency, found, adjustments, "0" * 64))


def issued(order: Order, number: int = 7) -> Issued:
    return Issued(number, ISSUED, order.digest, order)


def february() -> Issued:
    """Everything that an order can hold: each kind of line, corrections, usage without a price."""
    items = [
        usage(WEB, VCPU, Decimal(2), FEBRUARY, FEBRUARY + 100 * HOUR),
        usage(WEB, VCPU, Decimal(4), FEBRUARY + 100 * HOUR, MARCH),
        usage(DATA, VOLUME, Decimal(50), FEBRUARY, MARCH, unit="GiB"),
        usage(ADDRESS, SNAPSHOT, Decimal("3.5"), FEBRUARY, FEBRUARY + HOUR, unit="GB"),
        usage(ADDRESS, SNAPSHOT, Decimal("3.5"), FEBRUARY + HOUR, FEBRUARY + 2 * HOUR, unit="GB"),
        usage(DATA, VOLUME, Decimal(40), JANUARY, FEBRUARY, sign=-1, unit="GiB"),
        usage(DATA, VOLUME, Decimal(20), JANUARY, FEBRUARY, unit="GiB"),
        unpriced(ADDRESS, "floating_ip", Decimal(1), FEBRUARY, MARCH),
    ]
    adjustments = [
        adjustment("free", Decimal(100), Decimal("-0.0123"), "first 100 free", component="vcpu"),
        adjustment("tier", Decimal(500), Decimal("-0.002"), "above 1000", component="vcpu"),
        adjustment("discount", Decimal("33.335"), Decimal("-0.1"), "partner"),
        adjustment("minimum", Decimal("4.4444"), Decimal(1), "least charge"),
        adjustment("credit", Decimal(5), Decimal(-1), "welcome"),
        adjustment(
            "discount", Decimal(2), Decimal("-0.1"), "partner", reason="recalculated", sign=-1
        ),
    ]
    return issued(bill(items, adjustments))


names = st.text(max_size=12) | st.sampled_from(["=1+1", "-2", '"quoted"', "a,b", "line\nbreak"])
quantities = st.decimals(0, 10**6, places=3)
prices_of_units = st.decimals(0, 1000, places=6)
moments = st.integers(0, 28 * 24 * 3600 * 10**6)


@st.composite
def orders(draw, currency="EUR"):
    """Orders that `compose` makes: usage, what is taken back, what has no price, adjustments."""
    ids = count(1)
    prices = [
        Price(next(ids), f"c{draw(st.integers(0, 3))}", draw(prices_of_units), currency, per=per)
        for per in draw(st.lists(st.sampled_from(["second", "hour", "day", "month", "unit"])))
    ]
    items = [draw(_items(price)) for price in prices]
    if draw(st.booleans()):
        items.append(unpriced(WEB, "gpu", Decimal(1), FEBRUARY, MARCH))
    kinds = draw(st.lists(st.sampled_from(["free", "tier", "discount", "minimum", "credit"])))
    adjustments = [
        adjustment(
            kind,
            draw(quantities),
            Decimal(1) if kind == "minimum" else draw(prices_of_units) * -1,
            draw(names),
            reason=draw(st.sampled_from([None, "recalculated"])),
            sign=draw(st.sampled_from([1, -1])),
        )
        for kind in kinds
    ]
    return bill(items, adjustments, currency)


@st.composite
def _items(draw, price):
    resource = draw(st.sampled_from(["instance", "volume", "spaceship"]))
    subject = Subject("RegionOne", resource, f"r{draw(st.integers(0, 9))}", draw(st.none() | names))
    month = draw(st.sampled_from([JANUARY, FEBRUARY]))
    start, end = sorted([draw(moments), draw(moments)])
    start, end = (month + timedelta(microseconds=at) for at in (start, end + 1))
    sign = -1 if month == JANUARY and draw(st.booleans()) else 1
    item = usage(subject, price, draw(quantities), start, end, unit="piece")
    return item._replace(sign=sign)
