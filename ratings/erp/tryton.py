"""``tryton``: a draft sale for each order, by JSON-RPC, with the module *sale*.

The key stands in the field *Reference*; by it an order that came before is found.
Addresses, terms and taxes are what Tryton's own forms would fill in. Nothing is
quoted or confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from oslo_config.cfg import ConfigOpts

from ratings.core.deliveries import Deliver, Parcel, Refused
from ratings.erp import Formats, required
from ratings.erp.connection import connection
from ratings.erp.mapping import Catalogue, reader
from ratings.erp.sale import Digits, Position, Sold, positions, rounding, sold, title
from ratings.erp.tryton_protocol import Tryton, session

_READ = ("number", "untaxed_amount", "currency.code")


@dataclass(frozen=True, slots=True)
class _Product:
    """taxes: ids of those that a sale of it to the partner bears."""

    id: int
    unit: int
    digits: int
    taxes: tuple[int, ...]


def connect(conf: ConfigOpts, formats: Formats) -> Deliver:
    """Creates a ``sale.sale``; the reference is its number, or ``sale.sale,<id>``."""
    group = conf.erp_tryton
    required(conf, "erp", "mapping_file")
    required(conf, "erp_tryton", "url", "database", "user", "password")
    there = connection(conf, group.url.rstrip("/"), group.password)
    catalogue = reader(conf.erp.mapping_file)

    def deliver(parcel: Parcel) -> str:
        read = catalogue()
        with (
            there.opened() as exchange,
            session(exchange, group.database, group.user, group.password) as tryton,
        ):
            return _Delivery(tryton, read, parcel).run()

    return deliver


@dataclass(slots=True)
class _Delivery:
    """Of one order. party: the partner's id in Tryton, once known."""

    tryton: Tryton
    catalogue: Catalogue
    parcel: Parcel
    party: int = 0
    _products: dict[tuple[str, str | None], _Product] = field(default_factory=dict, init=False)

    def run(self) -> str:
        sale = self._found()
        if sale is None:
            self.tryton.model("sale.sale", "create", [self._values()])
            sale = self._found()
            if sale is None:
                raise Refused("Tryton: the sale it created cannot be read")
        self._verify(sale)
        return sale["number"] or f"sale.sale,{sale['id']}"

    def _found(self) -> dict[str, Any] | None:
        key = self.parcel.key
        found = self.tryton.search("sale.sale", [["reference", "=", key]], _READ)
        if len(found) > 1:
            ids = " and ".join(str(sale["id"]) for sale in found)
            raise Refused(f"Tryton: sales {ids} both bear {key}; delete one", code="sale_ambiguous")
        return found[0] if found else None

    def _verify(self, sale: dict[str, Any]) -> None:
        order = self.parcel.issued.order
        currency, amount = sale["currency."]["code"], Decimal(sale["untaxed_amount"])
        if currency != order.currency:
            detail = f"Tryton: sale {sale['id']} is in {currency}, the order in {order.currency}"
            raise Refused(detail, code="currency_differs")
        if amount != order.payable:
            raise Refused(
                f"Tryton: sale {sale['id']} comes to {amount}, the order to {order.payable}",
                code="total_differs",
            )

    def _values(self) -> dict[str, Any]:
        order = self.parcel.issued.order
        company = self.tryton.context.get("company")
        if company is None:
            raise Refused("Tryton: the user has no company", code="erp_refused")
        partner = self.catalogue.partner(order.tenant_id)
        self.party = self._id("party.party", "code", partner, code="partner_unknown")
        whose = {"company": company, "party": self.party}
        filled = self.tryton.model("sale.sale", "on_change_party", {**whose, "lines": []})
        lines = list(self._lines())
        return {
            # Addresses and terms; relations come with a dict of their own, which is not asked for.
            **{name: value for name, value in filled.items() if isinstance(value, int | str)},
            **whose,
            "currency": self._id(
                "currency.currency", "code", order.currency, code="currency_unknown"
            ),
            "reference": self.parcel.key,
            "description": title(self.parcel),
            "lines": [["create", lines]] if lines else [],
        }

    def _lines(self) -> Iterator[dict[str, Any]]:
        order, done = self.parcel.issued.order, list[Sold]()
        for position in positions(order, self.catalogue):
            line = self._line(position, done)
            if done[-1].amount:
                yield line
        rest = rounding(order, self.catalogue, done)
        if rest is not None:
            yield self._line(rest, done)

    def _line(self, position: Position, done: list[Sold]) -> dict[str, Any]:
        """A line as Tryton takes it; what it comes to is added to `done`."""
        product = self._product(position)
        kept = self.catalogue.quantity_digits, self.catalogue.price_digits
        digits = Digits(min(kept[0], product.digits), kept[1])
        one = sold(position, digits, self.parcel.issued.order.currency)
        done.append(one)
        return {
            "type": "line",
            "product": product.id,
            "unit": product.unit,
            "quantity": _double(one.quantity),
            "unit_price": one.price,
            "taxes": [["add", product.taxes]] if product.taxes else [],
            "description": position.description,
        }

    def _product(self, position: Position) -> _Product:
        wanted = position.product, position.unit
        if wanted not in self._products:
            self._products[wanted] = self._looked_up(*wanted)
        return self._products[wanted]

    def _looked_up(self, called: str, unit: str | None) -> _Product:
        fields = ["sale_uom", "sale_uom.digits", "salable"]
        product = self._one("product.product", "code", called, fields, code="product_unknown")
        if not product["salable"]:
            detail = f"Tryton: the product {called} is not salable"
            raise Refused(detail, code="product_unknown")
        unit_id, digits = product["sale_uom"], product["sale_uom."]["digits"]
        if unit is not None:
            found = self._one("product.uom", "name", unit, ["digits"], code="unit_unknown")
            unit_id, digits = found["id"], found["digits"]
        return _Product(product["id"], unit_id, digits, self._taxes(product["id"]))

    def _taxes(self, product: int) -> tuple[int, ...]:
        """Of the product, as the rules of the party have them."""
        line = {
            "type": "line",
            "product": product,
            "quantity": 1,
            "company": self.tryton.context["company"],
            "sale": -1,
            "_parent_sale.party": self.party,
        }
        found = self.tryton.model("sale.line", "on_change_product", line).get("taxes") or {}
        added = found.get("add", ()) if isinstance(found, dict) else [(0, {"id": i}) for i in found]
        return tuple(tax["id"] for _, tax in added)

    def _id(self, model: str, attribute: str, value: str, *, code: str) -> int:
        return int(self._one(model, attribute, value, ["id"], code=code)["id"])

    def _one(
        self, model: str, attribute: str, value: str, fields: list[str], *, code: str
    ) -> dict[str, Any]:
        found = self.tryton.search(model, [[attribute, "=", value]], fields)
        if len(found) != 1:
            number = "two" if found else "no"
            raise Refused(f"Tryton: {number} {model} with {attribute} {value}", code=code)
        return found[0]


def _double(number: Decimal) -> float:
    # What Tryton keeps: a double, of which it takes the shortest text that gives it back.
    return float(number)
