"""The list of a service against the timelines, and what an operator approves of it."""

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratings import auditing, comparing, orders
from ratings.comparing import Approval
from ratings.core.discrepancies import Watch
from ratings.core.errors import Conflict, InvalidInput
from ratings.readers import Reader
from ratings.readers.inventories import Given, parse
from ratings.reconciling import Reconciliation, Wanted, everything
from ratings.tests import clean
from ratings.tests.journals import DEFINITIONS, instant, journal, price
from ratings.tests.ledgers import (
    NOW,
    SETTINGS,
    add_prices,
    empty,
    ledger,
    rate,
    rater,
    rows,
)

WATCH = Watch(timedelta(hours=25), timedelta(hours=1), timedelta(seconds=60))
TAKEN = "2026-01-02T00:00:00+00:00"
PRICES = price("vcpu", "1"), price("disk", "0.1"), price("volume", "0.5")

HEARD = """
    00:00 create vcpu=1 disk=10 at=well
    00:00 create vcpu=1 disk=10 at=grown
    12:00 exists vcpu=1 disk=10 at=grown
    00:00 create vcpu=1 disk=10 at=stopped
    00:00 create vcpu=1 disk=10 at=sold
    00:00 create vcpu=1 disk=10 at=undead
    06:00 delete at=undead
    00:00 create vcpu=1 disk=10 at=gone
    18:00 exists vcpu=1 disk=10 at=gone
    00:00 create vcpu=1 disk=10 at=ended
    06:00 delete at=ended
"""
LISTED = [
    {"resource_id": "well"},
    {"resource_id": "grown", "vcpu": "3"},
    {"resource_id": "stopped", "status": "stopped"},
    {"resource_id": "sold", "tenant_id": "globex"},
    {"resource_id": "undead"},
    {"resource_id": "unheard", "created_at": "2026-01-01T20:00:00"},
    {"resource_id": "failed", "status": "error"},
    {"resource_id": "young", "created_at": "2026-01-01T23:30:00"},
]
#: The stake by hand: hours times what one vCPU (1) and 10 GiB (0.1 each) cost.
FOUND = {
    "grown": ("resize_missing", 12 * 2),
    "stopped": ("status_missing", 24 * 1),
    "sold": ("transfer_missing", 24 * 2),
    "undead": ("delete_contradicted", 18 * 2),
    "unheard": ("unknown_to_ratings", 4 * 2),
    "gone": ("unknown_to_cloud", 6 * 2),
}


def inventory(resources=LISTED, taken_at=TAKEN, resource_type="instance"):
    common = {"resource_type": resource_type, "tenant_id": "acme"}
    if resource_type == "instance":
        common |= {"vcpu": "1", "disk": "10", "status": "active"}
    document = {
        "taken_at": taken_at,
        "region": "RegionOne",
        "resource_types": [resource_type],
        "resources": [common | one for one in resources],
    }
    return parse(json.dumps(document), DEFINITIONS, Given("a test"))


def how(engine, now=NOW):
    with engine.connect() as conn:
        return Reconciliation(SETTINGS, rater(engine).rules(conn, still=False), WATCH, now)


def compared(engine, listed, now=NOW):
    return list(comparing.compare(engine, how(engine, now), listed))


def codes(differences):
    return {
        each.key[2]: (one.code, one.amount) for each in differences for one in each.discrepancies
    }


def approve(engine, listed, differences=None, **approval):
    found = compared(engine, listed) if differences is None else differences
    said = Approval(by="eve", at=NOW, **approval)
    reader = Reader(DEFINITIONS)
    return comparing.approve(rater(engine), reader, how(engine), listed, found, said)


def belief(engine, resource_id):
    sql = "SELECT open, tenant_id, facts, status, deleted_at FROM resources"
    (found,) = rows(engine, f"{sql} WHERE resource_id = '{resource_id}'")
    return found


@pytest.fixture
def heard(database):
    add_prices(database, PRICES)
    rate(database, journal(HEARD))
    return database


def test_whatever_differs_is_found_with_what_is_at_stake(heard):
    assert codes(compared(heard, inventory())) == FOUND


def test_other_types_and_regions_than_those_of_the_list_are_not_missed(heard):
    rate(heard, journal("00:00 create vcpu=1 at=far region=RegionTwo id=far"))
    rate(heard, journal("00:00 create size=1 at=v id=v", "volume"))
    assert codes(compared(heard, inventory())) == FOUND


def test_what_happened_while_the_list_was_made_is_left_to_the_next(heard):
    rate(heard, journal("23:30 resize vcpu=1 disk=10 at=grown id=now"))
    rate(heard, journal("23:59 create vcpu=1 disk=10 at=late id=late"))
    rate(heard, journal("2026-01-02T00:20 delete at=gone id=then"))
    assert set(codes(compared(heard, inventory()))) == set(FOUND) - {"grown", "gone"}


def test_what_was_heard_since_counts(heard):
    rate(heard, journal("2026-01-02T06:00 exists vcpu=3 disk=10 at=grown id=seen"))
    rate(heard, journal("2026-01-02T06:00 exists vcpu=1 disk=10 at=gone id=lives"))
    rate(heard, journal("2026-01-02T06:00 exists vcpu=9 disk=10 at=well id=later"))
    assert set(codes(compared(heard, inventory()))) == set(FOUND) - {"grown", "gone"}


def test_an_approval_makes_the_list_true_and_says_who_when_and_why(heard):
    listed = inventory()
    assert approve(heard, listed)["rated"] == len(FOUND)
    assert compared(heard, listed) == []
    assert belief(heard, "grown")[2]["vcpu"] == 3
    assert belief(heard, "stopped")[3] == "shutoff"
    assert belief(heard, "sold")[1] == "globex"
    assert belief(heard, "undead")[0] is True
    assert belief(heard, "unheard")[0] is True
    (body,) = rows(
        heard,
        "SELECT e.body, e.event_type, e.event_time FROM events e JOIN resources r"
        " ON r.id = e.resource_id WHERE r.resource_id = 'grown' AND e.event_type ^@ 'ratings.'",
    )
    assert body[1:] == ("ratings.reconciliation.exists", instant("2026-01-02T00:00"))
    assert body[0]["reconciliation"] == {
        "approved_by": "eve",
        "approved_at": NOW.isoformat(),
        "list": "a test",
        "list_taken_at": TAKEN,
        "list_digest": listed.digest,
        "codes": ["resize_missing"],
    }
    assert list(auditing.audit(heard, SETTINGS)) == []


def test_what_is_approved_is_no_discrepancy_of_the_journal_any_more(heard):
    approve(heard, inventory())
    rate(heard, journal("2026-01-02T06:00 exists vcpu=1 disk=10 at=unheard id=seen"))
    assert list(everything(heard, how(heard), Wanted())) == []


def test_the_time_in_which_a_resource_may_have_been_gone_is_not_charged(heard):
    approve(heard, inventory())
    assert belief(heard, "gone")[4] == instant("18:00")
    ends = {row[5] for row in ledger(heard) if row[2] == "gone"}
    assert max(ends) == instant("18:00")


def test_somebody_may_know_when_it_went(heard):
    listed = inventory()
    gone = [each for each in compared(heard, listed) if each.key[2] == "gone"]
    for wrong in ("17:59", "2026-01-02T00:01"):
        with pytest.raises(InvalidInput) as refusal:
            approve(heard, listed, gone, instant=instant(wrong))
        assert refusal.value.code == "instant_invalid"
    approve(heard, listed, gone, instant=instant("20:00"))
    assert belief(heard, "gone")[4] == instant("20:00")


def test_somebody_may_know_since_when_it_lives(heard):
    listed = inventory()
    found = {each.key[2]: each for each in compared(heard, listed)}
    approve(heard, listed, [found["unheard"]], instant=instant("20:00"))
    approve(heard, listed, [found["undead"]], instant=instant("06:00"))
    rate(heard, journal("2026-01-02T00:00 exists vcpu=1 disk=10 at=unheard id=u"))
    spans = [row[4:6] for row in ledger(heard) if row[2:4] == ("unheard", "vcpu")]
    assert spans == [(instant("20:00"), instant("2026-01-02T00:00"))]
    with pytest.raises(InvalidInput, match="send that"):
        approve(heard, listed, [found["grown"]], instant=instant("20:00"))


def test_approving_again_changes_nothing(heard):
    listed = inventory()
    differences = compared(heard, listed)
    approve(heard, listed, differences)
    before = ledger(heard), rows(heard, "SELECT count(*) FROM events")
    assert approve(heard, listed, differences)["duplicate"] == len(FOUND)
    assert approve(heard, listed) == {"rated": 0, "duplicate": 0, "ignored": 0, "parked": 0}
    assert (ledger(heard), rows(heard, "SELECT count(*) FROM events")) == before


def test_the_ledger_is_the_one_that_the_events_themselves_give(heard):
    later = journal("2026-01-03T00:00 exists vcpu=1 disk=10 at=well id=later")
    rate(heard, later)
    approve(heard, inventory())
    approved = ledger(heard)
    empty(heard)
    add_prices(heard, PRICES)
    told = journal("""
        2026-01-02T00:00 exists vcpu=3 disk=10 status=active at=grown id=a
        2026-01-02T00:00 exists vcpu=1 disk=10 status=shutoff at=stopped id=b
        2026-01-02T00:00 exists vcpu=1 disk=10 status=active tenant=globex at=sold id=c
        2026-01-02T00:00 create vcpu=1 disk=10 status=active at=undead id=d
        2026-01-02T00:00 exists vcpu=1 disk=10 status=active at=unheard id=e
        18:00 delete at=gone id=f
    """)
    rate(heard, [*journal(HEARD), *told, *later])
    assert ledger(heard) == approved


def test_an_issued_order_is_corrected_in_favour_of_the_customer(heard):
    orders.close(heard, rater(heard), "acme", instant("2026-01-02T00:00"), NOW)
    approve(heard, inventory())
    second = orders.close(heard, rater(heard), "acme", instant("2026-01-02T00:00:01"), NOW)
    assert second is not None
    assert list(auditing.audit(heard, SETTINGS)) == []


def test_a_list_that_is_too_young_cannot_be_approved(heard):
    listed = inventory()
    young = instant("2026-01-02T00:59")
    found = compared(heard, listed, young)
    assert set(codes(found)) == set(FOUND)
    with pytest.raises(Conflict) as refusal:
        comparing.approve(
            rater(heard),
            Reader(DEFINITIONS),
            how(heard, young),
            listed,
            found,
            Approval("eve", NOW),
        )
    assert refusal.value.code == "list_too_fresh"
    assert rows(heard, "SELECT count(*) FROM events WHERE event_type ^@ 'ratings.'") == [(0,)]


def test_an_approval_that_is_parked_can_be_read_again(heard):
    """A requeued event is read from its body: that must give the same event."""
    approve(heard, inventory())
    stored = rows(
        heard,
        "SELECT body::text, message_id, event_time, action FROM events"
        " WHERE event_type ^@ 'ratings.'",
    )
    for body, *wanted in stored:
        (received,) = Reader(DEFINITIONS).read(body.encode(), "elsewhere")
        event = received.reading
        assert [event.message_id, event.event_time, event.action] == wanted


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(life=clean.lives(), data=st.data())
def test_a_truthful_list_of_a_clean_cloud_differs_in_nothing(database, life, data):
    empty(database)
    rate(database, life.told)
    changes = [e for e in life.told if e.action != "exists"]
    index = data.draw(st.integers(0, len(changes) - 1))
    taken_at = changes[index].event_time + timedelta(minutes=data.draw(st.integers(0, 300)))
    past = [e for e in changes if e.event_time <= taken_at]
    alive = not any(
        e.action == "delete" and not any(c.action == "create" for c in past[n:])
        for n, e in enumerate(past)
    )
    sized = [e for e in past if "vcpu" in e.content or "size" in e.content]
    facts = {name: str(value) for name, value in sized[-1].content.items()}
    one = {"resource_id": life.resource_id, "tenant_id": sized[-1].tenant_id} | facts
    listed = inventory([one] if alive else [], taken_at.isoformat(), life.resource_type)
    assert compared(database, listed) == []
