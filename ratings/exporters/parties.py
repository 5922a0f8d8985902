"""Who sells and who buys: what a bill has to say of them, and no record knows.

The operator writes it down in one YAML file; its reference is
``doc/source/user/exports.rst``.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

ZERO_RATED = ("Z", "E", "AE", "K", "G", "O")
"""Categories of VAT (UNCL 5305) that bear no tax."""


class Address(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """country: two letters, ISO 3166-1."""

    country: str
    street: str | None = None
    additional_street: str | None = None
    city: str | None = None
    postcode: str | None = None
    region: str | None = None


class Party(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The seller, or a buyer.

    name:            as registered by law.
    vat_id:          with the letters of the country in front.
    tax_id:          of a seller that has no `vat_id`.
    legal_id:        of the register of companies; its scheme is of ISO 6523.
    endpoint:        where electronic documents are delivered; its scheme is of the list EAS.
    account:         how the other side's books call this party.
    """

    name: str
    trading_name: str | None = None
    address: Address | None = None
    vat_id: str | None = None
    tax_id: str | None = None
    legal_id: str | None = None
    legal_id_scheme: str | None = None
    endpoint: str | None = None
    endpoint_scheme: str | None = None
    account: str | None = None
    contact: str | None = None
    phone: str | None = None
    email: str | None = None


class Vat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """category: of UNCL 5305. rate: in percent. reason, reason_code: why there is no tax."""

    category: str = "S"
    rate: Decimal = Decimal()
    reason: str | None = None
    reason_code: str | None = None

    def __post_init__(self) -> None:
        if self.category not in ("S", *ZERO_RATED):
            raise ValueError(f"a category of VAT is one of S, {', '.join(ZERO_RATED)}")
        if not self.rate.is_finite() or (self.rate > 0) != (self.category == "S"):
            raise ValueError(f"category {self.category} does not go with a rate of {self.rate}")
        needs_reason = self.category not in ("S", "Z")
        if needs_reason != bool(self.reason or self.reason_code):
            ask = "needs a" if needs_reason else "takes no"
            raise ValueError(f"category {self.category} {ask} reason")


class Payment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """due_days: from the date of issue. means: a code of UNCL 4461; 58 is a SEPA transfer."""

    due_days: int = 30
    terms: str | None = None
    means: str = "30"
    iban: str | None = None
    bic: str | None = None
    account_name: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.due_days <= 3650:
            raise ValueError("due_days must lie between 0 and 3650")


class Invoice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """number_prefix: stands before the order's id. customization, profile: of EN 16931."""

    number_prefix: str = ""
    customization: str = "urn:cen.eu:en16931:2017"
    profile: str | None = None
    buyer_reference: str | None = None
    purchase_order: str | None = None
    contract: str | None = None


class Accounts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a ledger. Each tenant, each component has an account of its own below these."""

    receivable: str = "Assets:Receivable"
    income: str = "Income:Cloud"
    rounding: str = "Income:Rounding"


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What FOCUS calls a resource type; the words of the first two are its own."""

    category: str
    subcategory: str
    name: str


class Parties(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom an order concerns. vat: None where the operator has not said it.

    services: of resource types that `services` does not know, or knows differently.
    """

    seller: Party
    buyer: Party
    vat: Vat | None = None
    payment: Payment = Payment()
    invoice: Invoice = Invoice()
    accounts: Accounts = Accounts()
    services: Mapping[str, Service] = field(default_factory=dict)


class Tenant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of one tenant, or of those of whom nothing else is; None is as for all."""

    buyer: Party
    vat: Vat | None = None
    payment: Payment | None = None
    buyer_reference: str | None = None
    purchase_order: str | None = None
    contract: str | None = None


class Directory(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. others: tenants that are not in `tenants`."""

    seller: Party = Party(name="OpenStack")
    vat: Vat | None = None
    payment: Payment = Payment()
    invoice: Invoice = Invoice()
    accounts: Accounts = Accounts()
    services: Mapping[str, Service] = field(default_factory=dict)
    tenants: Mapping[str, Tenant] = field(default_factory=dict)
    others: Tenant | None = None

    def parties(self, tenant_id: str) -> Parties:
        """Those whom the orders of a tenant concern."""
        about = self.tenants.get(tenant_id) or self.others or Tenant(buyer=Party(name=tenant_id))
        return Parties(
            seller=self.seller,
            buyer=about.buyer,
            vat=about.vat or self.vat,
            payment=about.payment or self.payment,
            invoice=replace(
                self.invoice,
                buyer_reference=about.buyer_reference or self.invoice.buyer_reference,
                purchase_order=about.purchase_order or self.invoice.purchase_order,
                contract=about.contract or self.invoice.contract,
            ),
            accounts=self.accounts,
            services=self.services,
        )
