"""``/v1/status``."""

from __future__ import annotations

from wsme.types import ArrayType

from ratings.api.types.json_object import JsonObject
from ratings.api.types.spool import SpoolStatus
from ratings.api.values import LARGEST, Flag, Instant, Text, Texts, Whole


class ParkedCount(JsonObject):
    """What is parked for one reason; `waiting_seconds` is the age of the oldest."""

    code = Text()
    events = Whole()
    oldest_at = Instant()
    waiting_seconds = Whole()


class RegionStatus(JsonObject):
    """What came in from a region; `lag_seconds` is the age of its newest rated event.

    Of one that is ahead of the clock it is negative.
    """

    region = Text()
    received = Whole()
    rated = Whole()
    ignored = Whole()
    parked = Whole()
    duplicate = Whole()
    last_event_time = Instant()
    last_received_at = Instant()
    lag_seconds = Whole(-LARGEST)


class Unpriced(JsonObject):
    """Usage without a price; of each component at most 1000 records are counted."""

    component = Text()
    unit = Text()
    metadata = Texts()
    records = Whole()


class DeliveryError(JsonObject):
    """Orders that wait, by the code of their last error."""

    code = Text()
    orders = Whole()


class OutboxStatus(JsonObject):
    """What a driver is owed, and got; `waiting_seconds` is the age of the oldest pending."""

    driver = Text()
    pending = Whole()
    delivered = Whole()
    oldest_pending_at = Instant()
    last_delivered_at = Instant()
    waiting_seconds = Whole()
    errors = ArrayType(DeliveryError)


class Status(JsonObject):
    """received = rated + ignored + parked, or `balanced` is false."""

    version = Text()
    schema = Text()
    received = Whole()
    rated = Whole()
    ignored = Whole()
    parked = Whole()
    duplicate = Whole()
    balanced = Flag()
    parked_by_code = ArrayType(ParkedCount)
    regions = ArrayType(RegionStatus)
    prices = Whole()
    outbox = ArrayType(OutboxStatus)
    spool = SpoolStatus
    unpriced = ArrayType(Unpriced)
