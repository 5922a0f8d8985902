"""Deliveries: what is handed to an ERP, how often, and what can go wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ratings.core.orders import Issued

_SPREAD = 250
"""Thousandths of a pause that it may be shorter by, so that what failed together parts."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """An issued order, proven to be what it was, on its way.

    key: the same for each attempt and for no other order; who keeps it can tell that
    the order came before.
    """

    issued: Issued
    key: str


Deliver = Callable[[Parcel], str]
"""A driver, ready for use: hands a parcel over and says under what reference it arrived.

It may be called again for a parcel that arrived, and must then find it and hand over
nothing. Raises `Refused` and `Unreachable`.
"""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: before the second attempt, before any, and for one to end.

    lease: longer than any attempt of any driver takes, and than clocks differ.
    """

    first: timedelta
    longest: timedelta
    lease: timedelta


class DeliveryError(Exception):
    """An order that did not arrive, or not surely; it stays in the outbox with `code`."""

    code = "erp_refused"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class Refused(DeliveryError):
    """This order cannot be taken as things are, and was not."""


class Unreachable(DeliveryError):
    """The other side takes no order at all now; it is not known what it did with this one."""

    code = "erp_unreachable"


def key(order_id: int, digest: str) -> str:
    """The idempotency key of an order."""
    return f"ratings-{order_id}-{digest[:16]}"


def pause(patience: Patience, order_id: int, driver: str, attempts: int) -> timedelta:
    """How long to wait after that many attempts: twice as long each time, up to a limit.

    Somewhat less, by an amount that depends on the order and the attempt only.
    """
    doublings = min(attempts - 1, 30)
    whole = min(patience.first * (1 << doublings), patience.longest)
    dice = hashlib.sha256(f"{order_id} {driver} {attempts}".encode()).digest()
    return whole * (1000 - int.from_bytes(dice[:4]) % _SPREAD) // 1000
