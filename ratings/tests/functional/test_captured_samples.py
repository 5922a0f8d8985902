"""What a real Ceilometer 27 posted as samples, from the bytes of its requests to the ledger."""

import json
import random
import uuid
from itertools import chain

from ratings import repricing
from ratings.auditing import audit
from ratings.batch import Arrival
from ratings.closing import close_each, tenants
from ratings.rater import Rater
from ratings.readers import Reader, split
from ratings.tests import data
from ratings.tests.journals import instant, price
from ratings.tests.ledgers import NOW, empty, ledger

REQUESTS = json.loads(data.text("ceilometer_samples.json"))
PRICED = ("vcpus", "memory", "disk.root.size", "volume.size", "snapshot.size", "backup.size")
END = instant("2026-12-01T00:00")


def post(client, request):
    answer = client.post("/v1/samples?region=RegionOne", json=request)
    assert answer.status_code == 202
    return answer.json()


def late(request):
    """Samples of November, told before the clock of the test API came there."""
    told = json.dumps(request).replace("2026-11-21T", "2026-01-21T")
    return json.loads(told)


def redelivered(request):
    """The same, after Ceilometer handled its notification once more."""
    if isinstance(request, dict):
        return {**request, "id": str(uuid.uuid4())}
    return [redelivered(one) for one in request]


def prices(client):
    for component in PRICED:
        body = {"resource_type": component, "unit_price": "0.25"}
        assert client.post("/v1/prices", json=body).status_code == 201


def test_each_is_taken_in_and_known_again_when_it_is_delivered_again(client, database, settings):
    prices(client)
    received = sum(post(client, late(request))["received"] for request in REQUESTS)
    again = [post(client, redelivered(late(request))) for request in REQUESTS]
    assert sum(answer["duplicate"] for answer in again) == received
    status = client.get("/v1/status").json()
    assert (status["received"], status["parked"], status["balanced"]) == (received, 0, True)
    assert list(audit(database, settings)) == []


def test_the_ledger_does_not_depend_on_how_the_agent_delivers(database, settings):
    chance = random.Random(27)
    disordered = REQUESTS + chance.choices(REQUESTS, k=30)
    chance.shuffle(disordered)
    piecemeal = rated(database, settings, disordered)
    assert {row[3] for row in piecemeal} == set(PRICED)
    empty(database)
    assert (
        rated(database, settings, [list(chain.from_iterable(map(listed, REQUESTS)))]) == piecemeal
    )


def rated(database, settings, requests):
    """The ledger after `requests`, when the month is billed."""
    for component in PRICED:
        repricing.add(database, settings, price(component, "0.25"))
    reader, rater = Reader(settings.definitions), Rater(database, settings, lambda: NOW)
    for request in requests:
        body = json.dumps(redelivered(request)).encode()
        rater.rate(
            [
                Arrival("RegionOne", received.reading, received.body.decode())
                for one in split(body)
                for received in reader.read_sample(one, "RegionOne")
            ]
        )
    for outcome in close_each(
        database, rater, tenants(database, END), END, lambda: NOW, strict=True
    ):
        assert outcome.state == "issued"
    return ledger(database)


def listed(request):
    return request if isinstance(request, list) else [request]
