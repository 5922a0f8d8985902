"""Explaining: how an amount comes about, and why a record begins and ends where it does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from ratings.core.model import Key, Record
from ratings.core.orders import Adjustment, Basis
from ratings.core.pricing import MICROSECOND, PLACES, per_microseconds
from ratings.core.writing import plain

_DIGITS = 30
"""Decimal places up to which a fraction is written out."""


@dataclass(frozen=True, slots=True)
class Working:
    """An amount worked out: one exact fraction, rounded once.

    quantity, unit_price: the factors; of an adjustment the quantity is shown rounded.
    seconds, per_seconds: the time charged, and how long one `per` is; None where
                          time does not count.
    fraction: the product, exactly, in lowest terms.
    decimal:  the same written out; "..." where it goes on after 30 places.
    amount:   `fraction` rounded half-even to 12 places.
    sentence: all of it for a person.
    """

    quantity: Decimal
    unit_price: Decimal
    seconds: Decimal | None
    per: str | None
    per_seconds: Decimal | None
    fraction: Fraction
    decimal: str
    amount: Decimal
    sentence: str

    @property
    def rounded(self) -> bool:
        """Whether `amount` is not all of the fraction."""
        return Fraction(self.amount) != self.fraction


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event of the journal, as the record between it and its neighbour has it.

    id:      of its row; there is the body.
    content: what it said, as JSON.
    foreign: whether it is of a time that belongs to another tenant: only
             type and time are told of such a one, the rest is None.
    """

    id: int | None
    message_id: str | None
    event_type: str
    event_time: datetime
    received_at: datetime | None
    action: str | None
    content: str | None
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a record is cut at an instant.

    kind: event, order (its end), price (another holds from there), month (it ends,
          and the price is per month) or window (of samples). The first three have one
          attribute each; of the two prices one is None where there is none, or where it
          is not known any more.
    """

    kind: str
    event: Sighting | None = None
    order_id: int | None = None
    price_before: int | None = None
    price_after: int | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A current record of the same kind that ends where another begins, or the reverse."""

    price_id: int | None


def seen_by(tenant_id: str, owners: Collection[str], event: Sighting) -> Sighting:
    """What the tenant of a record may know of an event.

    `owners` are whom the event names, or else the last ones up to it; if that is
    nobody, the resource has had one owner only.
    """
    if set(owners) <= {tenant_id}:
        return event
    return replace(
        event,
        id=None,
        message_id=None,
        received_at=None,
        action=None,
        content=None,
        foreign=True,
    )


def nearest(events: Sequence[tuple[Key, Sighting]], *, last: bool) -> Sighting | None:
    """The last, or the first, of `events` in the one order of a timeline."""
    if not events:
        return None
    choose = max if last else min
    return choose(events, key=lambda event: event[0])[1]


def causes(
    record: Record,
    at: datetime,
    per: str | None,
    validity: tuple[datetime | None, datetime | None],
    event: Sighting | None,
    order_id: int | None,
    neighbour: Neighbour | None,
    *,
    sampled: bool = False,
) -> list[Cause]:
    """Why `record` begins or ends `at` one of its bounds; all reasons there are.

    validity:  when its price holds now. event: the one beside that bound.
    order_id:  the tenant's order that ends there. neighbour: what is on the other side.
    sampled:   whether it is of samples, and so of windows.
    """
    found = []
    if event is not None and event.event_time == at:
        found.append(Cause("event", event=event))
    if order_id is not None:
        found.append(Cause("order", order_id=order_id))
    if per == "month" and _begins_a_month(at):
        found.append(Cause("month"))
    if neighbour is not None:
        changes = neighbour.price_id != record.price_id
    else:
        # Events and orders stay; so what nothing explains any more was another price.
        told = bool(found) and found[0].kind == "event"
        changes = not (found or sampled) or (not told and at in validity)
    if sampled and not found and not changes:
        found.append(Cause("window"))
    if changes:
        other = None if neighbour is None else neighbour.price_id
        begins = at == record.start
        before, after = (other, record.price_id) if begins else (record.price_id, other)
        found.append(Cause("price", price_before=before, price_after=after))
    return found


def _begins_a_month(at: datetime) -> bool:
    at = at.astimezone(UTC)
    return at == at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def of_record(record: Record, unit: str, per: str) -> Working | None:
    """How the amount of a record comes about; None without a price."""
    if record.amount is None or record.unit_price is None:
        return None
    said = f"{plain(record.quantity)} {unit} x {plain(record.unit_price)} {record.currency}"
    fraction = Fraction(record.quantity) * Fraction(record.unit_price)
    seconds = per_seconds = None
    if per != "unit":
        lasted = (record.end - record.start) // MICROSECOND
        one = per_microseconds(per, record.start)
        fraction *= Fraction(lasted, one)
        seconds, per_seconds = _seconds(lasted), _seconds(one)
        said += f" x {plain(seconds)} s / {plain(per_seconds)} s"
    return Working(
        quantity=record.quantity,
        unit_price=record.unit_price,
        seconds=seconds,
        per=per,
        per_seconds=per_seconds,
        fraction=fraction,
        decimal=written(fraction),
        amount=record.amount,
        sentence=f"{said} = {_result(fraction, record.amount, record.currency)}",
    )


def of_adjustment(adjustment: Adjustment, basis: Basis, currency: str) -> Working:
    """How the amount of an adjustment comes about."""
    quantity = plain(adjustment.quantity)
    if adjustment.unit_price:
        quantity = written(basis.amount / Fraction(adjustment.unit_price))
    said = f"{quantity} {adjustment.unit} x {plain(adjustment.unit_price)}"
    return Working(
        quantity=adjustment.quantity,
        unit_price=adjustment.unit_price,
        seconds=None,
        per=None,
        per_seconds=None,
        fraction=basis.amount,
        decimal=written(basis.amount),
        amount=adjustment.amount,
        sentence=f"{said} = {_result(basis.amount, adjustment.amount, currency)}",
    )


def written(fraction: Fraction) -> str:
    """A fraction as a decimal; "..." where it goes on after 30 places."""
    shifted, rest = divmod(abs(fraction.numerator) * 10**_DIGITS, fraction.denominator)
    digits = str(shifted).rjust(_DIGITS + 1, "0")
    text = f"{digits[:-_DIGITS]}.{digits[-_DIGITS:]}"
    text = f"{text}..." if rest else text.rstrip("0").rstrip(".")
    return f"-{text}" if fraction < 0 else text


def _result(fraction: Fraction, amount: Decimal, currency: str) -> str:
    if Fraction(amount) == fraction:
        return f"{written(fraction)} {currency} exactly"
    return f"{written(fraction)} {currency}, rounded half-even to {PLACES} places: {plain(amount)}"


def _seconds(microseconds: int) -> Decimal:
    whole, rest = divmod(microseconds, 10**6)
    return Decimal(f"{whole}.{rest:06}")
