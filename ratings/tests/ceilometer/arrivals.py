"""What has arrived, and whether the ledger says what it should."""

from ratings.tests.brokers import until
from ratings.tests.ceilometer.notifications import rate_directly
from ratings.tests.ledgers import OVERLAPS, ledger, rows, scalar

TALLIES = "SELECT sum(received), sum(rated), sum(ignored), sum(parked) FROM tallies"


def received(engine):
    return scalar(engine, "SELECT sum(received) FROM tallies") or 0


def duplicates(engine):
    return scalar(engine, "SELECT sum(duplicate) FROM tallies")


def await_all(engine, agent, count):
    """Wait until as much was received."""
    until(lambda: received(engine) >= count, agent.log)


def assert_as_read_directly(engine, twin, told, elements=None):
    """The same counts, nothing parked, and the ledger of who reads notifications himself.

    elements: how many events `told` are, where not one each.
    """
    rate_directly(twin, told)
    ((everything, _, _, parked),) = rows(twin, TALLIES)
    assert (everything, parked) == (elements or len(told), 0)
    assert rows(engine, TALLIES) == rows(twin, TALLIES)
    assert scalar(engine, OVERLAPS) == 0
    assert ledger(engine) == ledger(twin)
