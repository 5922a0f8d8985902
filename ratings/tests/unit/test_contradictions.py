"""What a timeline shows of messages that are missing, one rule a test."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.core import contradictions
from ratings.core.discrepancies import View, Watch, audits, silence, silent
from ratings.core.model import ACTIONS, State
from ratings.core.timeline import ordered
from ratings.tests import clean
from ratings.tests.journals import DEFINITIONS, instant, journal, price, rules

WATCH = Watch(timedelta(hours=25), timedelta(hours=1), timedelta(seconds=60))
NOW = instant("2026-02-01T00:00")
PRICES = price("vcpu", "1"), price("disk", "0.1"), price("volume", "0.5")


def view(resource_type="instance", prices=PRICES):
    return View(
        rules(*prices, resource_type=resource_type),
        audits(DEFINITIONS, resource_type),
        WATCH,
        "RegionOne",
    )


def shown(events, resource_type="instance", now=NOW):
    return contradictions.in_timeline(view(resource_type), ordered(events), now)


def told(text, resource_type="instance", now=NOW):
    """Discrepancies as ``START-END code amount``."""
    return [
        f"{one.start:%H:%M}-{one.end:%H:%M} {one.code} {one.amount.normalize():f}"
        for one in shown(journal(text, resource_type), resource_type, now)
    ]


def test_a_timeline_that_tells_of_everything_shows_nothing():
    assert (
        told("""
        06:00 create vcpu=2 disk=10 status=active
        07:00 exists vcpu=2 disk=10 status=active
        08:00 power_off
        09:00 exists vcpu=2 disk=10 status=shutoff
        10:00 resize vcpu=4 disk=20
        11:00 exists vcpu=4 disk=20 status=shutoff
        12:00 power_on
        13:00 exists vcpu=4 disk=20 status=active
        14:00 delete
    """)
        == []
    )


def test_first_evidence_that_is_no_creation_shows_a_missing_one():
    """It may have lived for a silence of 25 hours: 2 vCPU at 1, 10 GiB at 0.1."""
    (found,) = shown(journal("06:00 exists vcpu=2 disk=10"))
    assert found.code == "create_missing"
    assert found.start == instant("2025-12-31T05:00")
    assert found.amount == 25 * 3


def test_a_build_that_failed_needs_no_creation():
    assert told("06:00 exists vcpu=2 disk=10 status=error\n07:00 delete") == []
    assert told("06:00 delete") == []


def test_another_size_shows_a_missing_resize_for_the_time_since_the_size_was_stated():
    assert told("""
        06:00 create vcpu=2 disk=10
        07:00 exists vcpu=2 disk=10
        08:00 update name=web
        09:00 exists vcpu=4 disk=20
        10:00 exists vcpu=4 disk=20
    """) == ["07:00-09:00 resize_missing 6"]


def test_each_size_is_in_doubt_since_it_was_stated_itself():
    """2 vCPU for two hours, 10 GiB for one."""
    assert told("""
        06:00 create vcpu=2 disk=10
        07:00 update disk=10
        08:00 exists vcpu=4 disk=20
    """) == ["06:00-08:00 resize_missing 5"]


def test_a_power_change_in_the_time_in_doubt_counts():
    """2 vCPU at stake for an hour of the two, 10 GiB for both."""
    assert told("""
        07:00 create vcpu=2 disk=10
        08:00 power_off
        09:00 exists vcpu=4 disk=20 status=shutoff
    """) == ["07:00-09:00 resize_missing 4"]


def test_what_one_component_gained_does_not_make_up_for_what_another_lost():
    assert told("""
        06:00 create vcpu=2 disk=10
        07:00 exists vcpu=1 disk=20
    """) == ["06:00-07:00 resize_missing 2"]


def test_a_kind_that_has_its_own_price_shows_a_missing_retype():
    prices = price("instance", "5", match=(("flavor", "big"),)), price("instance", "3")
    timeline = ordered(
        journal("""
        06:00 create vcpu=2 flavor=small
        08:00 exists vcpu=2 flavor=big""")
    )
    (found,) = contradictions.in_timeline(view(prices=prices), timeline, NOW)
    assert (found.code, found.amount) == ("retype_missing", 4)
    assert found.detail == "flavor is big, not small"


def test_a_retype_is_told_by_a_retype():
    assert (
        told("06:00 create size=1 volume_type=a\n07:00 retype size=1 volume_type=b", "volume") == []
    )


def test_a_status_that_an_event_should_have_told_of():
    assert told("""
        06:00 create vcpu=2 disk=10
        07:00 exists vcpu=2 disk=10 status=shutoff
        08:00 power_on
        09:00 power_off
        10:00 exists vcpu=2 disk=10 status=active
    """) == ["06:00-07:00 status_missing 2", "09:00-10:00 status_missing 2"]


@pytest.mark.parametrize(
    "says",
    [
        "exists status=error",
        "reboot status=active",
        "rebuild status=active",
        "update status=active",
    ],
)
def test_a_status_that_comes_without_an_event_shows_nothing(says):
    assert told(f"06:00 create vcpu=2 disk=10\n07:00 power_off\n08:00 {says}") == []


def test_a_volume_that_is_attached_has_another_status_and_shows_nothing():
    assert (
        told(
            """
        06:00 create size=1 status=available
        07:00 attach size=1 status=in-use
        08:00 exists size=1 status=in-use
    """,
            "volume",
        )
        == []
    )


def test_another_owner_shows_a_missing_transfer():
    assert told(
        """
        06:00 create size=10
        08:00 exists size=10 tenant=globex
        09:00 transfer size=10 tenant=acme
        """,
        "volume",
    ) == ["06:00-08:00 transfer_missing 10"]


def test_the_owner_of_an_image_changes_by_an_update():
    assert told("06:00 create size=1\n07:00 update size=1 tenant=globex", "image") == []
    assert told("06:00 create size=1\n07:00 exists size=1 tenant=globex", "image") != []


def test_evidence_after_a_delete_is_one_discrepancy_however_often_it_comes():
    assert told("""
        06:00 create vcpu=2 disk=10
        07:00 delete
        08:00 exists vcpu=2 disk=10
        09:00 exists vcpu=2 disk=10
    """) == ["07:00-09:00 delete_contradicted 6"]


def test_updates_that_a_delete_brings_contradict_nothing():
    late = replace(journal("07:05 update name=x id=late")[0], starts=False)
    assert shown([*journal("06:00 create vcpu=2 disk=10\n07:00 delete"), late]) == []


def test_a_second_life_is_no_contradiction():
    assert told("06:00 create vcpu=1\n07:00 delete\n08:00 create vcpu=2\n09:00 exists vcpu=2") == []


def test_a_delete_that_only_an_audit_tells_of():
    audit = journal("08:00 delete id=audit")[0]
    audit = replace(audit, event_type="compute.instance.exists")
    life = journal("06:00 create vcpu=2 disk=10\n07:00 exists vcpu=2 disk=10")
    (found,) = shown([*life, audit])
    assert (found.code, found.amount) == ("delete_missing", 3)
    assert shown([*life, audit, *journal("08:00:40 delete id=told")]) == []
    assert shown([*life, audit, *journal("07:59 delete id=told")]) == []
    again = replace(audit, message_id="again", event_time=instant("08:00:30"))
    assert len(shown([*life, audit, again])) == 1, "another audit tells no more"


@pytest.mark.parametrize(
    ("ahead", "then"),
    [
        ("exists vcpu=4", "resize vcpu=4"),
        ("exists vcpu=2 status=shutoff", "power_off"),
        ("exists vcpu=2 tenant=globex", "transfer vcpu=2 tenant=globex"),
    ],
)
def test_an_audit_may_be_ahead_by_what_clocks_are_apart(ahead, then):
    start = "06:00 create vcpu=2\n"
    event = [replace(e, resource_type="volume") for e in journal(f"07:00:50 {then} id=then")]
    with_tolerance = ordered([*journal(f"{start}07:00 {ahead}"), *event])
    if "transfer" in then:
        types = DEFINITIONS.types["instance"]
        known = replace(types, actions=types.actions | {"transfer"})
        looked = replace(view(), rules=replace(view().rules, resource_type=known))
    else:
        looked = view()
    assert contradictions.in_timeline(looked, with_tolerance, NOW) == []
    too_late = [replace(e, event_time=instant("07:01:01")) for e in event]
    later = ordered([*journal(f"{start}07:00 {ahead}"), *too_late])
    assert len(contradictions.in_timeline(looked, later, NOW)) == 1


def test_what_has_just_come_in_is_not_judged_yet():
    text = "06:00 create vcpu=2\n07:00 exists vcpu=4"
    assert told(text, now=instant("07:59:59")) == []
    assert len(told(text, now=instant("08:00"))) == 1


def test_what_an_operator_has_approved_is_settled():
    approved = replace(
        journal("08:00 exists vcpu=8 id=approved")[0], event_type="ratings.reconciliation.exists"
    )
    early = journal("06:00 exists vcpu=2\n07:00 exists vcpu=4")
    assert shown([*early, approved]) == []
    assert len(shown([*early, approved, *journal("09:00 exists vcpu=1 id=later")])) == 1


def test_a_resource_is_silent_when_others_were_audited_and_it_was_not():
    state = view().rules.transform(
        State(), journal("06:00 create vcpu=2 disk=10"), view().rules.resource_type
    )[1]
    now = instant("2026-01-03T00:00")
    assert silent(view(), state, instant("2026-01-02T08:00"), now)
    assert not silent(view(), state, instant("2026-01-02T07:00"), now), "not for long enough"
    assert not silent(view(), state, instant("2026-01-02T23:30"), now), "the audits are going on"
    assert not silent(view(), state, None, now), "nobody is audited"
    assert not silent(view(), replace(state, open=False), instant("2026-01-02T08:00"), now)
    assert silence(view(), state, now).amount == 42 * 3


@given(clean.lives())
def test_a_clean_cloud_gives_no_false_alarm(life):
    assert shown(life.told, life.resource_type) == []


MISSING = {
    "create": "create_missing",
    "resize": "resize_missing",
    "power_on": "status_missing",
    "power_off": "status_missing",
    "transfer": "transfer_missing",
}


@given(clean.lives(), st.data())
def test_a_message_that_is_lost_is_found_as_soon_as_something_tells_what_it_would_have(life, data):
    """Whatever comes next: an audit proves it; and nothing is blamed on another kind of message."""
    timeline = ordered(life.told)
    at = data.draw(st.integers(0, len(timeline) - 1))
    lost = timeline.pop(at)
    found = [one.code for one in shown(timeline, life.resource_type)]
    following = timeline[at] if at < len(timeline) else None
    # An audit that tells of a change ahead of its message is explained by that.
    minute = timedelta(seconds=61)
    early = (at and timeline[at - 1].event_time > lost.event_time - minute) or (
        at + 1 < len(timeline) and timeline[at + 1].event_time < timeline[at].event_time + minute
    )
    if lost.action == "create" and at and any(ACTIONS[e.action].closes for e in timeline[:at]):
        if ACTIONS[timeline[at - 1].action].closes and following and following.action == "exists":
            assert found == ["delete_contradicted"]
        return
    if lost.action in MISSING and following and following.action == "exists" and not early:
        hidden = lost.action == "create" and at > 0
        assert found == ([] if hidden else [MISSING[lost.action]])
    elif lost.event_type == "delete" and following and ACTIONS[following.action].closes:
        assert found == ["delete_missing"]
    allowed = {MISSING.get(lost.action), "delete_missing" if lost.action == "delete" else None}
    assert set(found) <= allowed


@given(
    st.lists(st.integers(1, 500), min_size=3, max_size=3),
    st.decimals("0.01", "64", places=2),
    st.decimals("0.01", "64", places=2),
)
def test_what_is_at_stake_is_the_difference_of_both_sizes(minutes, before, after):
    """Reckoned by hand: |q1 - q2| x 0.5 per hour since the size was stated."""
    _, second, third = minutes
    at = [instant("00:00") + timedelta(minutes=sum(minutes[:n])) for n in range(4)]
    texts = [
        f"create size={before}",
        f"exists size={before}",
        "update name=x",
        f"exists size={after}",
    ]
    events = [
        replace(journal(f"00:00 {text} id=m{n}", "volume")[0], event_time=at[n])
        for n, text in enumerate(texts)
    ]
    found = shown(events, "volume")
    if before == after:
        assert found == []
        return
    (one,) = found
    wanted = Fraction(abs(before - after)) * Fraction(1, 2) * Fraction(second + third, 60)
    assert abs(Fraction(one.amount) - wanted) <= Fraction(2, 10**12), "rounded once per piece"
    assert (one.start, one.end) == (at[1], at[3])
    assert isinstance(one.amount, Decimal)
