"""CSV and JSON: a row per line, exact numbers, and nothing that a spreadsheet would run."""

import csv
import io
import json
from decimal import Decimal

import pytest
from hypothesis import given

from ratings.core.composing import exact_sum
from ratings.exporters import drafted
from ratings.exporters.csv import EXPORTER, HEADER
from ratings.exporters.json import EXPORTER as JSON
from ratings.tests.bills import (
    FEBRUARY,
    HOUR,
    ISSUED,
    PARTIES,
    VCPU,
    WEB,
    adjustment,
    bill,
    february,
    issued,
    orders,
    usage,
)


def rows(order):
    """The rows as a program reads them; every line of the file ends as RFC 4180 says."""
    text = EXPORTER.export(order, PARTIES).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_the_header_is_what_scripts_rely_on():
    first = EXPORTER.export(issued(bill()), PARTIES)
    assert first == (
        b"order_id,order_status,tenant_id,order_start,order_end,currency,section,line,kind,region,"
        b"resource_type,resource_id,resource_name,component,unit,per,quantity,unit_price,start,end,"
        b"amount,source,description,reason\r\n"
    )


def test_every_line_of_an_order_is_a_row_under_its_number():
    found = rows(february())
    assert [row["line"] for row in found] == [str(number) for number in range(1, 14)]
    assert [row["section"] for row in found] == ["line"] * 9 + ["correction"] * 3 + ["unpriced"]
    first, credit, taken_back, unpriced = (found[place] for place in (0, 8, 9, 12))
    assert (
        first
        | {
            "order_id": "7",
            "order_status": "issued",
            "kind": "usage",
            "resource_name": "web",
            "per": "hour",
            "quantity": "2",
            "unit_price": "0.0123",
            "start": "2026-02-01T00:00:00.000000Z",
            "end": "2026-02-05T04:00:00.000000Z",
            "amount": "2.46",
            "source": "1",
            "reason": "",
        }
        == first
    )
    assert (credit["kind"], credit["resource_id"], credit["amount"]) == ("credit", "", "-5")
    assert (taken_back["amount"], taken_back["reason"]) == ("-2.8", "late_evidence")
    assert (unpriced["amount"], unpriced["unit_price"]) == ("", "")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_name_that_is_a_formula_becomes_a_text(name):
    subject = WEB._replace(name=name)
    end = FEBRUARY + HOUR
    order = bill([usage(subject, VCPU, Decimal(1), FEBRUARY, end)])
    (row,) = rows(issued(order))
    assert row["resource_name"] == f"'{name}"


def test_a_number_below_zero_stays_a_number():
    order = bill([], [adjustment("credit", Decimal(5), Decimal(-1), "-5 for you")])
    (row,) = rows(issued(order))
    assert (row["amount"], row["unit_price"]) == ("-5", "-1")
    assert row["description"] == "'-5 for you"


def test_a_draft_has_no_number_and_says_what_it_is():
    found = rows(drafted(february().order, ISSUED))
    assert {(row["order_id"], row["order_status"]) for row in found} == {("", "draft")}
    document = json.loads(JSON.export(drafted(february().order, ISSUED), PARTIES))
    assert document["status"] == "draft"
    assert not {"id", "created_at"} & document.keys()


@given(orders())
def test_the_amounts_of_the_rows_are_the_total(order):
    found = rows(issued(order))
    assert exact_sum(Decimal(row["amount"]) for row in found if row["amount"]) == order.total
    assert len(found) == len(order.numbered())
    assert all(row.keys() == set(HEADER) for row in found)


@given(orders())
def test_every_text_but_a_formula_comes_back_as_it_was(order):
    for row, line in zip(rows(issued(order)), order.numbered(), strict=True):
        if line.subject:
            assert row["resource_name"].removeprefix("'") == (line.subject.name or "").removeprefix(
                "'"
            )


@given(orders())
def test_json_has_every_digit(order):
    document = json.loads(JSON.export(issued(order), PARTIES), parse_float=Decimal)
    lines = document["lines"] + document["corrections"]
    assert exact_sum(Decimal(line["amount"]) for line in lines) == order.total
    assert Decimal(document["total"]) == order.total
    assert [line["line"] for line in lines] == list(range(1, len(lines) + 1))
