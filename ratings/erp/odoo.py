"""``odoo``: a quotation for each order, by Odoo's external API.

The key stands in the field *Customer Reference*; by it an order that came before is
found. Nothing is confirmed: that, and the taxes, are Odoo's and its people's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from oslo_config.cfg import ConfigOpts

from ratings.core.deliveries import Deliver, Parcel, Refused
from ratings.erp import Formats, required
from ratings.erp.connection import Exchange, connection
from ratings.erp.mapping import Catalogue, reader
from ratings.erp.odoo_protocols import Json2, Odoo, XmlRpc
from ratings.erp.sale import Digits, Position, Sold, positions, rounding, sold, title

_READ = ("name", "amount_untaxed", "currency_id")
_UNITS = ("product_uom_id", "product_uom")
"""The unit of a line, in Odoo 19 and before."""


def connect(conf: ConfigOpts, formats: Formats) -> Deliver:
    """Creates a ``sale.order``; the reference is its name."""
    group = conf.erp_odoo
    required(conf, "erp", "mapping_file")
    required(conf, "erp_odoo", "url", "database", "api_key")
    if group.protocol == "xmlrpc":
        required(conf, "erp_odoo", "user")
    there = connection(conf, group.url.rstrip("/"), group.api_key)
    catalogue = reader(conf.erp.mapping_file)

    def deliver(parcel: Parcel) -> str:
        with there.opened() as exchange:
            return _Delivery(_spoken(group, exchange), catalogue(), parcel).run()

    return deliver


def _spoken(group: Any, exchange: Exchange) -> Odoo:
    if group.protocol == "xmlrpc":
        return XmlRpc(exchange, group.database, group.user, group.api_key)
    return Json2(exchange, group.database, group.api_key)


@dataclass(slots=True)
class _Delivery:
    """Of one order."""

    odoo: Odoo
    catalogue: Catalogue
    parcel: Parcel
    _products: dict[str, int] = field(default_factory=dict, init=False)
    _units: dict[str, dict[str, int]] = field(default_factory=dict, init=False)

    def run(self) -> str:
        sale = self._found()
        if sale is None:
            self.odoo.create("sale.order", self._values())
            sale = self._found()
            if sale is None:
                raise Refused("Odoo: the sale it created cannot be read")
        self._verify(sale)
        return str(sale["name"])

    def _found(self) -> dict[str, Any] | None:
        key = self.parcel.key
        found = self.odoo.search("sale.order", [["client_order_ref", "=", key]], _READ)
        if len(found) > 1:
            names = " and ".join(str(sale["name"]) for sale in found)
            detail = f"Odoo: {names} both bear {key}; delete one"
            raise Refused(detail, code="sale_ambiguous")
        return found[0] if found else None

    def _verify(self, sale: dict[str, Any]) -> None:
        order = self.parcel.issued.order
        currency = sale["currency_id"][1]
        if currency != order.currency:
            raise Refused(
                f"Odoo: {sale['name']} is in {currency}, the order in {order.currency}; mend its"
                " price list",
                code="currency_differs",
            )
        # Odoo reckons in floats; what it shows is rounded to the currency.
        if Decimal(sale["amount_untaxed"]).quantize(order.payable) != order.payable:
            raise Refused(
                f"Odoo: {sale['name']} comes to {sale['amount_untaxed']}, the order to"
                f" {order.payable}; look at the digits of the mapping file",
                code="total_differs",
            )

    def _values(self) -> dict[str, Any]:
        order = self.parcel.issued.order
        partner = self.catalogue.partner(order.tenant_id)
        return {
            "partner_id": self._id("res.partner", "ref", partner, code="partner_unknown"),
            "client_order_ref": self.parcel.key,
            "origin": title(self.parcel),
            "order_line": [[0, 0, values] for values in self._lines()],
        }

    def _lines(self) -> Iterator[dict[str, Any]]:
        order, catalogue = self.parcel.issued.order, self.catalogue
        digits = Digits(catalogue.quantity_digits, catalogue.price_digits)
        done: list[Sold] = []
        for position in positions(order, catalogue):
            one = sold(position, digits, order.currency)
            done.append(one)
            if one.amount:
                yield self._line(position, one)
        rest = rounding(order, catalogue, done)
        if rest is not None:
            yield self._line(rest, sold(rest, digits, order.currency))

    def _line(self, position: Position, one: Sold) -> dict[str, Any]:
        product = position.product
        if product not in self._products:
            found = self._id("product.product", "default_code", product, code="product_unknown")
            self._products[product] = found
        values = {
            "product_id": self._products[product],
            "name": position.description,
            "product_uom_qty": one.quantity,
            "price_unit": one.price,
            "discount": 0,
        }
        return values if position.unit is None else {**values, **self._unit(position.unit)}

    def _unit(self, name: str) -> dict[str, int]:
        if name not in self._units:
            known = self.odoo.fields("sale.order.line")
            attribute = _UNITS[0] if _UNITS[0] in known else _UNITS[1]
            unit = self._id("uom.uom", "name", name, code="unit_unknown")
            self._units[name] = {attribute: unit}
        return self._units[name]

    def _id(self, model: str, attribute: str, value: str, *, code: str) -> int:
        found = self.odoo.search(model, [[attribute, "=", value]], ["id"])
        if len(found) != 1:
            number = "two" if found else "no"
            raise Refused(f"Odoo: {number} {model} with {attribute} {value}", code=code)
        return int(found[0]["id"])
