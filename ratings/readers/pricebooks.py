"""Price books as files: YAML or CSV, in and out.

A YAML book is a list of prices with the fields of the API. A CSV book has a header
with the same names (``match.flavor`` for a key of the match), or it is Distil's
``region, name, unit, rate`` with or without a header, in which the name is a
component. Columns are told apart by ``,``, ``;``, ``|`` or a tab. Tiers fit a cell:
``1000:0.07 5000:0.05`` is 0.07 above 1000 units, and 0.05 above 5000.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

import yaml

from ratings.core.errors import InvalidPrice
from ratings.core.model import Price, Tier
from ratings.core.pricing import check
from ratings.readers.times import instant

_FIELDS = (
    "resource_type",
    "unit_price",
    "region",
    "tenant_id",
    "match",
    "per",
    "currency",
    "start_at",
    "end_at",
    "name",
    "description",
    "free",
    "tiers",
)
_TIERS_APART = re.compile(r"[;\s]+")
_DISTIL = ("region", "name", "unit", "rate")


def parse(
    text: str, currency: str, currencies: Mapping[str, str] = MappingProxyType({})
) -> list[Price]:
    """The prices of a book. InvalidPrice tells the row.

    Where it names no currency, it is that of the tenant (`currencies` by tenant), or else
    `currency`.
    """
    prices = []
    for number, row in enumerate(_rows(text), 1):
        try:
            prices.append(_price(row, currency, currencies))
        except InvalidPrice as error:
            raise InvalidPrice(f"price {number} of the book: {error.detail}") from None
    return prices


def render(prices: Iterable[Price]) -> str:
    """A YAML book that `parse` reads back; numbers are texts, to keep every digit."""
    rows = [
        {name: value for name, value in _fields(price).items() if value not in (None, {}, [])}
        for price in prices
    ]
    return yaml.safe_dump(rows, sort_keys=False, default_flow_style=False, allow_unicode=True)


def _rows(text: str) -> Iterator[Mapping[str, Any]]:
    # Its own loader: PyYAML's would make floats of numbers.
    try:
        document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # makes only texts
    except yaml.YAMLError:
        document = None
    if isinstance(document, list) and all(isinstance(row, dict) for row in document):
        yield from document
    else:
        yield from _csv(text)


def _csv(text: str) -> Iterator[Mapping[str, Any]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return
    delimiter = max(",;|\t", key=lines[0].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    header = rows.pop(0) if _is_header(rows[0]) else list(_DISTIL)
    if set(header) == set(_DISTIL):
        renamed = {"name": "resource_type", "rate": "unit_price", "unit": "description"}
        header = [renamed.get(name, name) for name in header]
    for row in rows:
        if len(row) != len(header):
            raise InvalidPrice(f"{delimiter.join(row)!r} has not the {len(header)} columns")
        yield _nested(dict(zip(header, row, strict=True)))


def _is_header(row: list[str]) -> bool:
    return bool({"unit_price", "rate"} & set(row))


def _nested(flat: Mapping[str, str]) -> dict[str, Any]:
    """``match.KEY`` columns as one mapping."""
    match = {name[6:]: value for name, value in flat.items() if name.startswith("match.") and value}
    rest = {name: value for name, value in flat.items() if not name.startswith("match.")}
    return {**rest, "match": match}


def _price(row: Mapping[str, Any], currency: str, currencies: Mapping[str, str]) -> Price:
    unknown = set(row) - set(_FIELDS)
    if unknown:
        raise InvalidPrice(f"unknown field {', '.join(sorted(unknown))}")
    match = row.get("match") or {}
    if not isinstance(match, Mapping):
        raise InvalidPrice("match must be a mapping of texts")
    for name in set(row) - {"match", "tiers"}:
        if not isinstance(row[name], str):
            raise InvalidPrice(f"{name} must be a text or a number")
    tenant_id = row.get("tenant_id") or None
    price = Price(
        id=0,
        component=str(row.get("resource_type") or ""),
        unit_price=_number("unit_price", row.get("unit_price")),
        currency=row.get("currency") or currencies.get(tenant_id or "", currency),
        region=row.get("region") or None,
        tenant_id=tenant_id,
        match=tuple(sorted((str(name), str(value)) for name, value in match.items())),
        per=row.get("per") or "hour",
        start=_instant(row, "start_at"),
        end=_instant(row, "end_at"),
        name=row.get("name") or None,
        description=row.get("description") or None,
        free=_number("free", row.get("free") or "0"),
        tiers=_tiers(row.get("tiers") or ()),
    )
    check(price)
    return price


def _number(name: str, text: Any) -> Decimal:
    try:
        return Decimal(str(text).strip())
    except InvalidOperation:
        raise InvalidPrice(f"{name} {text!r} is no number") from None


def _tiers(given: Any) -> tuple[Tier, ...]:
    """Tiers as a list of mappings, or as the text of a cell."""
    if isinstance(given, str):
        pairs = [word.partition(":")[::2] for word in _TIERS_APART.split(given.strip())]
        given = [{"above": above, "unit_price": unit_price} for above, unit_price in pairs]
    if not isinstance(given, Sequence) or not all(_is_tier(tier) for tier in given):
        raise InvalidPrice("tiers must be a list of mappings with above and unit_price")
    return tuple(
        Tier(_number("above", tier["above"]), _number("unit_price of a tier", tier["unit_price"]))
        for tier in given
    )


def _is_tier(tier: Any) -> bool:
    return isinstance(tier, Mapping) and set(tier) == set(Tier._fields)


def _instant(row: Mapping[str, Any], name: str) -> datetime | None:
    text = row.get(name)
    if not text:
        return None
    found = instant(text if "T" in text or " " in text else f"{text}T00:00:00")
    if found is None:
        raise InvalidPrice(f"{name} {text!r} is no time")
    return found


def _fields(price: Price) -> dict[str, Any]:
    values = (
        price.component,
        f"{price.unit_price:f}",
        price.region,
        price.tenant_id,
        dict(price.match),
        price.per,
        price.currency,
        price.start and price.start.isoformat(),
        price.end and price.end.isoformat(),
        price.name,
        price.description,
        f"{price.free:f}" if price.free else None,
        [{name: f"{value:f}" for name, value in tier._asdict().items()} for tier in price.tiers],
    )
    return dict(zip(_FIELDS, values, strict=True))
