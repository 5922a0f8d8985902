"""Beancount: its own loader reads the ledger, and finds that it balances."""

from dataclasses import replace
from decimal import Decimal

from beancount import loader
from beancount.core import data
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from ratings.core.composing import exact_sum
from ratings.exporters import drafted
from ratings.exporters.beancount import EXPORTER
from ratings.exporters.parties import Accounts
from ratings.tests.bills import BUYER, ISSUED, PARTIES, adjustment, bill, february, issued, orders


def transactions(*contents):
    """Those of one ledger; it must be without errors."""
    entries, errors, _ = loader.load_string(b"\n".join(contents).decode())
    assert errors == []
    return [entry for entry in entries if isinstance(entry, data.Transaction)]


def export(order, parties=PARTIES):
    return EXPORTER.export(order, parties)


def amounts(transaction):
    return [(posting.account, posting.units.number) for posting in transaction.postings]


def test_what_is_owed_stands_against_income_by_component():
    (found,) = transactions(export(replace(february(), corrects=(5, 6))))
    assert amounts(found) == [
        ("Assets:Receivable:Acme", Decimal("27.48")),
        ("Income:Cloud:Instance:Vcpu", Decimal("-30.6024")),
        ("Income:Cloud:Volume:Volume", Decimal("-3.5")),
        ("Income:Cloud:Floating-ip:Traffic", Decimal("-0.7")),
        ("Income:Cloud:Free:Vcpu", Decimal("1.23")),
        ("Income:Cloud:Tier:Vcpu", Decimal("1")),
        ("Income:Cloud:Discount", Decimal("3.3335")),
        ("Income:Cloud:Minimum", Decimal("-4.4444")),
        ("Income:Cloud:Credit", Decimal("5")),
        ("Income:Cloud:Volume:Volume", Decimal("1.4")),
        ("Income:Cloud:Discount", Decimal("-0.2")),
        ("Income:Rounding", Decimal("0.0033")),
    ]
    assert found.date == ISSUED.date()
    assert (found.flag, found.payee, found.links) == ("*", "Acme S.A.", {"sales-order-7"})
    assert found.meta["corrects"] == "RC-5, RC-6"
    assert found.meta["digest"] == february().digest
    assert [p.meta["reason"] for p in found.postings if "reason" in p.meta] == [
        "late_evidence",
        "recalculated",
    ]


def test_orders_can_be_put_one_after_the_other():
    assert len(transactions(export(february()), export(issued(february().order, 8)))) == 2


def test_a_draft_waits_under_a_flag_and_a_tag():
    (found,) = transactions(export(drafted(february().order, ISSUED)))
    assert (found.flag, found.tags, found.links) == ("!", {"draft"}, set())


def test_the_operator_chooses_the_accounts():
    accounts = Accounts(receivable="Assets:AR", income="Income:IaaS", rounding="Expenses:Rounding")
    (found,) = transactions(export(february(), changed(PARTIES, accounts=accounts)))
    roots = {":".join(posting.account.split(":")[:2]) for posting in found.postings}
    assert roots == {"Assets:AR", "Income:IaaS", "Expenses:Rounding"}


@settings(deadline=None, max_examples=50)
@given(orders())
def test_every_order_balances_to_the_last_digit(order):
    (found,) = transactions(export(issued(order)))
    assert exact_sum(posting.units.number for posting in found.postings) == 0
    assert found.postings[0].units.number == order.payable
    income = [number for account, number in amounts(found) if account.startswith("Income:Cloud")]
    assert exact_sum(income) == order.total.copy_negate()


@settings(deadline=None, max_examples=50)
@given(st.text(), st.text())
@example("C:\\new\\", "..")
@example('"Acme"', "=1")
def test_no_name_breaks_the_ledger(buyer, tenant):
    order = bill([], [adjustment("minimum", Decimal(1), Decimal(1), buyer)])
    order = replace(issued(order), order=replace(order, tenant_id=tenant))
    (found,) = transactions(export(order, changed(PARTIES, buyer=changed(BUYER, name=buyer))))
    assert found.payee == " ".join(buyer.split())
    assert found.meta["tenant"] == " ".join(tenant.split())
