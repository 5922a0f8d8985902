"""Between the database and the decision: cases are gathered, verdicts applied.

Every verb that changes the ledger goes through these two: rating, repricing and
closing orders.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ratings.core.definitions import Definitions
from ratings.core.errors import Conflict, DerivationError
from ratings.core.ledger import Case, Cuts, Rules, Verdict, decide
from ratings.core.meters import LONGEST_WINDOW
from ratings.core.model import SAMPLE, Event, State
from ratings.core.pricing import PriceBook
from ratings.core.timeline import Transform, follows, ordered
from ratings.db import checkpoints, events, prices, records, resources, sales_orders, tenants
from ratings.db.reading import lifted
from ratings.db.resources import Resource

RulesOf = Callable[[str], Rules]
"""Resource type name -> the rules that rate it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What every verb is told: the definitions, the plug-ins, and the money.

    drivers: names of those that every order issued is owed to.
    """

    definitions: Definitions
    transformers: Mapping[str, Transform]
    currency: str
    future_tolerance: timedelta
    drivers: tuple[str, ...] = ()

    def price_book(self, conn: Connection) -> PriceBook:
        """All prices; everybody shares the book, so they are those of all tenants."""
        with lifted(conn):
            currencies = tenants.currencies(conn, self.currency)
            return PriceBook(prices.load(conn), self.currency, currencies)

    def rules(self, book: PriceBook) -> RulesOf:
        types, transformers = self.definitions.types, self.transformers
        return lambda name: Rules(transformers[types[name].transformer], types[name], book)


Cases = Mapping[int, tuple[Resource, Case]]
"""Resource row id -> the locked resource and what there is to decide."""

EVENTS = 50_000
"""So many are read at a time where whole timelines are, or those of one resource."""


def portions(
    conn: Connection,
    found: Sequence[Resource],
    since: datetime | None = None,
    *,
    most: int = EVENTS,
) -> Iterator[list[Resource]]:
    """`found` in groups whose timelines fit into memory together: `most` events, or one resource.

    With `since`, as for `gather`, what of them has to be derived anew; else all of them.
    """
    row_ids = [resource.id for resource in found]
    passed = checkpoints.before(conn, dict.fromkeys(row_ids, since)) if since else {}
    yield from divided(found, events.counts(conn, row_ids, _ends(passed)), most)


def divided(
    found: Iterable[Resource], events_of: Mapping[int, int], most: int
) -> Iterator[list[Resource]]:
    """`found` in groups with at most so many events (by row id) together, or of one resource."""
    group: list[Resource] = []
    weight = 0
    for resource in found:
        weight += events_of.get(resource.id, 0)
        if group and weight > most:
            yield group
            group, weight = [], events_of.get(resource.id, 0)
        group.append(resource)
    if group:
        yield group


def gather(
    conn: Connection,
    locked: Iterable[Resource],
    arrived: Mapping[int, Sequence[Event]],
    *,
    from_the_start: bool = False,
    since: datetime | None = None,
    closing: Mapping[str, datetime] | None = None,
) -> tuple[Cases, Cuts]:
    """Cases for `locked` resources and the events that `arrived` for them (by row id).

    An event that comes in order needs what is believed and nothing else; one that comes
    late needs the timeline from the last checkpoint before it, or all of it where there is
    none. ``from_the_start`` trusts nothing but the journal. ``since`` derives anew what
    follows that instant, as if something had come late there. ``closing`` are cuts of orders
    (tenant -> end) about to be issued. What it gathers is of every tenant that owned them,
    whoever `conn` reads for.
    """
    with lifted(conn):
        return _gathered(conn, locked, arrived, from_the_start, since, closing or {})


def _gathered(
    conn: Connection,
    locked: Iterable[Resource],
    arrived: Mapping[int, Sequence[Event]],
    from_the_start: bool,
    since: datetime | None,
    closing: Mapping[str, datetime],
) -> tuple[Cases, Cuts]:
    timelines = {r.id: (r, ordered(arrived.get(r.id, ()))) for r in locked}
    late = [
        row_id
        for row_id, (resource, news) in timelines.items()
        if from_the_start or since is not None or not follows(resource.state, news)
    ]
    instants = {} if from_the_start else {i: since or timelines[i][1][0].event_time for i in late}
    passed = checkpoints.before(conn, instants) if instants else {}
    history = events.timelines(conn, late, _ends(passed)) if late else {}
    starts: dict[int, tuple[State, list[Event]]] = {
        row_id: (passed.get(row_id, State()), ordered([*history[row_id], *news]))
        if row_id in history
        else (resource.state, news)
        for row_id, (resource, news) in timelines.items()
    }
    cuts = _cuts(conn, starts.values())
    for tenant_id, end in closing.items():
        cuts[tenant_id] = sorted({*cuts.get(tenant_id, ()), end})
    needed = _needed(starts, cuts, passed)
    have = records.current(conn, needed) if needed else {}
    cases = {
        row_id: (timelines[row_id][0], Case(timelines[row_id][0].region, state, news, found))
        for row_id, (state, news) in starts.items()
        for found in (have.get(row_id, {}),)
    }
    return cases, cuts


def _ends(passed: Mapping[int, State]) -> dict[int, datetime]:
    """The instants of the last events of checkpoints."""
    return {row_id: state.last[0] for row_id, state in passed.items() if state.last}


def decide_all(cases: Cases, cuts: Cuts, rules_of: RulesOf) -> dict[int, Verdict]:
    """Verdicts by resource row id. Raises Conflict, which names the resource that has none."""
    verdicts = {}
    for row_id, (resource, case) in cases.items():
        try:
            verdicts[row_id] = decide(rules_of(resource.key[1]), case, cuts)
        except DerivationError as error:
            region, resource_type, resource_id = resource.key
            detail = f"{resource_type} {resource_id} in {region}: {error}"
            raise Conflict(detail, code=error.code) from error
    return verdicts


def apply(
    conn: Connection,
    cases: Cases,
    verdicts: Mapping[int, Verdict],
    component_ids: Mapping[str, int],
) -> None:
    """Write what was decided (by resource row id): supersede, then insert, then believe."""
    obsolete = [i for verdict in verdicts.values() for i in verdict.change.supersede]
    if obsolete:
        records.supersede(conn, sorted(obsolete))
    records.append(
        conn,
        ((row_id, r) for row_id, verdict in verdicts.items() for r in verdict.change.insert),
        component_ids,
    )
    states = [
        (row_id, verdict.state)
        for row_id, verdict in verdicts.items()
        if verdict.state != cases[row_id][0].state
    ]
    if states:
        resources.update(conn, states)
    _keep_checkpoints(conn, cases, verdicts)


def _keep_checkpoints(conn: Connection, cases: Cases, verdicts: Mapping[int, Verdict]) -> None:
    """What was derived anew from somewhere on has passed other checkpoints from there on."""
    anew = {
        row_id: case.state.last and case.state.last[0]
        for row_id, (resource, case) in cases.items()
        if row_id in verdicts and case.state is not resource.state
    }
    if anew:
        checkpoints.forget(conn, anew)
    passed = [(row_id, state) for row_id, v in verdicts.items() for state in v.checkpoints]
    if passed:
        checkpoints.append(conn, passed)


def _cuts(
    conn: Connection, starts: Iterable[tuple[State, Sequence[Event]]]
) -> dict[str, list[datetime]]:
    """The cuts that can touch any of these, of every tenant that turns up in them."""
    tenants: set[str] = set()
    since: list[datetime | None] = []
    for state, news in starts:
        since.append(state.since if state.last else _beginning(news))
        if state.tenant_id:
            tenants.add(state.tenant_id)
        for event in news:
            tenants.add(event.tenant_id or str(event.content.get("requester", "")))
    earliest = None if None in since else min((s for s in since if s), default=None)
    return sales_orders.cuts(conn, sorted(tenants), earliest)


def _beginning(timeline: Sequence[Event]) -> datetime | None:
    """Before which a timeline charges nothing: a sample counts for the whole of its window."""
    if not timeline:
        return None
    first = timeline[0]
    return first.event_time - LONGEST_WINDOW if first.action == SAMPLE else first.event_time


def _needed(
    starts: Mapping[int, tuple[State, Sequence[Event]]], cuts: Cuts, passed: Collection[int]
) -> dict[int, datetime | None]:
    """From when on current records have to be known: resource row id -> instant.

    After what is believed there are records only where an order was closed since; after a
    checkpoint that was `passed` there are those of the time since.
    """
    needed: dict[int, datetime | None] = {}
    for row_id, (state, _) in starts.items():
        since = state.since
        if since is None:
            needed[row_id] = None
        elif row_id in passed or any(cut > since for cut in cuts.get(state.tenant_id or "", ())):
            needed[row_id] = since
    return needed
