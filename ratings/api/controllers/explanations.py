"""``/v1/sales_orders/{id}/lines/{n}``, ``/v1/records/{id}/explain``: where an amount comes from."""

from __future__ import annotations

from typing import Any

from ratings import explaining, itemizing
from ratings.api.controllers import terms
from ratings.api.controllers.prices import shown_price
from ratings.api.endpoint import Contract, endpoint
from ratings.api.resource import Resource
from ratings.api.types import explanations as types
from ratings.api.values import Whole
from ratings.core.errors import NotFound
from ratings.core.explaining import Cause, Working, written
from ratings.db.reading import Scope
from ratings.explaining import Bound, Explained
from ratings.exporters import document
from ratings.itemizing import Itemized, Reckoned
from ratings.policies import records as record_policy
from ratings.policies import sales_orders as order_policy


class OrderLines(Resource):
    @endpoint(Contract(rule=order_policy.EXPLAIN, scoped=True, answer=types.ExplainedLine))
    def get_one(self, scope: Scope, order_id: str, number: str) -> dict[str, Any]:
        """A line of an issued order explained. NotFound, DigestMismatch."""
        services = self.services
        order, line = _number(order_id, "sales order"), _number(number, "line")
        return _itemized(itemizing.line(services.engine, services.settings, scope, order, line))


class RecordExplanation(Resource):
    @endpoint(Contract(rule=record_policy.EXPLAIN, scoped=True, answer=types.ExplainedRecord))
    def get_all(self, scope: Scope, record_id: str) -> dict[str, Any]:
        """One record explained. NotFound."""
        number = _number(record_id, "record")
        return _record(explaining.record(self.services.engine, scope, number))


def _number(text: str, noun: str) -> int:
    try:
        return Whole(1).validate(text)
    except ValueError:
        raise NotFound(f"there is no {noun} {text}") from None


def _itemized(found: Itemized) -> dict[str, Any]:
    return {
        "order_id": found.order_id,
        "tenant_id": found.order.tenant_id,
        "currency": found.order.currency,
        "line": document.line_of(found.number, found.line),
        "sentence": _sentence(found),
        "records": [_record(record) for record in found.records],
        "adjustment": None if found.adjustment is None else _adjustment(found.adjustment),
    }


def _sentence(found: Itemized) -> str:
    if found.adjustment is not None:
        return found.adjustment.rule
    working = found.records[0].working
    if working is None:
        return "No price holds, so there is no amount."
    if len(found.records) == 1:
        sentence = f"{working.sentence}."
    else:
        sentence = f"This is the exact sum of {len(found.records)} records."
    return sentence if found.records[0].sign > 0 else f"{sentence} It is taken back."


def _record(found: Explained) -> dict[str, Any]:
    return {
        **found.row._mapping,
        "sign": found.sign,
        "price": None if found.price is None else shown_price(found.price),
        "working": _working(found.working),
        "begins": _bound(found.begins),
        "ends": _bound(found.ends),
        "before": found.before,
        "after": found.after,
        "replaces": [row._mapping for row in found.replaces],
        "replaced_by": [row._mapping for row in found.replaced_by],
    }


def _bound(bound: Bound) -> dict[str, Any]:
    return {"at": bound.at, "causes": [_cause(cause) for cause in bound.causes]}


def _cause(cause: Cause) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": cause.kind}
    if cause.kind == "event":
        told["event"] = cause.event
    elif cause.kind == "order":
        told["order_id"] = cause.order_id
    elif cause.kind == "price":
        told |= {"price_before": cause.price_before, "price_after": cause.price_after}
    return told


def _adjustment(found: Reckoned) -> dict[str, Any]:
    basis, takes_back = found.basis, found.takes_back
    agreed = None if basis is None else basis.agreed
    return {
        "step": found.step,
        "rule": found.rule,
        "price": None if found.price is None else shown_price(found.price),
        "term": None if found.term is None else terms.shown(found.term),
        "base": None if basis is None else written(basis.base),
        "agreed": None if agreed is None else written(agreed),
        "working": _working(found.working),
        "based_on": found.based_on,
        "order_id": found.order_id,
        "takes_back": takes_back and {"order_id": takes_back[0], "line": takes_back[1]},
    }


def _working(working: Working | None) -> dict[str, Any] | None:
    if working is None:
        return None
    return {
        "quantity": working.quantity,
        "unit_price": working.unit_price,
        "seconds": working.seconds,
        "per": working.per,
        "per_seconds": working.per_seconds,
        "numerator": str(working.fraction.numerator),
        "denominator": str(working.fraction.denominator),
        "decimal": working.decimal,
        "rounded": working.rounded,
        "amount": working.amount,
        "sentence": working.sentence,
    }
