"""What a real Ceilometer 27 sent, from the bytes of its requests to the ledger."""

import json
import random

from ratings.batch import Arrival
from ratings.readers import Reader, split
from ratings.tests import data
from ratings.tests.journals import DEFINITIONS
from ratings.tests.ledgers import empty, ledger, rater, rows

READER = Reader(DEFINITIONS)
REQUESTS = [
    json.dumps([event]).encode() for event in data.stories("ceilometer_events.json").values()
]


def arrivals(requests):
    return [
        Arrival("RegionOne", received.reading, received.body.decode())
        for request in requests
        for body in split(request)
        for received in READER.read(body, "RegionOne")
    ]


def test_each_event_is_rated_or_ignored_but_backups_that_name_no_resource(database):
    results = rater(database).rate(arrivals(REQUESTS))
    parked = [result.code for result in results if result.state == "parked"]
    assert parked == ["resource_id_missing"] * 3
    assert {result.state for result in results} == {"rated", "ignored", "parked"}


def test_the_journal_keeps_every_body_as_it_was_sent(database):
    rater(database).rate(arrivals(REQUESTS))
    sent = [json.loads(request)[0] for request in REQUESTS]
    kept = [body for (body,) in rows(database, "SELECT body FROM events")]
    kept += [json.loads(body) for (body,) in rows(database, "SELECT body FROM parked_events")]
    in_order = sorted(sent, key=lambda event: event["message_id"])
    assert sorted(kept, key=lambda event: event["message_id"]) == in_order


def test_the_ledger_does_not_depend_on_how_the_agent_delivers(database):
    """An agent has 64 threads: its events arrive out of order, and some of them twice."""
    chance = random.Random(27)
    disordered = REQUESTS + chance.choices(REQUESTS, k=40)
    chance.shuffle(disordered)
    one = rater(database)
    for request in disordered:
        one.rate(arrivals([request]))
    piecemeal = ledger(database)
    assert {row[1] for row in piecemeal} >= {"instance", "volume", "image", "router", "share"}
    empty(database)
    rater(database).rate(arrivals(REQUESTS))
    assert ledger(database) == piecemeal
