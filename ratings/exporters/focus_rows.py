"""The rows of FOCUS 1.2: what an order charges, in the words of its dataset Cost and Usage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ratings.core.composing import exact_sum
from ratings.core.orders import Issued, Line, Order
from ratings.exporters import invoice_number, is_draft
from ratings.exporters.counted import counted
from ratings.exporters.parties import Parties, Service
from ratings.exporters.services import OTHER, SERVICES

TEXT, MONEY, PRICE, NUMBER, TIME = "text", "money", "price", "number", "time"

COLUMNS: dict[str, str] = {
    **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName", "InvoiceId"), TEXT),
    **dict.fromkeys(("BillingAccountId", "BillingAccountName", "BillingAccountType"), TEXT),
    **dict.fromkeys(("SubAccountId", "SubAccountName", "SubAccountType"), TEXT),
    **dict.fromkeys(("BillingPeriodStart", "BillingPeriodEnd"), TIME),
    **dict.fromkeys(("ChargePeriodStart", "ChargePeriodEnd"), TIME),
    **dict.fromkeys(("ChargeCategory", "ChargeClass", "ChargeDescription"), TEXT),
    "ChargeFrequency": TEXT,
    **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), MONEY),
    **dict.fromkeys(("ListUnitPrice", "ContractedUnitPrice"), PRICE),
    "PricingCategory": TEXT,
    "PricingQuantity": NUMBER,
    **dict.fromkeys(("PricingUnit", "PricingCurrency", "BillingCurrency"), TEXT),
    "PricingCurrencyContractedUnitPrice": PRICE,
    "PricingCurrencyEffectiveCost": MONEY,
    "PricingCurrencyListUnitPrice": PRICE,
    "ConsumedQuantity": NUMBER,
    **dict.fromkeys(("ConsumedUnit", "ServiceName", "ServiceCategory"), TEXT),
    **dict.fromkeys(("ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceId"), TEXT),
    **dict.fromkeys(("SkuPriceDetails", "ResourceId", "ResourceName", "ResourceType"), TEXT),
    **dict.fromkeys(("RegionId", "RegionName", "CommitmentDiscountStatus"), TEXT),
    **dict.fromkeys(("x_LineKind", "x_CorrectionReason", "x_OrderStatus"), TEXT),
    **dict.fromkeys(("x_OrderDigest", "x_PreviousOrderDigest"), TEXT),
}
"""What each column holds, in the order of the file. Those with x_ are our own."""

_PERIODS = {per: f"{per.capitalize()}s" for per in ("second", "minute", "hour", "day", "month")}


@dataclass(frozen=True, slots=True)
class _Nature:
    category: str
    frequency: str


_NATURES = {
    "usage": _Nature("Usage", "Usage-Based"),
    "free": _Nature("Adjustment", "Usage-Based"),
    "tier": _Nature("Adjustment", "Usage-Based"),
    "discount": _Nature("Credit", "Usage-Based"),
    "minimum": _Nature("Adjustment", "Recurring"),
    "credit": _Nature("Credit", "One-Time"),
    "rounding": _Nature("Adjustment", "One-Time"),
}
"""What FOCUS calls the kinds of lines."""


def rows(issued: Issued, parties: Parties) -> Iterator[dict[str, Any]]:
    """A row per line that has an amount, and one of the rounding where there is any.

    Values are as `COLUMNS` says: str, Decimal, datetime; None is null. The sum of
    BilledCost is the order's `payable`, without the row of the rounding its `total`.
    """
    order = issued.order
    same = _of_the_order(issued, parties)
    types = {line.component: line.subject.resource_type for line in order.lines if line.subject}
    for line in (*order.lines, *order.corrections):
        name = line.subject.resource_type if line.subject else types.get(line.component, "")
        service = parties.services.get(name) or SERVICES.get(name, OTHER)
        yield {**dict.fromkeys(COLUMNS), **same, **_of_the_service(service), **_charge(line)}
    if rounding := _rounding(order):
        yield {**dict.fromkeys(COLUMNS), **same, **_of_the_service(OTHER), **_charge(rounding)}


def _rounding(order: Order) -> Line | None:
    difference = exact_sum((order.payable, order.total.copy_negate()))
    if not difference:
        return None
    return Line(
        subject=None,
        component=None,
        unit=order.currency,
        quantity=difference,
        unit_price=None,
        start=order.start,
        end=order.end,
        amount=difference,
        kind="rounding",
        description=f"rounded to what can be paid in {order.currency}",
    )


def _of_the_order(issued: Issued, parties: Parties) -> dict[str, Any]:
    order, seller, buyer = issued.order, parties.seller, parties.buyer
    return {
        "ProviderName": seller.trading_name or seller.name,
        "PublisherName": seller.trading_name or seller.name,
        "InvoiceIssuerName": seller.name,
        "InvoiceId": None if is_draft(issued) else invoice_number(issued.id, parties),
        "BillingAccountId": buyer.account or order.tenant_id,
        "BillingAccountName": buyer.name,
        "BillingAccountType": "Customer",
        "SubAccountId": order.tenant_id,
        "SubAccountName": order.tenant_id,
        "SubAccountType": "Project",
        "BillingPeriodStart": order.start,
        "BillingPeriodEnd": order.end,
        "PricingCurrency": order.currency,
        "BillingCurrency": order.currency,
        "x_OrderStatus": "draft" if is_draft(issued) else "issued",
        "x_OrderDigest": order.digest,
        "x_PreviousOrderDigest": order.previous_digest,
    }


def _of_the_service(service: Service) -> dict[str, Any]:
    return {
        "ServiceName": service.name,
        "ServiceCategory": service.category,
        "ServiceSubcategory": service.subcategory,
    }


def _charge(line: Line) -> dict[str, Any]:
    nature = _NATURES[line.kind]
    costs = [name for name, what in COLUMNS.items() if what == MONEY]
    return {
        "ChargePeriodStart": line.start,
        "ChargePeriodEnd": line.end,
        "ChargeCategory": nature.category,
        "ChargeClass": None if line.reason is None else "Correction",
        "ChargeDescription": _description(line),
        "ChargeFrequency": nature.frequency,
        **dict.fromkeys(costs, line.amount),
        **(_usage(line) if line.kind == "usage" else {}),
        **_resource(line),
        "x_LineKind": line.kind,
        "x_CorrectionReason": line.reason,
    }


def _usage(line: Line) -> dict[str, Any]:
    number, unit = counted(line), _unit(line)
    return {
        **{name: line.unit_price for name, what in COLUMNS.items() if what == PRICE},
        "PricingCategory": "Standard",
        "PricingQuantity": number,
        "PricingUnit": unit,
        "ConsumedQuantity": number,
        "ConsumedUnit": unit,
        "SkuId": line.component,
        "SkuMeter": line.component,
        "SkuPriceId": None if line.source is None else f"price-{line.source}",
    }


def _resource(line: Line) -> dict[str, Any]:
    subject = line.subject
    if subject is None:
        return {}
    return {
        "ResourceId": subject.resource_id,
        "ResourceName": None if subject.name in ("", subject.resource_id) else subject.name,
        "ResourceType": subject.resource_type,
        "RegionId": subject.region,
        "RegionName": subject.region,
    }


def _unit(line: Line) -> str:
    """In FOCUS's form of units: ``GiB-Months``, ``floating ip-Hours``, ``snapshot``."""
    thing = " ".join(re.findall("[A-Za-z0-9]+", line.unit)) or "Unit"
    period = _PERIODS.get(line.per or "hour")
    return f"{thing}-{period}" if period else thing


def _description(line: Line) -> str:
    if line.subject is None:
        said = line.description or line.kind
        said = f"{said} ({line.component})" if line.component else said
    else:
        said = f"{line.component} of {line.subject.resource_type} {line.subject.resource_id}"
    return said if line.reason is None else f"{said}: {line.reason}"
