"""The laws of the core, for any cloud: compared with a naive second calculation."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ratings.core.ledger import Rules, derive, settle
from ratings.core.model import Event, Price, Record, State
from ratings.core.pricing import PriceBook
from ratings.core.timeline import ordered
from ratings.tests import clouds, naive
from ratings.tests.journals import DEFINITIONS
from ratings.transformers import lifecycle


def ledger(events: list[Event], prices: list[Price], cuts=()) -> dict[str, list[Record]]:
    book = PriceBook(prices, "USD")
    found = {}
    for resource_id in {event.resource_id for event in events}:
        mine = [event for event in events if event.resource_id == resource_id]
        rules = Rules(lifecycle.transform, DEFINITIONS.types[mine[0].resource_type], book)
        records, _ = derive(
            rules, State(), ordered(mine), mine[0].region, dict.fromkeys(clouds.TENANTS, cuts)
        )
        found[resource_id] = records
    return found


@given(clouds.events(), clouds.prices())
def test_the_ledger_equals_the_naive_calculation(events, prices):
    by_id = {price.id: price for price in prices}
    rated = {}
    for resource_id, records in ledger(events, prices).items():
        rated |= naive.minutes(resource_id, records, by_id)
        for record in records:
            if record.price_id is not None:
                hours = Fraction((record.end - record.start) // naive.MINUTE, 60)
                exact = Fraction(record.quantity) * Fraction(record.unit_price) * hours
                assert abs(Fraction(record.amount) - exact) <= Fraction(1, 2 * 10**12)
    assert rated == naive.bill(events, prices)


@given(clouds.events(), clouds.prices(), st.randoms(), st.data())
def test_no_order_and_no_repetition_changes_the_ledger(events, prices, random, data):
    repeated = events + data.draw(st.lists(st.sampled_from(events)))
    random.shuffle(repeated)
    assert ledger(repeated, prices) == ledger(events, prices)


@given(clouds.events(), clouds.prices(), st.integers(0, 25))
def test_what_is_believed_replaces_the_history(events, prices, split):
    """Deriving on from a state equals deriving from the start."""
    book = PriceBook(prices, "USD")
    for resource_id in {event.resource_id for event in events}:
        timeline = ordered(e for e in events if e.resource_id == resource_id)
        rules = Rules(lifecycle.transform, DEFINITIONS.types[timeline[0].resource_type], book)
        region = timeline[0].region
        whole, believed = derive(rules, State(), timeline, region, {})
        first, state = derive(rules, State(), timeline[:split], region, {})
        rest, after = derive(rules, state, timeline[split:], region, {})
        assert (first + rest, after) == (whole, believed)


@given(clouds.events(), clouds.prices(), st.lists(st.integers(0, clouds.LENGTH), unique=True))
def test_no_record_crosses_a_cut_and_cuts_change_no_minute(events, prices, minutes):
    cuts = sorted(clouds.START + naive.MINUTE * minute for minute in minutes)
    by_id = {price.id: price for price in prices}
    plain, cut = ledger(events, prices), ledger(events, prices, cuts)
    for resource_id, records in cut.items():
        assert not [r for r in records for c in cuts if r.start < c < r.end]
        known = naive.minutes(resource_id, plain[resource_id], by_id)
        after = naive.minutes(resource_id, records, by_id)
        assert known.items() <= after.items()


@given(clouds.events(), clouds.prices())
def test_settling_what_is_settled_changes_nothing(events, prices):
    for records in ledger(events, prices).values():
        change = settle(records, dict(enumerate(records)))
        assert change.insert == ()
        assert change.supersede == ()


@given(clouds.events(), clouds.prices(), clouds.prices())
def test_settling_replaces_exactly_what_differs(events, before, after):
    old, new = ledger(events, before), ledger(events, after)
    for resource_id, records in old.items():
        have = dict(enumerate(records))
        change = settle(new[resource_id], have)
        left = [record for number, record in have.items() if number not in change.supersede]
        assert sorted([*left, *change.insert], key=repr) == sorted(new[resource_id], key=repr)
        assert not set(change.insert) & {have[number] for number in change.supersede}
