"""The service's own list against the timelines, and what an operator approves of it.

Nothing is edited: an approval is an event like any other, which says who approved it, when
and from which list. The ledger follows from it by the ordinary rules.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Engine

from ratings.batch import Arrival
from ratings.core.discrepancies import RECONCILED, Discrepancy
from ratings.core.errors import Conflict, InvalidInput
from ratings.core.inventory import Inventory, Listed, absent, agrees, present
from ratings.core.model import State
from ratings.db import events, inventories
from ratings.db.resources import Resource, ResourceKey
from ratings.rater import Rater
from ratings.readers import Reader
from ratings.readers.wire import encode
from ratings.reconciling import Reconciliation

_CHUNK = 500
_NAMESPACE = uuid.UUID("5b7b0c83-2f5a-5e9e-9a3c-6d1f0f4c7e52")
"""Of the message ids of approvals. Changing it would let one approval count twice."""

REOPENS = "delete_contradicted"


@dataclass(frozen=True, slots=True)
class Difference:
    """A resource of which the list says something else; `listed` is None where it is absent."""

    key: ResourceKey
    state: State
    listed: Listed | None
    discrepancies: Sequence[Discrepancy]


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approves, when; instant: since when it is true, if somebody knows."""

    by: str
    at: datetime
    instant: datetime | None = None


def compare(engine: Engine, how: Reconciliation, inventory: Inventory) -> Iterator[Difference]:
    """Whatever the list and the timelines differ in, as of the instant of the list."""
    keys = iter(sorted(inventory.listed))
    while chunk := list(islice(keys, _CHUNK)):
        yield from _listed(engine, how, inventory, chunk)
    after = 0
    scope = sorted(inventory.regions), sorted(inventory.types)
    while True:
        with engine.connect() as conn:
            found = inventories.living(conn, *scope, after=after, limit=_CHUNK)
            missing = [each for each in found if each.key not in inventory.listed]
            timelines = events.timelines(conn, [each.id for each in missing])
        for each in missing:
            view = how.view(each.region, each.key[1])
            shown = absent(view, each.state, timelines[each.id], inventory.taken_at)
            if shown:
                yield Difference(each.key, each.state, None, shown)
        if not found:
            return
        after = found[-1].id


def _listed(
    engine: Engine, how: Reconciliation, inventory: Inventory, keys: Sequence[ResourceKey]
) -> Iterator[Difference]:
    with engine.connect() as conn:
        known = inventories.known(conn, keys)
        # Most agree, and their timelines need not be read.
        odd = [key for key in keys if not _agrees(how, known.get(key), inventory.listed[key])]
        timelines = events.timelines(conn, [known[key].id for key in odd if key in known])
    for key in odd:
        resource, listed = known.get(key), inventory.listed[key]
        timeline = () if resource is None else timelines[resource.id]
        shown = present(how.view(key[0], key[1]), listed, timeline, inventory.taken_at)
        if shown:
            yield Difference(key, State() if resource is None else resource.state, listed, shown)


def _agrees(how: Reconciliation, resource: Resource | None, listed: Listed) -> bool:
    view = how.view(listed.key[0], listed.key[1])
    return resource is not None and agrees(view, resource.state, listed)


def approve(
    rater: Rater,
    reader: Reader,
    how: Reconciliation,
    inventory: Inventory,
    differences: Iterable[Difference],
    approval: Approval,
) -> Mapping[str, int]:
    """Write an event for each of `differences`, and say what became of them.

    Doing it again changes nothing. Raises Conflict (list_too_fresh) while messages about
    the time of the list may still be on their way, InvalidInput (instant_invalid) and
    InvalidEvent; then nothing is written. Raises Unavailable.
    """
    if how.now < inventory.taken_at + how.watch.settling:
        raise Conflict(
            "the list is younger than [reconciliation] settling: what it differs in may still be"
            " on its way; compare again later",
            code="list_too_fresh",
        )
    arrivals = [_arrival(reader, inventory, each, approval) for each in differences]
    counts = Counter(rated=0, duplicate=0, ignored=0, parked=0)
    for start in range(0, len(arrivals), _CHUNK):
        results = rater.rate(arrivals[start : start + _CHUNK])
        counts.update(result.state for result in results)
    return counts


def _arrival(
    reader: Reader, inventory: Inventory, difference: Difference, approval: Approval
) -> Arrival:
    body = encode(_body(inventory, difference, approval))
    region = difference.key[0]
    (received,) = reader.read(body, region)
    return Arrival(region, received.reading, received.body.decode())


def _body(inventory: Inventory, difference: Difference, approval: Approval) -> dict[str, Any]:
    region, resource_type, resource_id = difference.key
    listed, state = difference.listed, difference.state
    codes = [one.code for one in difference.discrepancies]
    action = "delete" if listed is None else "create" if REOPENS in codes else "exists"
    facts = {} if listed is None else dict(listed.facts)
    name = facts.pop("name", None)
    body = {
        "message_id": _message_id(inventory, difference.key),
        "event_type": RECONCILED + action,
        "event_time": _instant(inventory, difference, codes, approval).isoformat(),
        "region": region,
        "resource_type": resource_type,
        "resource_id": resource_id,
        "tenant_id": state.tenant_id if listed is None else listed.tenant_id,
        "content": facts,
        "reconciliation": {
            "approved_by": approval.by,
            "approved_at": approval.at.isoformat(),
            "list": inventory.source,
            "list_taken_at": inventory.taken_at.isoformat(),
            "list_digest": inventory.digest,
            "codes": codes,
        },
    }
    return body if name is None else {**body, "resource_name": name}


def _instant(
    inventory: Inventory, difference: Difference, codes: Sequence[str], approval: Approval
) -> datetime:
    """When it took effect: what somebody knows, or else what charges the least."""
    state, gone = difference.state, difference.listed is None
    last = None if state.last is None else state.last[0]
    if approval.instant is None:
        # Nobody pays for the time in which a resource may have been gone already.
        return last if gone and last else inventory.taken_at
    if not gone and not {REOPENS, "unknown_to_ratings"} & set(codes):
        raise InvalidInput(
            f"{difference.key[2]}: when a change took effect is told by the event that was missed;"
            " send that",
            code="instant_invalid",
        )
    earliest = last if gone else state.deleted_at
    if approval.instant > inventory.taken_at or (earliest and approval.instant < earliest):
        raise InvalidInput(
            f"{difference.key[2]}: the instant must lie between its last event and the list",
            code="instant_invalid",
        )
    return approval.instant


def _message_id(inventory: Inventory, key: ResourceKey) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join((inventory.taken_at.isoformat(), *key))))
