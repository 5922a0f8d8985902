"""The file of parties: read as it is written, refused where it cannot be meant."""

from decimal import Decimal

import pytest

from ratings import plugins
from ratings.core.errors import DefinitionError, InvalidInput
from ratings.exporters import Exports
from ratings.exporters.parties import Directory, Party, Payment, Vat
from ratings.tests.bills import february

FILE = """
seller: {name: Wolkenbruch GmbH}
vat: {category: S, rate: 19.5}
payment: {due_days: 14}
invoice: {number_prefix: RC-, contract: framework}
tenants:
  0815:
    buyer: {name: Fjord AS, address: {country: NO, postcode: 0150}}
    vat: {category: G, reason: Export}
    payment: {due_days: 30}
    contract: 2026-17
others:
  buyer: {name: Walk-in customer}
"""


@pytest.fixture
def read(tmp_path):
    def found(text):
        path = tmp_path / "parties.yaml"
        path.write_text(text)
        return plugins.directory(path)

    return found


def test_a_tenant_has_what_is_said_of_it_and_else_what_holds_for_all(read):
    directory = read(FILE)
    fjord, other = directory.parties("0815"), directory.parties("4711")
    assert (fjord.buyer.name, other.buyer.name) == ("Fjord AS", "Walk-in customer")
    assert (fjord.vat.category, other.vat) == ("G", Vat(rate=Decimal("19.5")))
    assert (fjord.payment, other.payment) == (Payment(due_days=30), Payment(due_days=14))
    assert (fjord.invoice.contract, other.invoice.contract) == ("2026-17", "framework")
    assert fjord.invoice.number_prefix == "RC-"


def test_texts_are_taken_as_they_are_written(read):
    address = read(FILE).parties("0815").buyer.address
    assert (address.country, address.postcode) == ("NO", "0150")


def test_without_a_file_a_tenant_is_called_by_its_id():
    assert plugins.directory(None) == Directory()
    assert Directory().parties("acme").buyer == Party(name="acme")


WRONG = {
    "vat: {category: X}": "category of VAT is one of S",
    "vat: {category: S}": "category S does not go with a rate of 0",
    "vat: {category: Z, rate: 5}": "category Z does not go with a rate of 5",
    "vat: {category: S, rate: NaN}": "rate of NaN",
    "vat: {category: AE}": "category AE needs a reason",
    "vat: {category: Z, reason: because}": "category Z takes no reason",
    "vat: {rate: much}": r"\$\.vat\.rate",
    "payment: {due_days: -1}": "due_days",
    "seller: {nam: Wolkenbruch}": "unknown field `nam`",
    "sellers: {name: Wolkenbruch}": "unknown field `sellers`",
    "seller: [": "no YAML",
}


@pytest.mark.parametrize(("text", "told"), WRONG.items(), ids=WRONG.keys())
def test_what_cannot_be_meant_is_refused_with_its_place(read, text, told):
    with pytest.raises(DefinitionError, match=rf"parties\.yaml.*{told}"):
        read(text)


def test_every_format_is_installed_under_its_name():
    names = {"json", "csv", "focus", "focus-parquet", "ubl", "beancount"}
    assert set(plugins.exporters()) >= names


def test_a_file_is_called_after_its_order_and_its_format():
    exports = Exports(plugins.exporters(), Directory())
    assert exports.file("focus-parquet", february()).name == "sales-order-7.focus.parquet"
    with pytest.raises(InvalidInput, match="beancount, csv, focus"):
        exports.file("xls", february())
