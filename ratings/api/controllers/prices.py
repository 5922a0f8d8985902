"""``/v1/prices``: what a component costs, since when, and for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ratings import repricing, tenancy
from ratings.api.endpoint import Contract, endpoint
from ratings.api.idempotency import Asked
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import prices as types
from ratings.api.values import Whole
from ratings.core.errors import InvalidPrice, NotFound
from ratings.core.model import Price, Tier
from ratings.db import prices
from ratings.db.reading import EVERYTHING, Scope, reading
from ratings.policies import prices as policy

_FIXED = ("id", "resource_type", "region", "tenant_id", "match", "currency", "end_at")
"""What makes a price the one it is: another of these is another price."""


class Prices(Resource):
    @endpoint(
        Contract(
            rule=policy.LIST,
            scoped=True,
            query=types.PricesQuery,
            answer=types.Price,
            plural="prices",
        )
    )
    def get_all(self, scope: Scope, query: types.PricesQuery) -> Page:
        """Prices by id; `at` asks for those that hold at an instant."""
        with reading(self.services.engine, scope) as conn:
            rows = prices.page(
                conn,
                scope,
                limit=query.limit + 1,
                after=query.marker,
                component=query.resource_type,
                region=query.region,
                tenant_id=query.tenant_id,
                at=query.at,
            )
        found = page(rows, query.limit, lambda price: price.id)
        return Page([shown_price(price) for price in found.rows], found.marker)

    @endpoint(Contract(rule=policy.GET, scoped=True, answer=types.Price))
    def get_one(self, scope: Scope, price_id: str) -> dict[str, Any]:
        """One price. NotFound."""
        return shown_price(self._existing(scope, price_id))

    @endpoint(
        Contract(rule=policy.CREATE, body=types.NewPrice, answer=types.Price, status=201, once=True)
    )
    def post(self, draft: types.NewPrice, asked: Asked) -> dict[str, Any]:
        """A new price; the ledger follows at once. InvalidPrice, PriceOverlap, PeriodBilled."""
        services = self.services
        price = Price(
            id=0,
            component=draft.resource_type,
            unit_price=draft.unit_price,
            currency=draft.currency or self._currency(draft.tenant_id),
            region=draft.region,
            tenant_id=draft.tenant_id,
            match=tuple(sorted((draft.match or {}).items())),
            per=draft.per or "hour",
            start=draft.start_at,
            end=draft.end_at,
            name=draft.name,
            description=draft.description,
            free=draft.free or Decimal(),
            tiers=_tiers(draft.tiers or ()),
        )
        added = repricing.add(
            services.engine,
            services.settings,
            price,
            retroactive=draft.retroactive,
            once=asked.telling(shown_price),
        )
        return shown_price(added)

    @endpoint(Contract(rule=policy.UPDATE, body=types.Successor, answer=types.Price, once=True))
    def put(self, price_id: str, change: types.Successor, asked: Asked) -> dict[str, Any]:
        """Another price takes over at `start_at`; the answer is the one that holds then.

        The attributes that make the price what it is may be repeated, not changed.
        NotFound, InvalidPrice, PeriodBilled.
        """
        old = self._existing(EVERYTHING, price_id)
        shown = shown_price(old)
        for name in _FIXED:
            given = getattr(change, name)
            if given is not None and given != shown[name]:
                raise InvalidPrice(f"{name} of a price does not change; add a price instead")
        successor = repricing.Successor(
            unit_price=change.unit_price,
            per=change.per,
            name=change.name,
            description=change.description,
            start=change.start_at,
            free=change.free,
            tiers=None if change.tiers is None else _tiers(change.tiers),
        )
        services = self.services
        new = repricing.take_over(
            services.engine,
            services.settings,
            old.id,
            successor,
            services.clock(),
            retroactive=change.retroactive,
            once=asked.telling(shown_price),
        )
        return shown_price(new)

    @endpoint(Contract(rule=policy.DELETE, query=types.Ending, status=204, once=True))
    def delete(self, price_id: str, ending: types.Ending, asked: Asked) -> None:
        """End a price now; remove it if nothing was priced with it. NotFound, PeriodBilled."""
        services = self.services
        repricing.end(
            services.engine,
            services.settings,
            _id(price_id),
            services.clock(),
            retroactive=ending.retroactive,
            once=asked.telling(),
        )

    def _currency(self, tenant_id: str | None) -> str:
        with self.services.engine.connect() as conn:
            return tenancy.currency_of(conn, self.services.settings, tenant_id)

    def _existing(self, scope: Scope, price_id: str) -> Price:
        with reading(self.services.engine, scope) as conn:
            price = prices.get(conn, scope, _id(price_id))
        if price is None:
            raise NotFound(f"there is no price {price_id}")
        return price


def _id(price_id: str) -> int:
    try:
        return Whole(1).validate(price_id)
    except ValueError:
        raise NotFound(f"there is no price {price_id}") from None


def _tiers(given: Iterable[Mapping[str, Decimal]]) -> tuple[Tier, ...]:
    return tuple(Tier(**tier) for tier in given)


def shown_price(price: Price) -> dict[str, Any]:
    return {
        "id": price.id,
        "resource_type": price.component,
        "unit_price": price.unit_price,
        "region": price.region,
        "tenant_id": price.tenant_id,
        "match": dict(price.match),
        "per": price.per,
        "currency": price.currency,
        "start_at": price.start,
        "end_at": price.end,
        "name": price.name,
        "description": price.description,
        "free": price.free,
        "tiers": price.tiers,
    }
