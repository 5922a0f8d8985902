"""Elements of UBL, and the bytes of a document."""

from __future__ import annotations

import re
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ratings.core.writing import plain

_NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def root(kind: str) -> Element:
    """An Invoice or a CreditNote."""
    return Element(
        kind,
        {
            "xmlns": f"{_NAMESPACE}{kind}-2",
            "xmlns:cac": f"{_NAMESPACE}CommonAggregateComponents-2",
            "xmlns:cbc": f"{_NAMESPACE}CommonBasicComponents-2",
        },
    )


def add(parent: Element, tag: str, text: str | None = "", **attributes: str) -> Element:
    """A new child; none is added for the text None. What XML cannot hold becomes U+FFFD."""
    if text is None:
        return parent
    child = SubElement(parent, tag, attributes)
    child.text = " ".join(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text).split()) or None
    return child


def money(parent: Element, tag: str, amount: Decimal, currency: str) -> None:
    """Unit prices keep their digits, amounts have two decimal places already."""
    exponent = amount.as_tuple().exponent
    text = f"{amount:f}" if exponent == -2 else plain(amount)
    add(parent, tag, text, currencyID=currency)


def written(document: Element) -> bytes:
    indent(document)
    text: bytes = tostring(document, encoding="UTF-8", xml_declaration=True)
    return text + b"\n"
