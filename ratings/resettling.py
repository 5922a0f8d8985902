"""Settling anew: what the ledger should say by today's definitions and plug-ins.

The ledger follows events and prices by itself. What it cannot see change are the
definitions and the plug-ins; this derives everything from the journal again, and shows
or applies the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine

from ratings import settling
from ratings.core.errors import DerivationError
from ratings.core.ledger import Case, Cuts, Verdict, decide
from ratings.core.model import Record
from ratings.db import resources, sales_orders
from ratings.db.resources import Resource
from ratings.rater import Rater
from ratings.settling import RulesOf

_CHUNK = 200
"""Resources of a transaction: raters wait no longer for it than it takes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to settle: of which tenants (None: all), heard of since when (None: ever)."""

    tenants: Sequence[str] | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A resource of which the ledger says other than its journal.

    gone, come: records to be superseded, and to take their place.
    refused:    why nothing was written, if so.
    """

    resource: Resource
    gone: tuple[Record, ...]
    come: tuple[Record, ...]
    refused: str | None = None


def settle(
    engine: Engine, rater: Rater, scope: Scope, *, dry_run: bool, retroactive: bool
) -> Iterator[Difference]:
    """Differences as they are found, each written already unless `dry_run`.

    A resource of which an order has billed what would go is left alone, unless
    `retroactive`: then the tenant's next order corrects it.
    """
    component_ids = rater.component_ids()
    after = 0
    while True:
        with engine.begin() as conn:
            rules_of = rater.rules(conn, still=not dry_run)
            found = resources.of_tenants(
                conn,
                scope.tenants,
                since=scope.since,
                after=after,
                limit=_CHUNK,
                locked=not dry_run,
            )
            differing: list[Difference] = []
            for portion in settling.portions(conn, found):
                cases, cuts = settling.gather(conn, portion, {}, from_the_start=True)
                judged = [_judged(rules_of, *case, cuts) for case in cases.values()]
                if not retroactive:
                    judged = _without_billed(conn, judged)
                if not dry_run:
                    verdicts = {j.resource.id: j.verdict for j in judged if j.verdict is not None}
                    settling.apply(conn, cases, verdicts, component_ids)
                differing += [j.difference() for j in judged if j.differs()]
        yield from differing
        if not found:
            return
        after = found[-1].id


@dataclass(frozen=True, slots=True)
class _Judged:
    """A resource and its verdict; None if it is refused."""

    resource: Resource
    case: Case
    verdict: Verdict | None
    gone: tuple[int, ...] = ()
    come: tuple[Record, ...] = ()
    refused: str | None = None

    def differs(self) -> bool:
        return bool(self.gone or self.come or self.refused)

    def difference(self) -> Difference:
        gone = tuple(self.case.have[record_id] for record_id in self.gone)
        return Difference(self.resource, gone, self.come, self.refused)


def _judged(rules_of: RulesOf, resource: Resource, case: Case, cuts: Cuts) -> _Judged:
    try:
        verdict = decide(rules_of(resource.key[1]), case, cuts)
    except DerivationError as error:
        return _Judged(resource, case, None, refused=f"its timeline gives no records: {error}")
    return _Judged(resource, case, verdict, verdict.change.supersede, verdict.change.insert)


def _without_billed(conn: Connection, judged: Sequence[_Judged]) -> list[_Judged]:
    """`judged`, where what would take from an order is refused."""
    obsolete = [record_id for one in judged for record_id in one.gone]
    billed = {row.record_id for row in sales_orders.priced_among(conn, obsolete)}
    return [
        replace(one, verdict=None, refused="sales orders have billed it")
        if billed.intersection(one.gone)
        else one
        for one in judged
    ]
