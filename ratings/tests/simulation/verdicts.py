"""In the end: is the ledger what the rules ask for, and what was really used?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from ratings import orders
from ratings.auditing import GRACE, audit
from ratings.db.reading import EVERYTHING
from ratings.tests.ledgers import LEDGER, rows
from ratings.tests.simulation import measured, office, rules
from ratings.tests.simulation.desk import Difference
from ratings.tests.simulation.drive import Drive
from ratings.tests.simulation.life import Life, Step
from ratings.tests.simulation.meters import METERED
from ratings.tests.simulation.rules import Row
from ratings.tests.simulation.site import SETTINGS
from ratings.tests.simulation.words import COUNTED, Counted, Said

_TALLIES = ("received", "rated", "ignored", "parked", "duplicate")

Resource = tuple[str, str, str]


class Run(NamedTuple):
    """A piece of time in which a component of a resource did not change."""

    component: str
    start: datetime
    end: datetime
    tenant: str
    quantity: Fraction
    labels: tuple[tuple[str, str], ...]


def differences(drive: Drive, lost: set[str]) -> Iterator[Difference]:
    """Everything that is wrong after a drive; `lost` are ids of messages that never arrived."""
    found = ledger(drive)
    drive.counts["records"] = len(found)
    yield from _beside_the_rules(drive, found)
    yield from _beside_the_truth(drive, found, lost)
    yield from _orders(drive, found)
    yield from _counts(drive)
    yield from _prices(drive)
    # Whoever met somebody may have written what an order of that moment could not see.
    grace = GRACE if drive.counts["meet"] else timedelta()
    for finding in audit(drive.site.admin, SETTINGS, grace=grace):
        yield Difference("audit", finding.where, "no finding", f"{finding.code}: {finding.detail}")


def ledger(drive: Drive) -> list[Row]:
    return [_row(row) for row in rows(drive.site.admin, LEDGER)]


def _row(found: Sequence) -> Row:
    *place, tenant, quantity, metadata, currency, unit, amount = found
    return Row(
        *place,
        tenant,
        Fraction(quantity),
        tuple(sorted(metadata.items())),
        currency,
        None if unit is None else Fraction(unit),
        None if amount is None else Fraction(amount),
    )


def _beside_the_rules(drive: Drive, found: Sequence[Row]) -> Iterator[Difference]:
    charges = rules.ledger(drive.desk.arrived(), drive.book.tariff, drive.desk.cuts())
    expected = [row for row, _ in charges]
    missing, superfluous = _apart(expected, found)
    for resource in sorted({row[:3] for row in (*missing, *superfluous)}):
        yield Difference(
            "rules",
            " ".join(resource),
            _told([row for row in missing if row[:3] == resource]),
            _told([row for row in superfluous if row[:3] == resource]),
        )


def _apart(expected: Sequence[Row], found: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    wanted, got = Counter(expected), Counter(found)
    return list((wanted - got).elements()), list((got - wanted).elements())


def _beside_the_truth(drive: Drive, found: Sequence[Row], lost: set[str]) -> Iterator[Difference]:
    """What is certain is charged exactly; what was proven at both ends, never beyond the truth."""
    by_resource: dict[Resource, list[Row]] = {}
    for row in found:
        by_resource.setdefault(row[:3], []).append(row)
    timelines = rules.timelines(drive.desk.arrived())
    cuts = drive.desk.cuts()
    missed = {
        said.resource
        for message in drive.cloud.messages
        if message.message_id in lost and message.news
        for said in message.says
    }
    for life in drive.cloud.lives:
        messages = timelines.get(life.resource, [])
        charged = by_resource.get(life.resource, [])
        if life.kind in METERED:
            drive.counts["resources known from samples"] += 1
            drive.counts["records of samples"] += len(charged)
            for row, most in measured.beyond(life, messages, charged):
                where = " ".join(life.resource)
                yield Difference("beyond the truth", where, str(float(most)), _told([row]))
        elif life.doubtful or _is_tied(messages):
            drive.counts["resources told apart by the rules only"] += 1
        elif life.resource not in missed:
            drive.counts["resources compared with the truth"] += 1
            # What runs is charged up to the last order of whom it belongs to.
            end = max(cuts.get(life.tenant, [drive.cloud.times.end]))
            yield from _exactly(life, charged, end)
        else:
            drive.counts["resources with losses"] += 1
            yield from _never_beyond(drive, life, messages, charged)


def _is_tied(messages: Sequence[Said]) -> bool:
    """Whether two messages of one instant leave open which came first."""
    instants = Counter(said.at for said in messages)
    tied = {at for at, times in instants.items() if times > 1}
    return any(said.at in tied and said.verb != "delete" for said in messages)


def _exactly(life: Life, charged: Sequence[Row], end: datetime) -> Iterator[Difference]:
    optional = {one.name for one in COUNTED[life.kind] if one.optional}
    got = _joined(
        Run(row.component, row.start, row.end, row.tenant, row.quantity, row.labels)
        for row in charged
        if row.component not in optional
    )
    expected = _joined(_true(life, end))
    if got != expected:
        missing = [run for run in expected if run not in got]
        superfluous = [run for run in got if run not in expected]
        yield Difference("truth", " ".join(life.resource), _told(missing), _told(superfluous))


def _true(life: Life, end: datetime) -> Iterator[Run]:
    """What was really used, up to `end`."""
    following = [*life.steps[1:], Step(end, "", None)]
    for step, (until, *_) in zip(life.steps, following, strict=False):
        if step.facts is None or until <= step.at:
            continue
        for one in COUNTED[life.kind]:
            if (quantity := one.of(step.facts)) > 0 and not one.optional:
                labels = tuple(one.labels(step.facts).items())
                yield Run(one.name, step.at, until, step.tenant, quantity, labels)


def _joined(runs: Iterator[Run]) -> list[Run]:
    found: list[Run] = []
    for run in sorted(runs, key=lambda run: (run.component, run.start)):
        last = found[-1] if found else None
        if last is not None and last == run._replace(start=last.start, end=run.start):
            found[-1] = last._replace(end=run.end)
        else:
            found.append(run)
    return found


def _never_beyond(
    drive: Drive, life: Life, messages: Sequence[Said], charged: Sequence[Row]
) -> Iterator[Difference]:
    """The law for resources of which messages were lost.

    Between a message that states everything and the next that arrived, no more is charged
    than what was really used right after the first; of several deeds that a coarse clock told
    at its instant, after any of them. If the next is an audit that states everything, no more
    than what was used right before it, either.
    """
    for first, second in pairwise(messages):
        if first.verb == "delete":
            continue
        for one in COUNTED[life.kind]:
            if not _states(one, first):
                continue
            told = [step for step in life.steps if step.at == first.at]
            most = max([_used(life, one, first.at), *(_uses(step, one) for step in told)])
            texts_decide = one.never is not None and one.never[0] != "status"
            if second.verb == "look" and _states(one, second) and not texts_decide:
                just_before = second.at - timedelta(microseconds=1)
                most = min(most, _used(life, one, just_before))
            drive.counts["gaps held against the truth"] += 1
            for row in charged:
                inside = first.at <= row.start and row.end <= second.at
                if row.component == one.name and inside and row.quantity > most:
                    where = " ".join(life.resource)
                    yield Difference("beyond the truth", where, str(float(most)), _told([row]))


def _states(one: Counted, said: Said) -> bool:
    """Whether a message tells all that decides how much of a component is charged."""
    needs_status = one.only is not None or one.never is not None
    if one.never is not None and one.never[0] not in said.facts:
        return one.never[0] == "status" and said.turns is not None
    if needs_status and one.only is not None and "status" not in said.facts and not said.turns:
        return False
    return one.fact is None or one.fact in said.facts


def _used(life: Life, one: Counted, at: datetime) -> Fraction:
    step = life.was(at)
    return Fraction(0) if step is None else _uses(step, one)


def _uses(step: Step, one: Counted) -> Fraction:
    return Fraction(0) if step.facts is None else one.of(step.facts)


def _orders(drive: Drive, found: Sequence[Row]) -> Iterator[Difference]:
    """Every order can be made again, and all of a tenant come to what their times come to."""
    sql = "SELECT id FROM sales_orders ORDER BY id"
    for (order_id,) in rows(drive.site.admin, sql):
        drive.counts["orders"] += 1
        again = orders.proven(drive.site.admin, EVERYTHING, order_id)
        if drive.desk.issued.get(order_id, again) != again:
            first = drive.desk.issued[order_id]
            yield Difference("order made again", str(order_id), str(first), str(again))
    for tenant in sorted({row.tenant for row in found}):
        costs, got = drive.desk.due(tenant), drive.desk.billed(tenant)
        if got != costs:
            yield Difference("sum of orders", tenant, str(float(costs)), str(float(got)))


def _counts(drive: Drive) -> Iterator[Difference]:
    """Nothing is lost on the way, nothing is counted twice."""
    arrived = {d.message.message_id: d.message for d in drive.deliveries}
    fates = Counter(
        fate
        for message in arrived.values()
        for fate in ([message.fate] if message.fate != "rated" else ["rated"] * len(message.says))
    )
    expected = {
        "rated": fates.pop("rated", 0),
        "ignored": fates.pop("ignored", 0),
        "parked": sum(fates.values()),
    }
    expected["received"] = sum(expected.values())
    status = drive.site.api.get("/v1/status")
    got = {name: status[name] for name in expected}
    if got != expected or not status["balanced"]:
        yield Difference("counts", "/v1/status", str(expected), str(got))
    codes = {one["code"]: one["events"] for one in status["parked_by_code"]}
    if codes != dict(fates):
        yield Difference("counts", "parked", str(dict(fates)), str(codes))
    if status["duplicate"] < drive.counts["duplicate"]:
        seen = str(drive.counts["duplicate"])
        yield Difference("counts", "duplicate", seen, str(status["duplicate"]))
    if drive.acknowledged != set(arrived):
        yield Difference("counts", "acknowledged", str(len(arrived)), str(len(drive.acknowledged)))


def _prices(drive: Drive) -> Iterator[Difference]:
    got = {name: office.fare_of(price) for name, price in office.stored(drive.site.office).items()}
    if got != drive.book.fares:
        yield Difference("prices", "", str(drive.book.fares), str(got))
    standing = office.standing(drive.site.office)
    agreed = {name: office.agreed_of(term) for name, term in standing.items()}
    if agreed != drive.book.terms:
        yield Difference("terms", "", str(drive.book.terms), str(agreed))


def _told(found: Sequence[Row] | Sequence[Run]) -> str:
    return "".join("\n    " + _line(one._asdict()) for one in found) or " nothing"


def _line(fields: Mapping[str, object]) -> str:
    def text(value: object) -> str:
        if isinstance(value, datetime):
            return f"{value:%m-%dT%H:%M:%S.%f}"
        if isinstance(value, Fraction):
            return f"{(Decimal(value.numerator) / value.denominator).normalize():f}"
        return str(value)

    left_out = ("region", "kind", "resource_id")
    return "  ".join(text(value) for name, value in fields.items() if name not in left_out)
