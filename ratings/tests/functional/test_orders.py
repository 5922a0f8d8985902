"""Sales orders on a real database: closing, drafts, regeneration, corrections."""

import random
import threading
import time
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratings import orders, repricing
from ratings.core.errors import InvalidInput
from ratings.core.ledger import Rules, derive
from ratings.core.model import State
from ratings.core.pricing import PriceBook
from ratings.core.timeline import ordered
from ratings.db.engine import create_engine
from ratings.db.reading import EVERYTHING
from ratings.orders import OrderOverlap
from ratings.repricing import Successor
from ratings.tests import clouds, naive
from ratings.tests.journals import DEFINITIONS, instant, journal, price
from ratings.tests.ledgers import (
    NOW,
    SETTINGS,
    add_prices,
    arrival,
    empty,
    ledger,
    rate,
    rater,
    rows,
    scalar,
)
from ratings.transformers import lifecycle


def close(database, end, tenant="acme"):
    return orders.close(database, rater(database), tenant, instant(end), NOW)


def draft(database, end, tenant="acme"):
    return orders.draft(database, rater(database), EVERYTHING, tenant, instant(end), NOW)


def unsealed(order):
    """An order as its draft was: what has not been issued has no digest."""
    return replace(order, digest=None)


def said(lines):
    return [
        f"{line.start:%H:%M}-{line.end:%H:%M} {line.component} {line.quantity} "
        + ("-" if line.amount is None else f"{line.amount.normalize():f}")
        + (f" {line.reason}" if line.reason else "")
        for line in lines
    ]


def test_what_runs_is_billed_up_to_the_end_and_goes_on_from_there(database):
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=2", "volume"))
    first, second = close(database, "12:00"), close(database, "18:00")
    assert said(first.order.lines) == ["06:00-12:00 volume 2 12"]
    assert said(second.order.lines) == ["12:00-18:00 volume 2 12"]
    assert (first.order.start, first.order.total) == (instant("06:00"), 12)
    assert second.order.previous_digest == first.order.digest


def test_neighbours_that_charge_the_same_are_one_line(database):
    add_prices(database, [price("volume", "1")])
    text = "\n".join(f"{hour:02}:00 exists size=1 id={hour}" for hour in range(24))
    rate(database, journal(text, "volume"))
    assert said(close(database, "23:30").order.lines) == ["00:00-23:30 volume 1 23.5"]


def test_a_count_is_billed_where_it_begins_and_nowhere_else(database):
    add_prices(database, [price("volume", "3", per="unit")])
    rate(database, journal("06:00 create size=2", "volume"))
    first, second = close(database, "12:00").order, close(database, "18:00").order
    rate(database, journal("20:00 delete id=gone", "volume"))
    third = close(database, "22:00").order
    assert said(first.lines) == ["06:00-12:00 volume 2 6"]
    assert [order.lines + order.corrections for order in (second, third)] == [(), ()]


def test_a_late_event_is_corrected_in_the_next_order(database):
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=2 id=a\n10:00 exists size=2 id=b", "volume"))
    first = close(database, "12:00")
    rate(database, journal("08:00 resize size=1 id=late", "volume"))
    second = close(database, "13:00")
    assert said(second.order.corrections) == [
        "06:00-10:00 volume 2 -8 late_evidence",
        "06:00-08:00 volume 2 4 late_evidence",
        "08:00-10:00 volume 1 2 late_evidence",
    ]
    assert orders.regenerate(database, EVERYTHING, first.id) == first
    assert first.order.total + second.order.total == sum(row[11] for row in ledger(database))


def test_a_backdated_price_is_corrected_in_the_next_order(database):
    old = repricing.add(database, SETTINGS, price("volume", "1"))
    rate(database, journal("06:00 create size=1", "volume"))
    close(database, "12:00")
    repricing.take_over(
        database,
        SETTINGS,
        old.id,
        Successor(Decimal(2), start=instant("10:00")),
        NOW,
        retroactive=True,
    )
    order = close(database, "13:00").order
    assert said(order.corrections) == [
        "06:00-12:00 volume 1 -6 price_changed",
        "06:00-10:00 volume 1 4 price_changed",
        "10:00-12:00 volume 1 4 price_changed",
    ]
    assert order.total == 4


def test_usage_without_a_price_is_listed_and_billed_when_the_price_appears(database):
    rate(database, journal("06:00 create size=1", "volume"))
    first = close(database, "12:00").order
    assert said(first.unpriced) == ["06:00-12:00 volume 1 -"]
    assert first.total == 0
    add_prices(database, [price("volume", "1")])
    second = close(database, "13:00").order
    assert said(second.corrections) == ["06:00-12:00 volume 1 6 price_added"]
    assert said(second.lines) == ["12:00-13:00 volume 1 1"]


def test_a_resource_that_belonged_to_somebody_else_moves_from_order_to_order(database):
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=1 id=b", "volume"))
    close(database, "12:00")
    rate(database, journal("06:00 create size=1 id=a tenant=globex\n", "volume"))
    rate(database, journal("05:00 create size=1 id=c tenant=globex\n", "volume"))
    rate(database, journal("07:00 transfer tenant=globex id=d", "volume"))
    order = close(database, "13:00").order
    assert order.total == -5
    assert close(database, "13:00", "globex").order.total == 7


def test_a_draft_is_what_closing_issues(database):
    add_prices(database, [price("vcpu", "0.1"), price("disk", "0.01")])
    rate(database, journal("06:00 create vcpu=2 disk=10\n08:00 power_off", "instance"))
    for end in ("07:00", "12:00"):
        expected = draft(database, end)
        assert scalar(database, "SELECT count(*) FROM records") == ledger_size(database)
        assert unsealed(close(database, end).order) == expected


def ledger_size(database):
    return scalar(database, "SELECT count(*) FROM records")


@pytest.mark.parametrize(
    ("end", "code"),
    [("2028-01-01T00:00", "end_in_future"), ("12:00", "end_not_after_start")],
)
def test_an_end_that_cannot_be_is_refused(database, end, code):
    rate(database, journal("06:00 create size=1", "volume"))
    close(database, "12:00")
    with pytest.raises(InvalidInput) as refusal:
        close(database, end)
    assert refusal.value.code == code


def test_a_tenant_without_usage_gets_no_order(database):
    with pytest.raises(InvalidInput) as refusal:
        close(database, "12:00", "nobody")
    assert refusal.value.code == "no_usage"


def test_a_period_without_usage_gives_an_empty_order(database):
    rate(database, journal("06:00 create size=1\n07:00 delete", "volume"))
    close(database, "12:00")
    order = close(database, "13:00").order
    assert (order.lines, order.total) == ((), 0)


def test_a_rename_does_not_change_an_issued_order(database):
    rate(database, journal("06:00 create size=1 name=old", "volume"))
    issued = close(database, "12:00")
    rate(database, journal("13:00 update name=new id=x", "volume"))
    assert orders.regenerate(database, EVERYTHING, issued.id) == issued


def test_of_two_who_close_at_once_one_wins(database):
    rate(database, journal("06:00 create size=1", "volume"))
    ready, outcomes = threading.Barrier(4), []

    def attempt():
        mine = rater(database)
        ready.wait()
        try:
            outcomes.append(orders.close(database, mine, "acme", instant("12:00"), NOW).id)
        except (OrderOverlap, InvalidInput) as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert scalar(database, "SELECT count(*) FROM sales_orders") == 1
    assert len([outcome for outcome in outcomes if isinstance(outcome, int)]) == 1


def test_of_many_who_close_up_to_different_ends_each_follows_another(database):
    for number in range(8):
        tenant = f"t{number}"
        rate(
            database,
            journal(f"06:00 create size=1 tenant={tenant} at={tenant} id={tenant}", "volume"),
        )
        ready = threading.Barrier(4)

        def attempt(end, tenant=tenant, ready=ready):
            mine = rater(database)
            ready.wait()
            with suppress(OrderOverlap, InvalidInput):
                orders.close(database, mine, tenant, instant(end), NOW)

        threads = [threading.Thread(target=attempt, args=(f"{hour}:00",)) for hour in range(12, 16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    gaps = """
        SELECT count(*) FROM (
            SELECT previous_digest,
                   lag(digest) OVER (PARTITION BY tenant_id ORDER BY span) AS before
            FROM sales_orders) AS o
        WHERE previous_digest IS DISTINCT FROM before"""
    assert scalar(database, gaps) == 0


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(clouds.events(), clouds.prices(), st.integers(0, 2**32))
def test_the_orders_of_any_history_add_up_to_a_fresh_rating(database, events, prices, seed):
    empty(database)
    chance = random.Random(seed)
    arriving = chance.sample(events, len(events))
    todo = [("price", p) for p in prices] + [("event", e) for e in arriving]
    todo += [("close", tenant) for tenant in clouds.TENANTS * 3]
    chance.shuffle(todo)
    issued, ends = [], dict.fromkeys(clouds.TENANTS, 0)
    for what, thing in todo:
        if what == "price":
            add_prices(database, [thing], retroactive=True)
        elif what == "event":
            rate(database, [thing])
        else:
            ends[thing] += chance.randint(1, clouds.LENGTH // 3)
            issued += attempt_to_close(database, thing, ends[thing])
    for tenant in clouds.TENANTS:
        issued += attempt_to_close(database, tenant, 2 * clouds.LENGTH)
    for one in issued:
        assert orders.regenerate(database, EVERYTHING, one.id) == one
    check_sums(database, events, prices, issued)


def attempt_to_close(database, tenant, minute):
    """The order, if the tenant has used anything yet; its draft has said the same before."""
    end = clouds.START + naive.MINUTE * minute
    mine = rater(database)
    try:
        expected = orders.draft(database, mine, EVERYTHING, tenant, end, NOW)
    except InvalidInput:
        return []
    found = orders.close(database, mine, tenant, end, NOW)
    assert unsealed(found.order) == expected
    return [found]


def check_sums(database, events, prices, issued):
    unbilled = """
        SELECT count(*) FROM records r WHERE superseded_at IS NULL AND NOT EXISTS
            (SELECT FROM sales_order_lines l WHERE l.record_id = r.id AND l.sign = 1)"""
    assert scalar(database, unbilled) == 0
    fresh = fresh_rating(database, events, prices)
    for tenant in clouds.TENANTS:
        billed = sum(one.order.total for one in issued if one.order.tenant_id == tenant)
        assert billed == fresh.get(tenant, 0)


def fresh_rating(database, events, prices):
    """Tenant -> what everything costs, derived at once from nothing but events, cuts, prices."""
    cuts = {}
    for tenant, end in rows(
        database, "SELECT tenant_id, upper(span) FROM sales_orders ORDER BY upper(span)"
    ):
        cuts.setdefault(tenant, []).append(end)
    totals = {}
    for resource_id in {event.resource_id for event in events}:
        timeline = ordered(event for event in events if event.resource_id == resource_id)
        resource_type = DEFINITIONS.types[timeline[0].resource_type]
        rules = Rules(lifecycle.transform, resource_type, PriceBook(prices, "USD"))
        records, _ = derive(rules, State(), timeline, timeline[0].region, cuts)
        for record in records:
            totals[record.tenant_id] = totals.get(record.tenant_id, 0) + (record.amount or 0)
    return totals


def test_a_correction_after_a_rename_says_one_name_and_can_be_regenerated(database):
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=2 name=old id=a\n10:00 exists id=b", "volume"))
    first = close(database, "12:00")
    rate(database, journal("13:00 update name=new id=x", "volume"))
    rate(database, journal("08:00 resize size=1 id=late", "volume"))
    expected = draft(database, "14:00")
    second = close(database, "14:00")
    assert unsealed(second.order) == expected
    corrections = second.order.corrections
    assert {line.reason for line in corrections} == {"late_evidence"}
    assert {line.subject.name for line in corrections} == {"new"}
    assert orders.regenerate(database, EVERYTHING, first.id) == first
    assert orders.regenerate(database, EVERYTHING, second.id) == second


def test_what_is_first_heard_of_while_an_order_is_issued_is_cut_all_the_same(database):
    """Its rater has read the cuts before the order, and writes after it."""
    rate(database, journal("06:00 create size=1", "volume"))
    has_read, may_write = threading.Event(), threading.Event()

    def slow(state, events, resource_type):
        has_read.set()
        assert may_write.wait(30)
        return lifecycle.transform(state, events, resource_type)

    late = rater(database)
    late.settings = replace(SETTINGS, transformers={"lifecycle": slow})
    newcomer = journal("07:00 create size=2 at=new id=n1\n15:00 exists at=new id=n2", "volume")
    rating = threading.Thread(target=late.rate, args=([arrival(event) for event in newcomer],))
    rating.start()
    assert has_read.wait(30)
    closing = threading.Thread(target=close, args=(database, "12:00"))
    closing.start()
    deadline = time.monotonic() + 30
    while not scalar(database, "SELECT count(*) FROM sales_orders"):
        assert time.monotonic() < deadline
    may_write.set()
    rating.join()
    closing.join()
    spans = [(f"{row[4]:%H}", f"{row[5]:%H}") for row in ledger(database) if row[2] == "new"]
    assert spans == [("07", "12"), ("12", "15")]
    assert "07:00-12:00 volume 2 - late_usage" in said(close(database, "16:00").order.unpriced)


def test_what_an_order_could_not_cut_is_cut_by_its_successor(database):
    """The order waits for the rater of a newcomer, which does not get done: the order gives up."""
    rate(database, journal("06:00 create size=1", "volume"))
    impatient = create_engine(database.url, lock_timeout=0.02)

    def interrupted(state, events, resource_type):
        if not scalar(database, "SELECT count(*) FROM sales_orders"):
            close(impatient, "12:00")
        return lifecycle.transform(state, events, resource_type)

    slow = rater(database)
    slow.settings = replace(SETTINGS, transformers={"lifecycle": interrupted})
    newcomer = journal("07:00 create size=2 at=new id=n1\n15:00 exists at=new id=n2", "volume")
    slow.rate([arrival(event) for event in newcomer])
    impatient.dispose()
    close(database, "16:00")
    spans = [(f"{row[4]:%H}", f"{row[5]:%H}") for row in ledger(database) if row[2] == "new"]
    assert spans == [("07", "12"), ("12", "15"), ("15", "16")]
