"""The mapping file: what ratings calls things, and what the ERP calls them.

Its reference is ``doc/source/admin/erp.rst``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ratings.core.deliveries import Refused, Unreachable
from ratings.core.errors import DefinitionError
from ratings.core.orders import Line

_MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Rule:
    """Lines that are sold as one product. A condition that is None asks for nothing.

    kind: usage, unless it says something else (see `Line`).
    unit: what the ERP calls the unit of measure; None for the product's own.
    """

    product: str
    kind: str = "usage"
    component: str | None = None
    region: str | None = None
    resource_type: str | None = None
    unit: str | None = None

    def fits(self, line: Line) -> bool:
        subject = line.subject
        return (
            self.kind == line.kind
            and self.component in (None, line.component)
            and self.region in (None, subject and subject.region)
            and self.resource_type in (None, subject and subject.resource_type)
        )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole file.

    rounding:        the product that carries what rounding leaves.
    by:              price (lines that charge the same are one) or line (each for itself).
    quantities:      False sells one of everything, at its amount.
    quantity_digits, price_digits: decimal places that the ERP keeps.
    others:          partner of tenants that `partners` lacks; None refuses them, and
                     `tenant_id` looks for a partner whose code is the tenant's id.
    """

    products: tuple[Rule, ...]
    rounding: str
    partners: Mapping[str, str] = field(default_factory=dict)
    others: str | None = None
    tenant_id: bool = False
    by: str = "price"
    quantities: bool = True
    quantity_digits: int = 2
    price_digits: int = 2

    def rule(self, line: Line) -> Rule:
        """The first that fits. Raises Refused (product_unknown)."""
        for rule in self.products:
            if rule.fits(line):
                return rule
        what = [f"kind {line.kind}", f"component {line.component or 'none'}"]
        if line.subject is not None:
            what += [f"region {line.subject.region}", f"type {line.subject.resource_type}"]
        raise Refused(
            f"the mapping file has no product for {', '.join(what)}", code="product_unknown"
        )

    def partner(self, tenant_id: str) -> str:
        """The ERP's code of who pays for a tenant. Raises Refused (partner_unknown)."""
        found = self.partners.get(tenant_id) or (tenant_id if self.tenant_id else self.others)
        if found is None:
            raise Refused(
                f"the mapping file has no partner for tenant {tenant_id}", code="partner_unknown"
            )
        return found


def parse(document: Any) -> Catalogue:
    """The catalogue that a document of texts says. DefinitionError names the place."""
    known = "products", "rounding", "partners", "other_partners", "lines", "quantities", "digits"
    top = _known(document, "the mapping file", *known)
    digits = _known(top.get("digits", {}), "digits", "quantity", "price")
    products = top.get("products")
    if not isinstance(products, list):
        raise DefinitionError("products: must be a list")
    partners = _known(top.get("partners", {}), "partners")
    return Catalogue(
        products=tuple(_rule(each, f"products[{n}]") for n, each in enumerate(products)),
        rounding=_text(top.get("rounding"), "rounding"),
        partners={
            _text(tenant, f"partners.{tenant}"): _text(code, f"partners.{tenant}")
            for tenant, code in partners.items()
        },
        **_others(top.get("other_partners", "refuse")),
        by=_one_of(top.get("lines", "price"), "lines", "price", "line"),
        quantities=_one_of(top.get("quantities", "true"), "quantities", "true", "false") == "true",
        quantity_digits=_digits(digits.get("quantity", "2"), "digits.quantity"),
        price_digits=_digits(digits.get("price", "2"), "digits.price"),
    )


def reader(path: str) -> Callable[[], Catalogue]:
    """A function that gives the catalogue of a file as it is now; read again when it changed.

    It raises Unreachable (mapping_invalid): without a mapping no order can go anywhere.
    """
    seen: tuple[tuple[int, ...], Catalogue] | None = None

    def read() -> Catalogue:
        nonlocal seen
        try:
            stat = Path(path).stat()
            version = stat.st_ino, stat.st_size, stat.st_mtime_ns
            if seen is None or seen[0] != version:
                text = Path(path).read_text(encoding="utf-8")
                # Every value is a text: YAML would take a code of digits for a number.
                seen = version, parse(yaml.load(text, yaml.BaseLoader))  # noqa: S506
            return seen[1]
        except (OSError, UnicodeDecodeError, yaml.YAMLError, DefinitionError) as error:
            raise Unreachable(f"{path}: {error}", code="mapping_invalid") from error

    return read


def _rule(document: Any, place: str) -> Rule:
    names = "product", "kind", "component", "region", "resource_type", "unit"
    found = _known(document, place, *names)
    texts = {name: _text(value, f"{place}.{name}") for name, value in found.items()}
    if "product" not in texts or not {"kind", "component"} & texts.keys():
        raise DefinitionError(f"{place}: needs product, and component or kind")
    return Rule(**texts)


def _others(value: Any) -> dict[str, Any]:
    if value == "refuse":
        return {}
    if value == "tenant_id":
        return {"tenant_id": True}
    found = _known(value, "other_partners", "partner")
    return {"others": _text(found.get("partner"), "other_partners.partner")}


def _known(document: Any, place: str, *names: str) -> dict[str, Any]:
    """`document` as a mapping that has none but `names`; any, if none are given."""
    if not isinstance(document, dict):
        raise DefinitionError(f"{place}: must be a mapping")
    if names and (unknown := sorted(map(str, document.keys() - set(names)))):
        raise DefinitionError(f"{place}: {', '.join(unknown)} is unknown")
    return document


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise DefinitionError(f"{place}: must be a text")
    return value


def _one_of(value: Any, place: str, *choices: str) -> str:
    if value not in choices:
        raise DefinitionError(f"{place}: must be one of {', '.join(choices)}")
    return str(value)


def _digits(value: Any, place: str) -> int:
    if value not in map(str, range(_MOST_DIGITS + 1)):
        raise DefinitionError(f"{place}: must be a whole number from 0 to {_MOST_DIGITS}")
    return int(value)
