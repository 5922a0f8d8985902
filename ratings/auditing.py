"""Auditing: are the laws kept, on the whole database, as of one instant?

Everything is read in one snapshot and nothing is written, so that it may run beside
raters and closings, and on a replica. Three questions: what SQL can tell
(`ratings.db.audit`), whether the ledger and the beliefs are what the journal gives,
and whether the orders of each tenant are a chain that can be made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from ratings import settling
from ratings.core.ledger import Case, Change, Cuts, decide
from ratings.core.model import Record, State
from ratings.core.pricing import amount
from ratings.db import audit as checks
from ratings.db import checkpoints, components, migration, prices, resources
from ratings.db.audit import Finding
from ratings.db.audit.check import count, priced, run
from ratings.db.audit.guards import guards, schema
from ratings.db.audit.prices import invalid
from ratings.db.resources import Resource
from ratings.proving import Tell, chained
from ratings.settling import Settings

GRACE = timedelta(hours=1)
"""Longer than any transaction: what was written less than that before an order may
have been invisible to it, and is the next one's."""

_CHUNK = 1000


def _silence(what: str, done: int, of: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class _Audit:
    """What every question is asked with. No `tenants` is all of them."""

    conn: Connection
    settings: Settings
    tenants: Sequence[str] | None
    grace: timedelta
    tell: Tell


def audit(
    engine: Engine,
    settings: Settings,
    *,
    tenants: Sequence[str] | None = None,
    grace: timedelta = GRACE,
    tell: Tell = _silence,
) -> Iterator[Finding]:
    """Whatever breaks a law, as it is found; of some `tenants`, what can be told of them alone.

    Findings may come in more than one shape: a changed amount breaks the ledger and the
    order that billed it.
    """
    yield from schema(engine)
    if migration.version(engine) != migration.head():
        return
    with engine.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    ) as conn:
        conn.exec_driver_sql("SET LOCAL statement_timeout = 0")
        told = _Audit(conn, settings, tenants, grace, tell)
        yield from guards(conn)
        mispriced = list(invalid(conn))
        yield from mispriced
        for question in (_units, _checked):
            yield from question(told)
        if any(finding.code == "price_unreadable" for finding in mispriced):
            return  # nothing can be priced again
        for question in (_amounts, _derived):
            yield from question(told)
        yield from chained(conn, settings, tenants, tell)


def _units(audit: _Audit) -> Iterator[Finding]:
    """A unit that changed gives every record and order another meaning."""
    units = audit.settings.definitions.units()
    for name, unit in components.units(audit.conn).items():
        if units.get(name, unit) != unit:
            detail = f"is counted in {unit}, the definitions say {units[name]}"
            yield Finding("component_unit", f"component {name}", detail)


def _checked(audit: _Audit) -> Iterator[Finding]:
    """What SQL can tell."""
    asked = [c for c in checks.CHECKS if audit.tenants is None or c.of_tenants]
    for done, check in enumerate(asked, 1):
        yield from run(audit.conn, check, audit.tenants, audit.grace)
        audit.tell("checks", done, len(asked))


def _amounts(audit: _Audit) -> Iterator[Finding]:
    """Every amount again, superseded records too, which may have been billed."""
    book = {price.id: price for price in prices.load(audit.conn)}
    total = count(audit.conn, "records", audit.tenants)
    for done, record in enumerate(priced(audit.conn, audit.tenants), 1):
        price = book.get(record.price_id)
        if price is not None:
            try:
                wanted = amount(price, record.quantity, record.start, record.end)
            except (ArithmeticError, ValueError):  # a quantity or price that is no number
                wanted = None
            if (record.unit_price, record.amount) != (price.unit_price, wanted):
                detail = (
                    f"costs {record.amount} at {record.unit_price}, price {price.id} gives"
                    f" {wanted} at {price.unit_price}"
                )
                yield Finding("record_amount", f"record {record.id}", detail)
        if done % _CHUNK == 0:
            audit.tell("records", done, total)
    audit.tell("records", total, total)


def _derived(audit: _Audit) -> Iterator[Finding]:
    """The ledger is a function: is it what the journal gives, resource by resource?"""
    rules_of = audit.settings.rules(audit.settings.price_book(audit.conn))
    total, done, after = count(audit.conn, "resources", audit.tenants), 0, 0
    while found := resources.of_tenants(audit.conn, audit.tenants, after=after, limit=_CHUNK):
        for group in settling.portions(audit.conn, found):
            yield from _of_group(audit.conn, rules_of, group)
            done += len(group)
            audit.tell("resources", done, max(done, total))
        after = found[-1].id


def _of_group(
    conn: Connection, rules_of: settling.RulesOf, group: Sequence[Resource]
) -> Iterator[Finding]:
    """What does not follow from the journal. What cannot even be read is narrowed down to."""
    try:
        cases, cuts = settling.gather(conn, group, {}, from_the_start=True)
    except (InterfaceError, OperationalError):
        raise
    except Exception as error:  # rows that nobody could have written may do anything
        if len(group) == 1:
            yield _broken(group[0], error)
            return
        middle = len(group) // 2
        yield from _of_group(conn, rules_of, group[:middle])
        yield from _of_group(conn, rules_of, group[middle:])
        return
    passed = checkpoints.of(conn, list(cases))
    for resource, case in cases.values():
        try:
            found = list(_of_resource(rules_of, resource, case, cuts, passed[resource.id]))
        except Exception as error:  # nor may a plug-in or an odd event end the audit
            found = [_broken(resource, error)]
        yield from found


def _broken(resource: Resource, error: Exception) -> Finding:
    detail = f"{_named(resource)}: its timeline gives no records, {type(error).__name__}: {error}"
    return Finding("timeline_broken", f"resource {resource.id}", detail.splitlines()[0])


def _of_resource(
    rules_of: settling.RulesOf,
    resource: Resource,
    case: Case,
    cuts: Cuts,
    passed: Sequence[State],
) -> Iterator[Finding]:
    rules = rules_of(resource.key[1])
    verdict = decide(rules, case, cuts)
    if verdict.change != Change((), ()):
        before = {tenant_id: ends[:-1] for tenant_id, ends in cuts.items()}
        if decide(rules, case, before).change == Change((), ()):
            detail = f"{_named(resource)}: is not cut where the last order of its tenant ends"
            yield Finding("resource_uncut", f"resource {resource.id}", detail)
        else:
            yield from _differences(resource, case, verdict.change)
    if _stored(verdict.state) != _stored(resource.state):
        differing = [
            f"{name} is {getattr(resource.state, name)}, not {getattr(verdict.state, name)}"
            for name in (
                "last",
                "open",
                "tenant_id",
                "facts",
                "created_at",
                "deleted_at",
                "memory",
            )
            if getattr(_stored(resource.state), name) != getattr(_stored(verdict.state), name)
        ]
        detail = f"{_named(resource)}: {'; '.join(differing)}"
        yield Finding("resource_state", f"resource {resource.id}", detail)
    # An order may have closed what ran, and there is none of what was sampled before 0009.
    founded = [_closed(state) for state in verdict.checkpoints]
    for state in passed:
        if state.last is not None and _closed(state) not in founded:
            detail = f"{_named(resource)}: at {state.last[0].isoformat()} the journal gives another"
            yield Finding("checkpoint_state", f"resource {resource.id}", detail)


def _stored(state: State) -> State:
    """What a row keeps of a state: of what is closed, no status."""
    return state if state.open else _closed(state)


def _closed(state: State) -> State:
    facts = {name: fact for name, fact in state.facts.items() if name != "status"}
    return replace(state, open=False, facts=facts)


def _differences(resource: Resource, case: Case, change: Change) -> Iterator[Finding]:
    """The change that would settle the ledger, as findings."""
    lacking = {(record.component, record.start): record for record in change.insert}
    for record_id in change.supersede:
        found = case.have[record_id]
        wanted = lacking.pop((found.component, found.start), None)
        place = f"record {record_id}"
        if wanted is None:
            detail = f"{_named(resource)}: the journal gives no {_told(found)}"
            yield Finding("record_unfounded", place, detail)
        else:
            differing = [
                f"{name} is {getattr(found, name)}, not {getattr(wanted, name)}"
                for name in Record._fields
                if getattr(found, name) != getattr(wanted, name)
            ]
            yield Finding("record_changed", place, f"{_named(resource)}: {'; '.join(differing)}")
    for record in lacking.values():
        detail = f"{_named(resource)}: the journal gives {_told(record)}"
        yield Finding("record_missing", f"resource {resource.id}", detail)


def _told(record: Record) -> str:
    return (
        f"{record.quantity} {record.component} of {record.tenant_id}"
        f" from {record.start.isoformat()} to {record.end.isoformat()}"
    )


def _named(resource: Resource) -> str:
    return " ".join(resource.key)
