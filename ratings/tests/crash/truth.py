"""What the ledger should be, and what a service says of itself."""

import json
from decimal import Decimal

from ratings.batch import Arrival
from ratings.core.model import Price
from ratings.readers import Reader
from ratings.tests.crash.telemetry import events
from ratings.tests.journals import DEFINITIONS
from ratings.tests.ledgers import add_prices, ledger, rater, rows

PRICES = {"vcpu": "0.03", "ram": "0.0000071", "disk": "0.00011"}


def accounted(service):
    """What the service says it received, if that adds up."""
    status = service.ask("/v1/status")
    assert status["balanced"]
    assert status["received"] == status["rated"] + status["ignored"] + status["parked"]
    return {name: status[name] for name in ("received", "rated", "duplicate")}


def priced(database):
    """Add the prices."""
    add_prices(
        database,
        [
            Price(id=0, component=component, unit_price=Decimal(unit_price), currency="USD")
            for component, unit_price in PRICES.items()
        ],
    )


def undisturbed(database):
    """The ledger of a rater that nobody disturbs."""
    priced(database)
    reader = Reader(DEFINITIONS)
    for event in events():
        (received,) = reader.read(json.dumps(event).encode(), "RegionOne")
        (result,) = rater(database).rate(
            [Arrival("RegionOne", received.reading, received.body.decode())]
        )
        assert result.state == "rated"
    return ledger(database)


def journaled(engine):
    return {message_id for (message_id,) in rows(engine, "SELECT message_id FROM events")}
