"""The driver ``tryton`` against a real Tryton."""

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from ratings.core.deliveries import Refused, Unreachable
from ratings.erp.connection import Connection
from ratings.erp.tryton_protocol import session
from ratings.tests.bills import FEBRUARY, HOUR, VCPU, WEB, bill, february, issued, usage
from ratings.tests.erp.conftest import DATABASE, PASSWORD, USER
from ratings.tests.erps import MAPPING, connected, mapping, parcel_of

PARCEL = parcel_of(february())
SALE = ("untaxed_amount", "tax_amount", "state", "reference", "description", "party.code",
        "currency.code", "invoice_address", "lines")  # fmt: skip
LINE = ("product.code", "quantity", "unit.name", "unit_price", "amount", "description")


@pytest.fixture
def driver(tryton, tmp_path):
    """A function that connects."""
    given = {
        "erp__mapping_file": mapping(tmp_path),
        "erp_tryton__url": tryton.url,
        "erp_tryton__database": DATABASE,
        "erp_tryton__user": USER,
        "erp_tryton__password": PASSWORD,
    }
    return lambda **changes: connected("tryton", **{**given, **changes})


@contextmanager
def logged_in(tryton):
    with (
        Connection(tryton.url, 30, 60).opened() as exchange,
        session(exchange, DATABASE, USER, PASSWORD) as found,
    ):
        yield found


def sales(tryton):
    with logged_in(tryton) as rpc:
        return rpc.model("sale.sale", "search_read", [], 0, None, None, list(SALE))


def lines(tryton, sale):
    with logged_in(tryton) as rpc:
        found = rpc.model("sale.line", "read", sale["lines"], list(LINE))
    by_id = {line["id"]: line for line in found}
    return [
        (
            line["product."]["code"],
            line["unit."]["name"],
            Decimal(line["quantity"]),
            line["unit_price"],
            line["amount"],
        )
        for line in (by_id[number] for number in sale["lines"])
    ]


def test_an_order_becomes_a_draft_sale_of_the_same_sum(tryton, driver):
    reference = driver()(PARCEL)
    (sale,) = sales(tryton)
    assert reference == f"sale.sale,{sale['id']}"
    assert sale["untaxed_amount"] == february().order.payable
    assert sale["state"] == "draft"
    assert sale["reference"] == PARCEL.key
    assert sale["description"] == "Sales order 7, 2026-02-01 to 2026-03-01"
    assert sale["party."]["code"] == "C-0815"
    assert sale["currency."]["code"] == "EUR"
    assert sale["invoice_address"] is not None


def test_tryton_adds_the_taxes_of_the_products(tryton, driver):
    driver()(PARCEL)
    (sale,) = sales(tryton)
    whole = february().order.payable * Decimal("0.19")
    assert abs(sale["tax_amount"] - whole) <= Decimal("0.01")


def test_lines_have_the_units_of_their_products_and_corrections_are_negative(tryton, driver):
    driver()(PARCEL)
    (sale,) = sales(tryton)
    sold = lines(tryton, sale)
    volume = ("OS-VOLUME", "Unit")
    assert (*volume, 50, Decimal("0.0700"), Decimal("3.50")) in sold
    assert (*volume, -40, Decimal("0.0700"), Decimal("-2.80")) in sold
    assert ("OS-VCPU", "Hour", -100, Decimal("0.0123"), Decimal("-1.23")) in sold
    assert ("OS-CREDIT", "Unit", -5, Decimal("1.0000"), Decimal("-5.00")) in sold


def test_what_rounding_leaves_is_a_line_of_its_own(tryton, driver):
    price = replace(VCPU, unit_price=Decimal("1.004"))
    other = replace(price, component="traffic", per="unit")
    hour = FEBRUARY, FEBRUARY + HOUR
    items = [usage(WEB, price, Decimal(1), *hour), usage(WEB, other, Decimal(1), *hour)]
    driver()(parcel_of(issued(bill(items))))
    (sale,) = sales(tryton)
    assert [line[-1] for line in lines(tryton, sale)] == [1, 1, Decimal("0.01")]
    assert sale["untaxed_amount"] == Decimal("2.01")


def test_an_order_that_came_before_is_found_and_not_made_twice(tryton, driver):
    deliver = driver()
    assert deliver(PARCEL) == deliver(PARCEL) == driver()(PARCEL)
    assert len(sales(tryton)) == 1


def test_an_order_that_was_quoted_meanwhile_is_found_by_its_number(tryton, driver):
    driver()(PARCEL)
    (sale,) = sales(tryton)
    with logged_in(tryton) as rpc:
        rpc.model("sale.sale", "quote", [sale["id"]])
        (row,) = rpc.model("sale.sale", "read", [sale["id"]], ["number"])
    assert driver()(PARCEL) == row["number"]


@pytest.mark.parametrize(
    ("old", "new", "says", "code"),
    [
        ("OS-VOLUME", "OS-DISK", "no product.product with code OS-DISK", "product_unknown"),
        ("C-0815", "C-9999", "no party.party with code C-9999", "partner_unknown"),
        ("OS-VOLUME", "OS-VOLUME, unit: Parsec", "no product.uom with name Parsec",
         "unit_unknown"),
    ],
)  # fmt: skip
def test_what_tryton_does_not_know_is_told_and_nothing_is_made(
    tryton, driver, tmp_path, old, new, says, code
):
    wrong = mapping(tmp_path, MAPPING.replace(old, new))
    with pytest.raises(Refused, match=says) as refused:
        driver(erp__mapping_file=wrong)(PARCEL)
    assert refused.value.code == code
    assert sales(tryton) == []
    mapping(tmp_path)
    driver(erp__mapping_file=wrong)(PARCEL)
    assert len(sales(tryton)) == 1


def test_a_product_can_be_sold_in_another_unit_of_its_kind(tryton, driver, tmp_path):
    text = MAPPING.replace("product: OS-VCPU", "product: OS-VCPU, unit: Minute", 1)
    driver(erp__mapping_file=mapping(tmp_path, text))(PARCEL)
    (sale,) = sales(tryton)
    assert {line[1] for line in lines(tryton, sale) if line[0] == "OS-VCPU"} == {"Minute", "Hour"}


def test_a_unit_of_another_kind_is_refused_in_the_words_of_tryton(tryton, driver, tmp_path):
    text = MAPPING.replace("product: OS-VOLUME", "product: OS-VOLUME, unit: Liter")
    with pytest.raises(Refused, match=r"Tryton: model.sale.sale.create: UserError") as refused:
        driver(erp__mapping_file=mapping(tmp_path, text))(PARCEL)
    assert refused.value.code == "erp_refused"
    assert sales(tryton) == []


def test_a_currency_that_tryton_does_not_have_is_told(tryton, driver):
    order = bill([usage(WEB, replace(VCPU, currency="CHF"), Decimal(1), FEBRUARY,
                        FEBRUARY + HOUR)], currency="CHF")  # fmt: skip
    with pytest.raises(Refused, match=r"no currency.currency with code CHF") as refused:
        driver()(parcel_of(issued(order)))
    assert refused.value.code == "currency_unknown"


def test_more_digits_than_tryton_keeps_are_refused_and_the_total_is_never_wrong(
    tryton, driver, tmp_path
):
    price = replace(VCPU, unit_price=Decimal("0.012343"))
    order = bill([usage(WEB, price, Decimal(1000), FEBRUARY, FEBRUARY + HOUR)])
    text = MAPPING.replace("price: 4", "price: 6")
    with pytest.raises(Refused, match=r"Tryton: model.sale.sale.create: UserError"):
        driver(erp__mapping_file=mapping(tmp_path, text))(parcel_of(issued(order)))
    assert sales(tryton) == []
    driver(erp__mapping_file=mapping(tmp_path))(parcel_of(issued(order)))
    (sale,) = sales(tryton)
    assert sale["untaxed_amount"] == order.payable == Decimal("12.34")


@pytest.mark.parametrize("wrong", ["password", "user", "database"])
def test_who_is_not_let_in_stops_and_says_so_without_the_password(driver, wrong):
    with pytest.raises((Unreachable, Refused)) as stopped:
        driver(**{f"erp_tryton__{wrong}": "mistyped-secret"})(PARCEL)
    assert "mistyped-secret" not in stopped.value.detail or wrong != "password"
    if wrong != "database":
        assert stopped.value.code == "erp_denied"


def test_a_server_that_is_gone_is_unreachable(tryton, driver):
    deliver = driver()
    tryton.process.terminate()
    tryton.process.wait()
    with pytest.raises(Unreachable) as stopped:
        deliver(PARCEL)
    assert stopped.value.code == "erp_unreachable"
