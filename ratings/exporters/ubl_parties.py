"""Seller and buyer as UBL writes them, and what of them an invoice cannot do without."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ratings.exporters.parties import Address, Parties, Party, Vat
from ratings.exporters.ubl_xml import add


def missing(parties: Parties) -> list[str]:
    """What the operator has to add before there can be invoices, by its place in the file."""
    return list(_missing(parties))


def _missing(parties: Parties) -> Iterator[str]:
    seller, buyer, vat = parties.seller, parties.buyer, parties.vat
    if seller.address is None:
        yield "the seller's address"
    if buyer.address is None:
        yield "the buyer's address"
    if vat is None:
        yield "vat"
        return
    if vat.category == "O":
        if not seller.legal_id:
            yield "the seller's legal_id"
        return
    if vat.category in ("K", "G") and not seller.vat_id:
        yield "the seller's vat_id"
    elif not (seller.vat_id or seller.tax_id):
        yield "the seller's vat_id or tax_id"
    if vat.category == "K" and not buyer.vat_id:
        yield "the buyer's vat_id"
    if vat.category == "AE" and not (buyer.vat_id or buyer.legal_id):
        yield "the buyer's vat_id or legal_id"


def add_party(parent: Element, party: Party, vat: Vat) -> None:
    element = add(parent, "cac:Party")
    if party.endpoint:
        scheme = party.endpoint_scheme or "EM"
        add(element, "cbc:EndpointID", party.endpoint, schemeID=scheme)
    if party.account:
        add(add(element, "cac:PartyIdentification"), "cbc:ID", party.account)
    if party.trading_name:
        add(add(element, "cac:PartyName"), "cbc:Name", party.trading_name)
    if party.address:
        _add_address(add(element, "cac:PostalAddress"), party.address)
    # What is outside of the scope of VAT must not name such an id (BR-O-02).
    if vat.category != "O":
        for number, scheme in ((party.vat_id, "VAT"), (party.tax_id, "TAX")):
            if number:
                tax = add(element, "cac:PartyTaxScheme")
                add(tax, "cbc:CompanyID", number)
                add(add(tax, "cac:TaxScheme"), "cbc:ID", scheme)
    legal = add(element, "cac:PartyLegalEntity")
    add(legal, "cbc:RegistrationName", party.name)
    schemed = {"schemeID": party.legal_id_scheme} if party.legal_id_scheme else {}
    add(legal, "cbc:CompanyID", party.legal_id, **schemed)
    if party.contact or party.phone or party.email:
        contact = add(element, "cac:Contact")
        add(contact, "cbc:Name", party.contact)
        add(contact, "cbc:Telephone", party.phone)
        add(contact, "cbc:ElectronicMail", party.email)


def _add_address(element: Element, address: Address) -> None:
    add(element, "cbc:StreetName", address.street)
    add(element, "cbc:AdditionalStreetName", address.additional_street)
    add(element, "cbc:CityName", address.city)
    add(element, "cbc:PostalZone", address.postcode)
    add(element, "cbc:CountrySubentity", address.region)
    add(add(element, "cac:Country"), "cbc:IdentificationCode", address.country)
