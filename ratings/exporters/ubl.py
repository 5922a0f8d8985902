"""``ubl``: an invoice or a credit note in UBL 2.1, as the European norm EN 16931 has it."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from ratings.core.orders import Issued
from ratings.core.writing import plain
from ratings.exporters import Exporter, NotExportable, invoice_number, is_draft
from ratings.exporters.invoicing import Allowance, Invoice, InvoiceLine, days, due, invoice
from ratings.exporters.parties import Parties, Vat
from ratings.exporters.ubl_parties import add_party, missing
from ratings.exporters.ubl_xml import add, money, root, written

_UNITS = {"second": "SEC", "minute": "MIN", "hour": "HUR", "day": "DAY", "month": "MON"}
"""UN/ECE Recommendation 20 has no vCPU-hours: the line says of what they are hours."""

_ONE = "C62"


def export(issued: Issued, parties: Parties) -> bytes:
    """An invoice (type 380), or a credit note (381) where money is given back.

    NotExportable: a draft, which has no number; parties of whom too little is known.
    """
    if is_draft(issued):
        raise NotExportable("a draft has no number, and an invoice needs one")
    if lacks := missing(parties):
        raise NotExportable(f"an invoice needs, in the file of parties: {', '.join(lacks)}")
    assert parties.vat is not None
    found = invoice(issued.order, parties.vat)
    document = root("CreditNote" if found.credit_note else "Invoice")
    _add_head(document, issued, parties, found)
    _add_references(document, issued, parties)
    add_party(add(document, "cac:AccountingSupplierParty"), parties.seller, parties.vat)
    add_party(add(document, "cac:AccountingCustomerParty"), parties.buyer, parties.vat)
    _add_payment(document, issued, parties, found)
    currency = issued.order.currency
    for allowance in found.allowances:
        _add_allowance(document, allowance, parties.vat, currency)
    _add_totals(document, found, parties.vat, currency)
    for number, line in enumerate(found.lines, 1):
        _add_line(document, number, line, found, parties.vat, currency)
    return written(document)


def _add_head(document: Element, issued: Issued, parties: Parties, found: Invoice) -> None:
    order = issued.order
    add(document, "cbc:CustomizationID", parties.invoice.customization)
    add(document, "cbc:ProfileID", parties.invoice.profile)
    add(document, "cbc:ID", invoice_number(issued.id, parties))
    add(document, "cbc:IssueDate", issued.created_at.date().isoformat())
    if found.credit_note:
        add(document, "cbc:CreditNoteTypeCode", "381")
    else:
        due_date = due(issued.created_at, parties.payment.due_days)
        add(document, "cbc:DueDate", due_date.isoformat())
        add(document, "cbc:InvoiceTypeCode", "380")
    if order.unpriced:
        add(document, "cbc:Note", f"Usage without a price, not charged: {len(order.unpriced)}")
    add(document, "cbc:DocumentCurrencyCode", order.currency)
    add(document, "cbc:BuyerReference", parties.invoice.buyer_reference)
    first, last = days(order.start, order.end)
    period = add(document, "cac:InvoicePeriod")
    add(period, "cbc:StartDate", first.isoformat())
    add(period, "cbc:EndDate", last.isoformat())


def _add_references(document: Element, issued: Issued, parties: Parties) -> None:
    if parties.invoice.purchase_order:
        purchase = add(document, "cac:OrderReference")
        add(purchase, "cbc:ID", parties.invoice.purchase_order)
    for number in issued.corrects:
        preceding = add(add(document, "cac:BillingReference"), "cac:InvoiceDocumentReference")
        add(preceding, "cbc:ID", invoice_number(number, parties))
    if parties.invoice.contract:
        contract = add(document, "cac:ContractDocumentReference")
        add(contract, "cbc:ID", parties.invoice.contract)
    digests = {"digest of the sales order": issued.digest}
    if issued.order.corrections:
        digests["digest of the sales order before it"] = issued.order.previous_digest
    for said, digest in digests.items():
        if digest:
            reference = add(document, "cac:AdditionalDocumentReference")
            add(reference, "cbc:ID", digest)
            add(reference, "cbc:DocumentDescription", f"SHA-256, {said}")


def _add_payment(document: Element, issued: Issued, parties: Parties, found: Invoice) -> None:
    payment, buyer = parties.payment, parties.buyer.address
    if parties.vat is not None and parties.vat.category == "K" and buyer is not None:
        location = add(add(document, "cac:Delivery"), "cac:DeliveryLocation")
        country = add(add(location, "cac:Address"), "cac:Country")
        add(country, "cbc:IdentificationCode", buyer.country)
    if payment.iban and not found.credit_note:
        means = add(document, "cac:PaymentMeans")
        add(means, "cbc:PaymentMeansCode", payment.means)
        add(means, "cbc:PaymentID", invoice_number(issued.id, parties))
        account = add(means, "cac:PayeeFinancialAccount")
        add(account, "cbc:ID", payment.iban)
        add(account, "cbc:Name", payment.account_name)
        if payment.bic:
            add(add(account, "cac:FinancialInstitutionBranch"), "cbc:ID", payment.bic)
    terms = payment.terms
    if found.credit_note:
        terms = "This amount is in your favour."
    if terms:
        add(add(document, "cac:PaymentTerms"), "cbc:Note", terms)


def _add_allowance(document: Element, allowance: Allowance, vat: Vat, currency: str) -> None:
    element = add(document, "cac:AllowanceCharge")
    add(element, "cbc:ChargeIndicator", "true" if allowance.charge else "false")
    add(element, "cbc:AllowanceChargeReason", allowance.reason)
    money(element, "cbc:Amount", allowance.amount, currency)
    _add_category(element, "cac:TaxCategory", vat)


def _add_totals(document: Element, found: Invoice, vat: Vat, currency: str) -> None:
    total = add(document, "cac:TaxTotal")
    money(total, "cbc:TaxAmount", found.tax, currency)
    part = add(total, "cac:TaxSubtotal")
    money(part, "cbc:TaxableAmount", found.net, currency)
    money(part, "cbc:TaxAmount", found.tax, currency)
    _add_category(part, "cac:TaxCategory", vat, explained=True)
    sums = add(document, "cac:LegalMonetaryTotal")
    allowances = found.allowances_total(charge=False)
    charges = found.allowances_total(charge=True)
    money(sums, "cbc:LineExtensionAmount", found.lines_total, currency)
    money(sums, "cbc:TaxExclusiveAmount", found.net, currency)
    money(sums, "cbc:TaxInclusiveAmount", found.gross, currency)
    if allowances:
        money(sums, "cbc:AllowanceTotalAmount", allowances, currency)
    if charges:
        money(sums, "cbc:ChargeTotalAmount", charges, currency)
    if found.rounding:
        money(sums, "cbc:PayableRoundingAmount", found.rounding, currency)
    money(sums, "cbc:PayableAmount", found.payable, currency)


def _add_line(
    document: Element, number: int, line: InvoiceLine, found: Invoice, vat: Vat, currency: str
) -> None:
    kind = "Credit" if found.credit_note else "Invoice"
    element = add(document, f"cac:{kind}{'Note' if found.credit_note else ''}Line")
    add(element, "cbc:ID", str(number))
    quantity = "CreditedQuantity" if found.credit_note else "InvoicedQuantity"
    unit = _UNITS.get(line.per or "", _ONE)
    add(element, f"cbc:{quantity}", plain(line.quantity), unitCode=unit)
    money(element, "cbc:LineExtensionAmount", line.amount, currency)
    item = add(element, "cac:Item")
    add(item, "cbc:Description", _description(line))
    add(item, "cbc:Name", f"{line.resource_type}: {line.component}" if line.component else "Usage")
    _add_category(item, "cac:ClassifiedTaxCategory", vat)
    price = add(element, "cac:Price")
    money(price, "cbc:PriceAmount", line.unit_price, currency)


def _description(line: InvoiceLine) -> str:
    if not line.component:
        return "No usage that has a price"
    first, last = days(line.start, line.end)
    counted = line.unit if line.per == "unit" else f"{line.unit}-{line.per}"
    said = f"{counted}, resources: {len(line.resources)}, {first} to {last}"
    return said if line.reason is None else f"Correction, {line.reason}: {said}"


def _add_category(parent: Element, tag: str, vat: Vat, *, explained: bool = False) -> None:
    category = add(parent, tag)
    add(category, "cbc:ID", vat.category)
    if vat.category != "O":
        add(category, "cbc:Percent", plain(vat.rate))
    if explained:
        add(category, "cbc:TaxExemptionReasonCode", vat.reason_code)
        add(category, "cbc:TaxExemptionReason", vat.reason)
    add(add(category, "cac:TaxScheme"), "cbc:ID", "VAT")


EXPORTER = Exporter("application/xml", ".ubl.xml", export)
