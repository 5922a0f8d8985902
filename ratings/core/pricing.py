"""Prices: which one holds, and what a piece of usage costs.

A price is chosen by its rank: tenant over region over general, then the most
matching metadata keys; equal ranks are ordered by their match, so that the
choice never depends on the order in which prices were loaded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from ratings.core.errors import InvalidPrice
from ratings.core.model import Metadata, Price, Segment

MICROSECOND = timedelta(microseconds=1)
PLACES = 12

_PER_MICROSECONDS = {
    "second": 10**6,
    "minute": 60 * 10**6,
    "hour": 3600 * 10**6,
    "day": 86400 * 10**6,
}
PER = (*_PER_MICROSECONDS, "month", "unit")

Piece = tuple[datetime, datetime, Price | None]
_Schedule = tuple[tuple[datetime, ...], tuple[Price | None, ...]]


_DIGITS = 12
MOST_TIERS = 100


def check(price: Price) -> None:
    """InvalidPrice unless `price` can be charged.

    A unit price is finite, not negative, below 10**12, with at most 24 decimal
    places; so are numbers of units. Tiers are 100 at most; they ascend, and begin
    above the free units.
    """
    _check_number("unit_price", price.unit_price)
    _check_number("free", price.free)
    if len(price.tiers) > MOST_TIERS:
        raise InvalidPrice(f"a price has {MOST_TIERS} tiers at most")
    below = price.free
    for tier in price.tiers:
        _check_number("above of a tier", tier.above)
        _check_number("unit_price of a tier", tier.unit_price)
        if tier.above <= below:
            raise InvalidPrice("each tier must begin above the one before it and the free units")
        below = tier.above
    if price.per not in PER:
        raise InvalidPrice(f"per must be one of {', '.join(PER)}, not {price.per!r}")
    if not is_currency(price.currency):
        raise InvalidPrice(f"currency must be an ISO 4217 code, not {price.currency!r}")
    if price.start is not None and price.end is not None and price.end <= price.start:
        raise InvalidPrice("end_at must lie after start_at")


def is_currency(code: str) -> bool:
    """Whether `code` has the form of ISO 4217: three capital letters."""
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


def _check_number(name: str, number: Decimal) -> None:
    if not number.is_finite() or number < 0 or number >= 10**_DIGITS:
        raise InvalidPrice(f"{name} must be from 0 up to 10^{_DIGITS}")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > 2 * PLACES:
        raise InvalidPrice(f"{name} has more than {2 * PLACES} decimal places")


class PriceBook:
    """All prices, answering for each segment which holds when.

    It never changes; a new revision of the prices is a new book. What it has
    worked out once for (component, region, tenant, metadata) it remembers.
    """

    def __init__(
        self,
        prices: Iterable[Price],
        currency: str,
        currencies: Mapping[str, str] | None = None,
    ) -> None:
        """`currencies` are those of tenants that are not billed in `currency`."""
        self._currency = currency
        self._currencies = dict(currencies or {})
        self._by_component: dict[str, list[Price]] = {}
        self._by_id: dict[int, Price] = {}
        self._tenants: set[str] = set(self._currencies)
        for price in sorted(prices, key=_rank):
            self._by_id[price.id] = price
            self._by_component.setdefault(price.component, []).append(price)
            if price.tenant_id is not None:
                self._tenants.add(price.tenant_id)
        self._schedules: dict[tuple[str, str, str | None, Metadata], _Schedule] = {}

    def currency(self, tenant_id: str) -> str:
        """The currency in which `tenant_id` is billed; only prices in it can match."""
        return self._currencies.get(tenant_id, self._currency)

    def __getitem__(self, price_id: int) -> Price:
        """The price of an id. Raises KeyError."""
        return self._by_id[price_id]

    def __iter__(self) -> Iterator[Price]:
        """Every price, in no order that means anything."""
        return iter(self._by_id.values())

    @property
    def graduated(self) -> bool:
        """Whether any price has free units or tiers."""
        return any(price.free or price.tiers for price in self._by_id.values())

    def pieces(self, segment: Segment, region: str) -> list[Piece]:
        """`segment` as adjacent pieces of one price each, months apart where that counts."""
        tenant = segment.tenant_id if segment.tenant_id in self._tenants else None
        key = (segment.component, region, tenant, segment.metadata)
        schedule = self._schedules.get(key)
        if schedule is None:
            schedule = self._schedules[key] = self._schedule(segment, region)
        changes, prices = schedule
        at = bisect_right(changes, segment.start)
        price = prices[at]
        if price is not None and price.per == "unit":
            # A count belongs to the instant at which it begins: it cannot be divided.
            return [(segment.start, segment.end, price)]
        start = segment.start
        pieces: list[Piece] = []
        while at < len(changes) and changes[at] < segment.end:
            change, at = changes[at], at + 1
            following = prices[at]
            if following is not None and following.per == "unit":
                # What began without it is no count of its own; it would be charged once more.
                following = None
            if following is not price:
                pieces += _months(start, change, price)
                start, price = change, following
        pieces += _months(start, segment.end, price)
        return pieces

    def _schedule(self, segment: Segment, region: str) -> _Schedule:
        """Instants at which the best price changes, and the prices between them."""
        metadata = dict(segment.metadata)
        candidates = [
            price
            for price in self._by_component.get(segment.component, ())
            if price.region in (None, region)
            and price.tenant_id in (None, segment.tenant_id)
            and price.currency == self.currency(segment.tenant_id)
            and all(metadata.get(name) == value for name, value in price.match)
        ]
        bounds = {p.start for p in candidates} | {p.end for p in candidates}
        instants = sorted(bound for bound in bounds if bound is not None)
        changes: list[datetime] = []
        prices = [_holding(candidates, None)]
        for instant in instants:
            price = _holding(candidates, instant)
            if price is not prices[-1]:
                changes.append(instant)
                prices.append(price)
        return tuple(changes), tuple(prices)


def _holding(ranked: Sequence[Price], instant: datetime | None) -> Price | None:
    """The first of `ranked` that holds at `instant`; None is before all time."""
    for price in ranked:
        if instant is None:
            if price.start is None:
                return price
        elif (price.start is None or price.start <= instant) and (
            price.end is None or instant < price.end
        ):
            return price
    return None


def _rank(price: Price) -> tuple[bool, bool, int, Metadata, int]:
    return (
        price.tenant_id is None,
        price.region is None,
        -len(price.match),
        price.match,
        price.id,
    )


def _months(start: datetime, end: datetime, price: Price | None) -> list[Piece]:
    """[start, end) cut at the starts of months, if `price` is per month."""
    pieces: list[Piece] = []
    if price is not None and price.per == "month":
        while (following := next_month(start)) < end:
            pieces.append((start, following, price))
            start = following
    pieces.append((start, end, price))
    return pieces


def next_month(instant: datetime) -> datetime:
    """The first instant of the month after that of `instant`."""
    first = instant.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def amount(price: Price, quantity: Decimal, start: datetime, end: datetime) -> Decimal:
    """quantity * unit_price * duration / per, one exact fraction, rounded once.

    Half-even, to 12 decimal places. A piece priced per month must lie in one.
    """
    quantity_n, quantity_d = quantity.as_integer_ratio()
    price_n, price_d = price.unit_price.as_integer_ratio()
    numerator, denominator = quantity_n * price_n, quantity_d * price_d
    if price.per != "unit":
        numerator *= (end - start) // MICROSECOND
        denominator *= per_microseconds(price.per, start)
    return rounded(numerator, denominator)


def units(price: Price, quantity: Decimal, start: datetime, end: datetime) -> Fraction:
    """How many of what the unit price buys: counted things, or things for one `per` each."""
    if price.per == "unit":
        return Fraction(quantity)
    return Fraction(quantity) * Fraction(
        (end - start) // MICROSECOND, per_microseconds(price.per, start)
    )


def per_microseconds(per: str, instant: datetime) -> int:
    """How long one `per` lasts; a month is the calendar month of `instant`."""
    if per == "month":
        following = next_month(instant)
        return (following - (following - timedelta(days=1)).replace(day=1)) // MICROSECOND
    return _PER_MICROSECONDS[per]


def rounded(numerator: int, denominator: int, places: int = PLACES) -> Decimal:
    """numerator / denominator as a decimal of `places`, rounded half-even."""
    whole, rest = divmod(numerator * 10**places, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and whole % 2):
        whole += 1
    return Decimal(f"{whole}E-{places}")
