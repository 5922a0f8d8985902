"""From a line of an order to records, prices, events and orders, on a real database."""

import json
import random
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratings import agreeing, explaining, itemizing, orders, repricing, shipped
from ratings.core.errors import DigestMismatch, InvalidInput, NotFound
from ratings.core.pricing import rounded
from ratings.core.terms import Term
from ratings.db.reading import EVERYTHING
from ratings.repricing import Successor
from ratings.tests import clouds, histories, naive
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import NOW, SETTINGS, add_prices, empty, rate, rater, rows

PAGE = shipped.migrations().parent / "doc" / "source" / "user" / "bill.rst"


def close(database, end, tenant="acme"):
    return orders.close(database, rater(database), tenant, instant(end), NOW)


def explained(database, order_id, number=1):
    return itemizing.line(database, SETTINGS, EVERYTHING, order_id, number)


def only(database, order_id, number=1):
    (found,) = explained(database, order_id, number).records
    return found


def why(bound):
    """The reasons of a bound: ``event create``, ``order 1``, ``price 1 -> 2``, ``month``."""
    told = {
        "event": lambda c: f"event {c.event.event_type}",
        "order": lambda c: f"order {c.order_id}",
        "price": lambda c: f"price {c.price_before} -> {c.price_after}",
        "month": lambda c: "month",
    }
    return [told[cause.kind](cause) for cause in bound.causes]


def check_line(database, order_id, number, line):
    """The numbers of the explanation give the amount of the line, to the last digit."""
    found = explained(database, order_id, number)
    assert found.line == line
    for one in found.records:
        assert one.begins.causes, one
        assert one.ends.causes, one
        if one.working is not None:
            fraction = one.working.fraction
            assert rounded(fraction.numerator, fraction.denominator) == one.record.amount
    if found.adjustment is None:
        amounts = [Fraction(one.record.amount or 0) * one.sign for one in found.records]
        assert sum(amounts) == Fraction(line.amount or 0)
        assert all(one.record.quantity == line.quantity for one in found.records)
    elif found.adjustment.takes_back is None:
        fraction = found.adjustment.working.fraction
        assert rounded(fraction.numerator, fraction.denominator) == line.amount
    else:
        said = explained(database, *found.adjustment.takes_back)
        assert (said.line.amount, said.line.source) == (-line.amount, line.source)
        assert said.order_id < order_id


def check_all(database):
    for (order_id,) in rows(database, "SELECT id FROM sales_orders ORDER BY id"):
        order = orders.regenerate(database, EVERYTHING, order_id).order
        for number, line in enumerate(order.numbered(), 1):
            check_line(database, order_id, number, line)


def test_every_line_of_an_eventful_history_can_be_worked_out(database):
    histories.live(database)
    check_all(database)


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(clouds.events(), clouds.prices(), st.integers(0, 2**32))
def test_every_line_of_any_history_can_be_worked_out(database, events, prices, seed):
    empty(database)
    chance = random.Random(seed)
    add_prices(database, prices)
    for kind, value in (("discount_percent", "7"), ("minimum", "3")):
        term = Term(0, kind, Decimal(value), "agreed", None, None, None, clouds.START)
        agreeing.add(database, SETTINGS, term)
    todo = [("event", event) for event in chance.sample(events, len(events))]
    todo += [("close", tenant) for tenant in clouds.TENANTS * 2]
    chance.shuffle(todo)
    ends = dict.fromkeys(clouds.TENANTS, 0)
    for what, thing in todo + [("close", tenant) for tenant in clouds.TENANTS]:
        if what == "event":
            rate(database, [thing])
        else:
            ends[thing] += chance.randint(1, clouds.LENGTH // 2)
            attempt(database, thing, ends[thing])
    check_all(database)


def attempt(database, tenant, minute):
    try:
        orders.close(database, rater(database), tenant, clouds.START + naive.MINUTE * minute, NOW)
    except InvalidInput:
        assert tenant in clouds.TENANTS


# Bounds


def test_a_line_leads_to_the_events_between_which_it_lies(database):
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=2 id=a\n09:00 exists size=2 id=b", "volume"))
    rate(database, journal("10:00 resize size=3 id=c", "volume"))
    close(database, "12:00")
    first, second = explained(database, 1).records
    assert (why(first.begins), why(first.ends)) == (["event create"], ["event exists"])
    assert (first.before.message_id, first.after.message_id) == ("a", "b")
    assert json.loads(first.before.content) == {"size": 2}
    assert (second.before.message_id, second.after.message_id) == ("b", "c")
    ((body_id,),) = rows(database, "SELECT id FROM events WHERE message_id = 'c'")
    assert second.after.id == body_id
    third = only(database, 1, 2)
    assert (why(third.begins), why(third.ends)) == (["event resize"], ["order 1"])
    assert third.after is None


def test_an_order_a_price_and_a_month_bound_records_too(database):
    old = repricing.add(database, SETTINGS, price("volume", "31", per="month"))
    successor = Successor(Decimal(60), start=instant("2026-02-10T00:00"))
    rate(database, journal("2026-01-20T00:00 create size=1", "volume"))
    new = repricing.take_over(database, SETTINGS, old.id, successor, NOW)
    close(database, "2026-02-20T00:00")
    close(database, "2026-02-25T00:00")
    january, february = explained(database, 1).records
    later, after = only(database, 1, 2), only(database, 2)
    changed = f"price {old.id} -> {new.id}"
    assert [why(one.begins) for one in (january, february, later, after)] == [
        ["event create"], ["month"], [changed], ["order 1"],
    ]  # fmt: skip
    assert [why(one.ends) for one in (january, february, later, after)] == [
        ["month"], [changed], ["order 1"], ["order 2"],
    ]  # fmt: skip
    assert (january.price.id, later.price.id) == (old.id, new.id)
    # Since the order is not made anew, its last event stays the one before it.
    assert after.before.message_id == "m000"


def test_usage_that_gets_a_price_ends_where_that_begins(database):
    added = repricing.add(database, SETTINGS, price("volume", "1", start="09:00"))
    rate(database, journal("06:00 create size=1", "volume"))
    close(database, "12:00")
    priced, unpriced = only(database, 1), only(database, 1, 2)
    assert why(priced.begins) == why(unpriced.ends) == [f"price None -> {added.id}"]
    assert (unpriced.working, unpriced.price) == (None, None)


# Corrections


@pytest.fixture
def corrected(database):
    """An order, and another that corrects it: a volume was smaller from 08:00 on."""
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=2 id=a\n10:00 exists size=2 id=b", "volume"))
    close(database, "12:00")
    rate(database, journal("08:00 resize size=1 id=late\n12:00 delete id=gone", "volume"))
    close(database, "13:00")
    return database


def test_a_correction_leads_to_what_it_takes_back_and_what_takes_its_place(corrected):
    numbered = orders.regenerate(corrected, EVERYTHING, 2).order.numbered()
    assert [line.amount for line in numbered] == [-8, 4, 2]
    gone, before, after = (only(corrected, 2, number) for number in (1, 2, 3))
    assert [one.sign for one in (gone, before, after)] == [-1, 1, 1]
    assert (gone.row.billed_in, gone.row.taken_back_in) == (1, 2)
    assert [other.id for other in gone.replaced_by] == [before.row.id, after.row.id]
    assert [(other.id, other.order_id) for other in after.replaces] == [(gone.row.id, 1)]
    assert why(before.ends) == why(after.begins) == ["event resize"]


def test_a_record_that_was_superseded_is_explained_by_what_was_known_then(corrected):
    gone, _ = explained(corrected, 1).records
    assert gone.row.superseded_at is not None
    assert (gone.before.message_id, gone.after.message_id) == ("a", "b")
    assert (gone.sign, gone.row.taken_back_in) == (1, 2)
    assert explaining.record(corrected, EVERYTHING, gone.row.id) == gone


def test_what_was_superseded_before_it_was_billed_is_replaced_by_what_is_true(database):
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=2 id=a\n10:00 exists size=2 id=b", "volume"))
    rate(database, journal("08:00 resize size=1 id=late", "volume"))
    gone = explaining.record(database, EVERYTHING, 1)
    assert [other.id for other in gone.replaced_by] == [2, 3]
    assert [other.order_id for other in gone.replaced_by] == [None, None]


# Adjustments


def agree(database, kind, value, **more):
    term = Term(0, kind, Decimal(value), "agreed", "acme", **more)
    return agreeing.add(database, SETTINGS, term).term


def test_an_adjustment_leads_to_its_rule_its_source_and_the_lines_it_is_based_on(database):
    charged = price("volume", "1", free=Decimal(2))
    charged = repricing.add(database, SETTINGS, charged)
    percent = agree(database, "discount_percent", "50", component="volume", start=instant("06:00"))
    agree(database, "discount_amount", "1", start=instant("06:00"))
    agree(database, "minimum", "9", start=instant("00:00"))
    credit = agree(database, "credit", "5")
    add_prices(database, [price("vcpu", "1")])
    rate(database, journal("06:00 create vcpu=1 at=i id=i"))
    rate(database, journal("06:00 create size=1 id=v", "volume"))
    close(database, "12:00")
    kinds = ["usage", "usage", "free", "discount", "discount", "minimum", "credit"]
    assert [line.kind for line in orders.regenerate(database, EVERYTHING, 1).order.lines] == kinds
    found = {number: explained(database, 1, number).adjustment for number in range(3, 8)}
    assert [one.step for one in found.values()] == [1, 2, 2, 3, 4]
    assert found[3].price.id == charged.id
    assert (found[4].term.term.id, found[7].term.term.id) == (percent.id, credit.id)
    assert [one.based_on for one in found.values()] == [
        [2], [2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6],
    ]  # fmt: skip
    assert [one.basis.base for one in found.values()] == [6, 4, 8, 7, 9]
    assert [one.basis.agreed for one in found.values()] == [None, None, 1, 9, 5]


def test_a_credit_tells_what_remained_of_it_then(database):
    add_prices(database, [price("volume", "1")])
    agree(database, "credit", "10")
    rate(database, journal("06:00 create size=1", "volume"))
    for end in ("12:00", "15:00", "20:00"):
        close(database, end)
    found = [explained(database, order_id, 2).adjustment for order_id in (1, 2, 3)]
    assert [one.basis.agreed for one in found] == [10, 4, 1]
    assert [one.basis.base for one in found] == [6, 3, 5]
    assert found[2].rule == "Step 4, credits: 5 USD were due, and 1 USD remained of it."


def test_a_recalculated_adjustment_leads_to_the_order_that_it_corrects(database):
    add_prices(database, [price("volume", "1")])
    agree(database, "discount_percent", "50", start=instant("06:00"))
    rate(database, journal("06:00 create size=1 id=a", "volume"))
    close(database, "12:00")
    close(database, "13:00")
    rate(database, journal("08:00 delete id=late", "volume"))
    third = close(database, "14:00").order.numbered()
    told = {
        number: explained(database, 3, number).adjustment
        for number, line in enumerate(third, 1)
        if line.kind == "discount"
    }
    assert [(one.order_id, one.takes_back) for one in told.values()] == [
        (1, (1, 2)), (1, None), (2, (2, 2)),
    ]  # fmt: skip
    assert [one.basis and one.basis.base for one in told.values()] == [None, 2, None]


# The example of the documentation


@pytest.mark.skipif(not PAGE.is_file(), reason="needs a checkout")
def test_the_example_of_the_documentation_is_what_is_answered(database, client):
    add_prices(database, [price("volume", "1", per="month")])
    text = """
        2026-01-05T00:00 create size=7 at=data
        2026-01-15T12:00 transfer tenant=globex at=data"""
    rate(database, journal(text, "volume"))
    close(database, "2026-01-20T00:00")
    (block,) = re.findall(r"code-block:: json\n\n((?:    .*\n|\n)+)", PAGE.read_text())
    answer = client.get("/v1/sales_orders/1/lines/1").text
    check_shown(json.loads(block), json.loads(answer, parse_float=str))


def check_shown(shown, answered):
    """What is shown is answered; "..." stands for the rest."""
    if isinstance(shown, dict):
        for name in shown.keys() - {"..."}:
            check_shown(shown[name], answered[name])
    elif isinstance(shown, list):
        assert len(shown) == len(answered)
        for one, other in zip(shown, answered, strict=True):
            check_shown(one, other)
    elif isinstance(shown, str) and shown.endswith("..."):
        assert answered.startswith(shown)
    else:
        assert str(shown) == str(answered)


# What may be asked, and by whom


def test_there_is_nothing_to_explain_of_lines_and_records_that_are_not_there(corrected):
    for order_id, number in ((2, 4), (2, 0), (3, 1)):
        with pytest.raises(NotFound):
            explained(corrected, order_id, number)
    with pytest.raises(NotFound):
        explaining.record(corrected, EVERYTHING, 99)


def test_an_order_that_is_not_what_was_issued_is_not_explained(corrected):
    with corrected.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        conn.exec_driver_sql("UPDATE records SET amount = amount + 1")
    with pytest.raises(DigestMismatch):
        explained(corrected, 1)


def test_of_a_volume_that_was_given_away_its_new_owner_stays_unknown(database):
    add_prices(database, [price("volume", "1")])
    text = """
        06:00 create size=1 id=made
        10:00 transfer tenant=globex size=1 name=secret requester=globex id=given
        11:00 resize tenant=globex size=9 id=grown"""
    rate(database, journal(text, "volume"))
    close(database, "12:00")
    close(database, "12:00", "globex")
    mine, theirs = only(database, 1), only(database, 2)
    assert why(mine.ends) == ["event transfer"]
    assert mine.after.foreign
    assert (mine.after.event_type, mine.after.event_time) == ("transfer", instant("10:00"))
    for secret in ("globex", "secret", "given", "grown"):
        assert secret not in repr((mine.after, mine.ends, mine.replaced_by))
    assert theirs.before.message_id == "given"
    assert "acme" not in repr((theirs.before, theirs.begins))
    assert "requester" not in theirs.before.content


def test_what_was_mine_until_a_late_transfer_is_not_told_any_more(database):
    """Events that name no owner belong to whom the transfer names."""
    add_prices(database, [price("volume", "1")])
    text = "06:00 create size=1 id=made\n10:00 exists tenant= size=5 name=secret id=heard"
    rate(database, journal(text, "volume"))
    close(database, "12:00")
    assert explained(database, 1).records[0].after.message_id == "heard"
    rate(database, journal("08:00 transfer tenant=globex id=given", "volume"))
    assert explained(database, 1).records[0].after.foreign
    assert "secret" not in repr(explained(database, 1).records)


def test_who_asked_for_a_resource_that_names_no_owner_has_it(database):
    add_prices(database, [price("volume", "1")])
    text = "06:00 create size=1 id=a\n13:00 create tenant= requester=globex name=secret id=b"
    rate(database, journal(text, "volume"))
    close(database, "12:00")
    assert explained(database, 1).records[0].after.foreign


def test_nothing_of_another_tenant_is_told_of_any_record_of_an_eventful_history(database, client):
    histories.live(database)
    owners = dict(rows(database, "SELECT id, tenant_id FROM records"))
    names = {row[0]: row[1] for row in rows(database, "SELECT message_id, tenant_id FROM events")}
    for record_id, owner in owners.items():
        text = client.get(f"/v1/records/{record_id}/explain").text
        other = {"acme": "globex", "globex": "acme"}[owner]
        assert other not in text
        foreign = [name for name, tenant in names.items() if tenant == other]
        assert not [name for name in foreign if f'"message_id":"{name}"' in text]
