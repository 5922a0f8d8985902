"""What rules of the core narrow attributes of bodies down to, where their types cannot tell.

Not everything that fits a schema is accepted, all the same: rules between attributes,
and what is known of the past, have no schema. Their refusals have codes of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ratings.core.pricing import PER
from ratings.core.terms import KINDS

Schema = Mapping[str, Any]

_CURRENCY: Schema = {"pattern": "^[A-Z]{3}$"}
_PRICE: Schema = {"minimum": 0, "exclusiveMaximum": 10**12}
_TIERS: Schema = {"maxItems": 100}

_BOUNDS: Mapping[str, Schema] = {
    "Change.currency": _CURRENCY,
    "NewPrice.currency": _CURRENCY,
    "NewPrice.free": _PRICE,
    "NewPrice.per": {"enum": [*PER, None]},
    "NewPrice.tiers": _TIERS,
    "NewPrice.unit_price": _PRICE,
    "NewTerm.currency": _CURRENCY,
    "NewTerm.kind": {"enum": list(KINDS)},
    "NewTerm.reason": {"pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"},
    "NewTerm.value": {"exclusiveMinimum": 0, "exclusiveMaximum": 10**12},
    "Successor.currency": _CURRENCY,
    "Successor.free": _PRICE,
    "Successor.per": {"enum": [*PER, None]},
    "Successor.tiers": _TIERS,
    "Successor.unit_price": _PRICE,
}


def bounds(datatype: str, name: str) -> Schema:
    """What a value must be besides; nothing for most."""
    return _BOUNDS.get(f"{datatype}.{name}", {})
