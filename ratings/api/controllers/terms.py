"""``/v1/terms``: discounts, minimum charges and credits, for one tenant or for all."""

from __future__ import annotations

from typing import Any

from ratings import agreeing
from ratings.api.endpoint import Contract, endpoint
from ratings.api.idempotency import Asked
from ratings.api.paging import Page, page
from ratings.api.resource import Resource
from ratings.api.types import terms as types
from ratings.api.values import Whole
from ratings.core.errors import NotFound
from ratings.core.terms import Term
from ratings.db import terms
from ratings.db.reading import Scope, reading
from ratings.db.terms import Standing
from ratings.policies import terms as policy


class Terms(Resource):
    @endpoint(
        Contract(
            rule=policy.LIST,
            scoped=True,
            query=types.TermsQuery,
            answer=types.Term,
            plural="terms",
        )
    )
    def get_all(self, scope: Scope, query: types.TermsQuery) -> Page:
        """Terms by id; `at` asks for those in force at an instant."""
        with reading(self.services.engine, scope) as conn:
            rows = terms.page(
                conn,
                scope,
                limit=query.limit + 1,
                after=query.marker,
                tenant_id=query.tenant_id,
                kind=query.kind,
                at=query.at,
            )
        found = page(rows, query.limit, lambda standing: standing.term.id)
        return Page([shown(standing) for standing in found.rows], found.marker)

    @endpoint(Contract(rule=policy.GET, scoped=True, answer=types.Term))
    def get_one(self, scope: Scope, term_id: str) -> dict[str, Any]:
        """One term. NotFound."""
        with reading(self.services.engine, scope) as conn:
            standing = terms.get(conn, scope, _id(term_id))
        if standing is None:
            raise NotFound(f"there is no term {term_id}")
        return shown(standing)

    @endpoint(
        Contract(rule=policy.CREATE, body=types.NewTerm, answer=types.Term, status=201, once=True)
    )
    def post(self, draft: types.NewTerm, asked: Asked) -> dict[str, Any]:
        """A new term, from now on if it does not say when. InvalidTerm, PeriodBilled."""
        services = self.services
        term = Term(
            id=0,
            kind=draft.kind,
            value=draft.value,
            reason=draft.reason,
            tenant_id=draft.tenant_id,
            component=draft.component,
            currency=draft.currency,
            start=draft.start_at or services.clock(),
            end=draft.end_at,
        )
        once = asked.telling(shown)
        return shown(agreeing.add(services.engine, services.settings, term, once=once))

    @endpoint(Contract(rule=policy.UPDATE, body=types.TermEnd, answer=types.Term, once=True))
    def put(self, term_id: str, change: types.TermEnd, asked: Asked) -> dict[str, Any]:
        """Let a term end at `end_at`. NotFound, InvalidTerm, PeriodBilled."""
        engine, once = self.services.engine, asked.telling(shown)
        return shown(agreeing.end(engine, _id(term_id), change.end_at, once=once))

    @endpoint(Contract(rule=policy.DELETE, status=204, once=True))
    def delete(self, term_id: str, asked: Asked) -> None:
        """End a term now; remove it if it has never been in force. NotFound."""
        engine, once = self.services.engine, asked.telling()
        agreeing.withdraw(engine, _id(term_id), self.services.clock(), once=once)


def shown(standing: Standing) -> dict[str, Any]:
    """A term as answers show it."""
    term = standing.term
    return {
        "id": term.id,
        "tenant_id": term.tenant_id,
        "kind": term.kind,
        "value": term.value,
        "component": term.component,
        "currency": term.currency,
        "start_at": term.start,
        "end_at": term.end,
        "reason": term.reason,
        "remaining": standing.remaining if term.kind == "credit" else None,
    }


def _id(term_id: str) -> int:
    try:
        return Whole(1).validate(term_id)
    except ValueError:
        raise NotFound(f"there is no term {term_id}") from None
