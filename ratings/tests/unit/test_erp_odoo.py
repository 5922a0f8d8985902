"""The driver ``odoo``, against a small Odoo that keeps to the rules of the real one."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ratings.core.deliveries import Refused, Unreachable
from ratings.tests import odoos
from ratings.tests.bills import FEBRUARY, HOUR, VCPU, WEB, bill, february, issued, usage
from ratings.tests.erps import MAPPING, PARTNERS, PRODUCTS, connected, mapping, parcel_of

SALES = ("sale.order", "create")


@pytest.fixture
def odoo():
    found = odoos.Odoo(price_digits=4)
    for code in PRODUCTS:
        found.add("product.product", default_code=code)
    for code in PARTNERS:
        found.add("res.partner", ref=code)
    found.add("uom.uom", name="Hours")
    return found


@pytest.fixture
def url(odoo):
    with odoos.served(odoo) as found:
        yield found


@pytest.fixture(params=["json2", "xmlrpc"])
def driver(request, url, tmp_path):
    """A function that connects, by either protocol."""
    given = {
        "erp__mapping_file": mapping(tmp_path),
        "erp_odoo__url": url,
        "erp_odoo__database": odoos.DATABASE,
        "erp_odoo__api_key": odoos.API_KEY,
        "erp_odoo__user": odoos.USER,
        "erp_odoo__protocol": request.param,
    }
    return lambda **changes: connected("odoo", **{**given, **changes})


PARCEL = parcel_of(february())


def uneven():
    """Two amounts of 1.004, which are 2.01 together."""
    price = replace(VCPU, unit_price=Decimal("1.004"))
    other = replace(price, component="traffic", per="unit")
    hour = FEBRUARY, FEBRUARY + HOUR
    return bill([usage(WEB, price, Decimal(1), *hour), usage(WEB, other, Decimal(1), *hour)])


def test_an_order_becomes_a_quotation_of_the_same_sum(odoo, driver):
    assert driver()(PARCEL) == "S00001"
    (sale,) = odoo.sales.values()
    assert Decimal(str(sale["amount_untaxed"])) == february().order.payable
    assert sale["client_order_ref"] == PARCEL.key
    assert sale["origin"] == "Sales order 7, 2026-02-01 to 2026-03-01"
    assert sale["state"] == "draft"
    assert odoo.records["res.partner"][sale["partner_id"]]["ref"] == "C-0815"


def test_lines_have_quantity_and_price_corrections_are_negative(odoo, driver):
    driver()(PARCEL)
    products = {row["id"]: row["default_code"] for row in odoo.records["product.product"].values()}
    (sale,) = odoo.sales.values()
    sold = [
        (products[line["product_id"]], line["quantity"], Decimal(str(line["price_unit"])))
        for line in sale["lines"]
    ]
    assert ("OS-VOLUME", Decimal(50), Decimal("0.07")) in sold
    assert ("OS-VOLUME", Decimal(-40), Decimal("0.07")) in sold
    assert ("OS-CREDIT", Decimal(-5), Decimal(1)) in sold


def test_what_rounding_leaves_is_a_line_of_its_own(odoo, driver):
    driver()(parcel_of(issued(uneven())))
    (sale,) = odoo.sales.values()
    assert [line["price_subtotal"] for line in sale["lines"]] == [1, 1, Decimal("0.01")]
    assert sale["amount_untaxed"] == 2.01
    assert sale["lines"][2]["name"] == "Rounding"


def test_an_order_that_came_before_is_found_and_not_made_twice(odoo, driver):
    deliver = driver()
    assert deliver(PARCEL) == deliver(PARCEL) == driver()(PARCEL) == "S00001"
    assert odoo.calls.count(SALES) == 1


def test_two_sales_with_the_key_of_one_order_are_for_a_person_to_look_at(odoo, driver):
    driver()(PARCEL)
    odoo.sales[2] = {**odoo.sales[1], "id": 2, "name": "S00002"}
    with pytest.raises(Refused, match="S00001 and S00002 both bear ratings-7-") as refused:
        driver()(PARCEL)
    assert refused.value.code == "sale_ambiguous"


@pytest.mark.parametrize(
    ("model", "field", "code", "error"),
    [
        ("product.product", "default_code", "OS-VOLUME", "product_unknown"),
        ("res.partner", "ref", "C-0815", "partner_unknown"),
    ],
)
def test_what_odoo_does_not_know_is_told_and_nothing_is_made(
    odoo, driver, model, field, code, error
):
    (row,) = [row for row in odoo.records[model].values() if row[field] == code]
    row[field] = "something else"
    with pytest.raises(Refused, match=f"no {model} with {field} {code}") as refused:
        driver()(PARCEL)
    assert refused.value.code == error
    assert odoo.sales == {}
    row[field] = code
    assert driver()(PARCEL) == "S00001"


def test_a_code_that_two_products_bear_is_not_guessed(odoo, driver):
    odoo.add("product.product", default_code="OS-VCPU")
    with pytest.raises(Refused, match=r"two product.product with default_code OS-VCPU"):
        driver()(PARCEL)


@pytest.mark.parametrize("release", [18, 19])
def test_a_unit_of_measure_can_be_named(odoo, driver, tmp_path, release):
    odoo.unit = "product_uom" if release == 18 else "product_uom_id"
    text = MAPPING.replace("product: OS-VOLUME", "product: OS-VOLUME, unit: Hours")
    driver(erp__mapping_file=mapping(tmp_path, text))(PARCEL)
    (sale,) = odoo.sales.values()
    assert [line.get(odoo.unit) for line in sale["lines"]].count(11) == 3
    unknown = mapping(tmp_path, text.replace("Hours", "Years"))
    with pytest.raises(Refused, match=r"no uom.uom with name Years") as refused:
        driver(erp__mapping_file=unknown)(parcel_of(issued(february().order, 8)))
    assert refused.value.code == "unit_unknown"


def test_a_sale_in_another_currency_waits_until_its_price_list_is_mended(odoo, driver):
    odoo.currency = "USD"
    for _ in range(2):
        with pytest.raises(Refused, match="S00001 is in USD, the order in EUR") as refused:
            driver()(PARCEL)
        assert refused.value.code == "currency_differs"
    odoo.sales[1]["currency_id"] = [1, "EUR"]
    assert driver()(PARCEL) == "S00001"


def test_a_sale_that_comes_to_another_sum_is_no_delivery(odoo, driver, tmp_path):
    """The mapping file says that prices have four digits; this Odoo keeps one."""
    odoo.price_digits = 1
    with pytest.raises(Refused, match=r"S00001 comes to .*, the order to") as refused:
        driver()(PARCEL)
    assert refused.value.code == "total_differs"
    assert len(odoo.sales) == 1


def test_every_digit_of_a_price_arrives(odoo, driver, tmp_path):
    odoo.price_digits = 12
    price = replace(VCPU, unit_price=Decimal("0.000000123457"))
    order = bill([usage(WEB, price, Decimal(10**9), FEBRUARY, FEBRUARY + 1000 * HOUR)])
    text = MAPPING.replace("price: 4", "price: 12")
    driver(erp__mapping_file=mapping(tmp_path, text))(parcel_of(issued(order)))
    (line,) = odoo.sales[1]["lines"]
    assert (line["price_unit"], line["product_uom_qty"]) == (0.000000123457, 10**12)


def test_an_order_of_nothing_is_an_empty_quotation(odoo, driver):
    assert driver()(parcel_of(issued(bill([])))) == "S00001"
    assert odoo.sales[1]["lines"] == []


@pytest.mark.parametrize("wrong", ["api_key", "database"])
def test_who_is_not_let_in_stops_and_says_so_without_the_key(odoo, driver, wrong):
    with pytest.raises((Unreachable, Refused)) as stopped:
        driver(**{f"erp_odoo__{wrong}": "mistyped secret"})(PARCEL)
    assert "mistyped secret" not in stopped.value.detail
    if wrong == "api_key":
        assert stopped.value.code == "erp_denied"


def test_what_odoo_says_to_a_person_is_told_without_its_traceback(odoo, driver):
    def no(sale):
        raise odoos.UserError(f"This customer is blocked {odoos.API_KEY}")

    odoo.after_create = no
    with pytest.raises(Refused) as refused:
        driver()(PARCEL)
    assert refused.value.code == "erp_refused"
    assert refused.value.detail == "Odoo: sale.order.create: This customer is blocked ***"


def test_a_bug_of_odoo_is_one_line(odoo, driver):
    def broken(sale):
        raise ZeroDivisionError("in an add-on")

    odoo.after_create = broken
    with pytest.raises(Refused, match="in an add-on") as refused:
        driver()(PARCEL)
    assert "Traceback" not in refused.value.detail


def test_something_else_that_listens_there_is_no_odoo(driver, url):
    with pytest.raises((Refused, Unreachable)):
        driver(erp_odoo__url=f"{url}/elsewhere")(PARCEL)
