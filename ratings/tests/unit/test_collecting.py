"""What becomes of a batch of notifications, without a broker: oslo.messaging's own messages."""

import json
from collections import Counter
from functools import partial

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import ProgrammingError

from ratings.batch import Result
from ratings.cmd.collector import told
from ratings.collectors.messages import KEPT, Whole, wire
from ratings.collectors.notifications import Batches, Tally
from ratings.core.errors import Unavailable
from ratings.core.model import Unreadable
from ratings.metrics.messages import MessageMetrics
from ratings.readers import Reader
from ratings.tests.journals import DEFINITIONS

READER = Reader(DEFINITIONS)


class Delivery:
    """What kombu hands to the driver of oslo.messaging."""

    def __init__(self, body, *, redelivered=False):
        self.body = body
        self.delivery_info = {"redelivered": redelivered}

    @property
    def payload(self):
        return json.loads(self.body)


class Incoming:
    """What the driver hands to the dispatcher."""

    def __init__(self, body=None, ctxt=(), **message):
        self.ctxt = dict(ctxt)
        self.message = message if body is None else Whole(Delivery(body))


def volume(number, **more):
    return Incoming(
        message_id=f"m{number}",
        event_type="volume.create.end",
        timestamp=f"2026-01-01 0{number}:00:00",
        payload={"volume_id": f"v{number}", "tenant_id": "acme", "size": 1},
        **more,
    )


class Ledger:
    """A rater that remembers; it refuses what a test tells it to."""

    def __init__(self, refusal=None, breaks_on=()):
        self.refusal = refusal
        self.breaks_on = set(breaks_on)
        self.batches = []

    def rate(self, arrivals):
        if self.refusal is not None:
            raise self.refusal
        broken = [one for one in arrivals if one.reading.message_id in self.breaks_on]
        if any(not isinstance(one.reading, Unreadable) for one in broken):
            raise ZeroDivisionError
        self.batches.append([(one.region, one.reading.message_id) for one in arrivals])
        return [Result("parked" if one in broken else "rated") for one in arrivals]


def test_a_batch_is_one_call_of_the_rater_and_nothing_of_it_is_requeued():
    ledger = Ledger()
    batches = Batches("north", READER, ledger.rate)
    assert batches.dispatch([volume(1), volume(2)]) == set()
    assert ledger.batches == [[("north", "m1"), ("north", "m2")]]
    tally = batches.tally()
    assert (tally.batches, tally.messages, tally.results) == (1, 2, Counter(rated=2))
    assert tally.seconds > 0
    assert batches.tally().messages == 0


@pytest.mark.parametrize(
    "refusal",
    [Unavailable("down"), ProgrammingError("SELECT", {}, Exception("no table")), OSError("bug")],
    ids=lambda error: type(error).__name__,
)
def test_what_could_not_be_made_durable_is_requeued_and_nothing_else_is_begun(refusal):
    ledger = Ledger(refusal)
    batches = Batches("north", READER, ledger.rate)
    lost, unseen = [volume(1), volume(2)], [volume(3)]
    assert batches.dispatch(lost) == set(lost)
    assert batches.closed.is_set()
    ledger.refusal = None
    assert batches.dispatch(unseen) == set(unseen)
    assert ledger.batches == []
    assert (batches.rated, batches.tally().results) == (0, Counter(requeued=3))
    batches.closed.clear()
    assert batches.dispatch(lost + unseen) == set()
    assert batches.rated == 1


def test_an_event_that_breaks_the_rater_is_parked_and_costs_no_other_of_its_batch():
    ledger = Ledger(breaks_on=["m2"])
    batches = Batches("north", READER, ledger.rate)
    assert batches.dispatch([volume(1), volume(2), volume(3)]) == set()
    assert [one for batch in ledger.batches for _, one in batch] == ["m1", "m2", "m3"]
    assert batches.tally().results == Counter(rated=2, parked=1)
    assert not batches.closed.is_set()


def test_a_reader_that_breaks_costs_no_event():
    class Broken:
        def read_notification(self, body, region):
            raise ZeroDivisionError

    ledger = Ledger()
    assert Batches("north", Broken(), ledger.rate).dispatch([volume(1)]) == set()
    assert ledger.batches == [[("north", None)]]


def test_of_the_context_only_who_asked_and_when_is_kept():
    context = {name: name for name in KEPT} | {"auth_token": "secret", "service_catalog": []}
    found = json.loads(wire(volume(1, ctxt=context)))
    assert {key for key in found if key.startswith("_context_")} == {
        f"_context_{name}" for name in KEPT
    }
    body = json.dumps({f"_context_{key}": value for key, value in context.items()} | {"a": 1})
    assert {*json.loads(wire(Incoming(body)))} == {f"_context_{name}" for name in KEPT} | {"a"}


def test_the_driver_finds_nothing_in_a_message_to_trip_over_and_all_of_it_is_kept():
    body = '{"_context_self": 1, "_unique_id": [], "event_type": "e", "payload": {}}'
    one = Incoming(body)
    assert dict(one.message) == {}
    assert json.loads(wire(one)) == {"event_type": "e", "payload": {}}


@pytest.mark.parametrize(
    "body", ["{", "[1]", '[{"a": 1, "b": 2}]', "7", '"text"', b"\xff", '{"size": 1e9999}']
)
def test_what_cannot_be_decoded_is_passed_on_as_it_is(body):
    text = body if isinstance(body, str) else "\\xff"
    assert wire(Incoming(body)).decode() == text


def test_the_log_tells_batches_seconds_and_what_became_of_everything():
    tally = Tally(2, 300, 0.4125, Counter(rated=280, ignored=20))
    assert told(tally) == (
        "300 notifications in 2 batches, 0.412 s of rating: ignored 20, rated 280"
    )


def test_what_the_broker_has_handed_out_before_is_counted():
    body = json.dumps({"message_id": "1", "event_type": "volume.create.end"})
    again = Incoming()
    again.message = Whole(Delivery(body, redelivered=True))
    registry, ledger = CollectorRegistry(), Ledger()
    told = partial(MessageMetrics(registry).dispatched, "west")
    batches = Batches("north", READER, ledger.rate, dispatched=told)
    assert batches.dispatch([volume(1), again]) == set()
    ledger.refusal = Unavailable("the database is away")
    assert len(batches.dispatch([volume(2)])) == 1

    def value(name, **labels):
        return registry.get_sample_value(name, {"source": "west", **labels})

    assert value("ratings_notifications_total", result="acknowledged") == 2
    assert value("ratings_notifications_total", result="requeued") == 1
    assert value("ratings_notifications_redelivered_total") == 1
