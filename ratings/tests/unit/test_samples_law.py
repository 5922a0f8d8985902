"""The laws of the transformers of samples, compared with a naive second calculation."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ratings.core.ledger import derive, settle
from ratings.core.model import State
from ratings.core.timeline import ordered
from ratings.tests import meters, naive_samples
from ratings.tests.sampled import ledger, rules

_cuts = st.lists(st.integers(0, meters.LENGTH), unique=True, max_size=4).map(
    lambda minutes: [meters.at(minute) for minute in sorted(minutes)]
)


def by_minute(records):
    found = {}
    for record in records:
        moment = record.start
        while moment < record.end:
            assert moment not in found, f"{moment} is charged twice"
            found[moment] = record.tenant_id, record.component, Fraction(record.quantity)
            moment += naive_samples.MINUTE
    return found


@given(meters.samples(), st.integers(0, meters.LENGTH + 60))
def test_what_is_charged_equals_the_naive_calculation(events, minute):
    """Of the window that is not over, that may be charged which no sample to come changes."""
    end = meters.at(minute)
    seen = [event for event in events if event.event_time < end]
    if seen:
        charged = by_minute(ledger(seen, end)).items()
        assert naive_samples.charges(seen, end).items() <= charged
        assert charged <= naive_samples.charges(seen, end + naive_samples.HOUR).items()


@given(meters.samples(), st.randoms(), st.data())
def test_no_order_and_no_repetition_changes_the_ledger(events, random, data):
    repeated = events + data.draw(st.lists(st.sampled_from(events)))
    random.shuffle(repeated)
    assert ledger(repeated, meters.END) == ledger(events, meters.END)


@given(meters.samples(), st.integers(0, 14), _cuts)
def test_what_is_believed_replaces_the_history(events, split, cuts):
    """Deriving on from a state equals deriving from the start, also after closings."""
    timeline, law = ordered(events), rules(events[0].event_type)
    every = dict.fromkeys(("acme", "globex"), cuts)
    whole, believed = derive(law, State(), timeline, "RegionOne", every)
    first, state = derive(law, State(), timeline[:split], "RegionOne", every)
    rest, after = derive(law, state, timeline[split:], "RegionOne", every)
    assert stored(after) == stored(believed)
    since = state.since
    kept = [record for record in first if since is None or record.start < since]
    assert sorted(kept + rest, key=repr) == sorted(whole, key=repr)


def stored(state):
    """What a row keeps of a state: of what is closed, no status."""
    if state.open:
        return state
    return replace(state, facts={n: v for n, v in state.facts.items() if n != "status"})


@given(meters.samples(), _cuts)
def test_settling_after_each_sample_ends_where_deriving_once_does(events, cuts):
    """The ledger after every arrival is the one of all that has arrived, in any order."""
    law, every = rules(events[0].event_type), dict.fromkeys(("acme", "globex"), cuts)
    have, arrived, number = {}, [], 0
    for event in events:
        arrived.append(event)
        wanted, _ = derive(law, State(), ordered(arrived), "RegionOne", every)
        change = settle(wanted, have)
        for record_id in change.supersede:
            del have[record_id]
        for record in change.insert:
            have[number] = record
            number += 1
    assert sorted(have.values(), key=repr) == sorted(wanted, key=repr)


@given(meters.samples(), _cuts)
def test_no_record_crosses_a_cut_and_cuts_change_no_minute(events, cuts):
    whole, cut = ledger(events, meters.END), ledger(events, meters.END, cuts)
    assert by_minute(cut) == by_minute(whole)
    assert not [r for r in cut for at in cuts if r.start < at < r.end]
