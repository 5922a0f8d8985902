"""One batch of arrivals on its way through the rater: what is new, and what became of it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ratings.core.errors import DerivationError
from ratings.core.ledger import Cuts, Verdict, decide
from ratings.core.model import Event, Ignored, Unreadable
from ratings.db.events import Entry
from ratings.db.parked_events import Parked
from ratings.db.resources import Resource, ResourceKey
from ratings.settling import Cases, RulesOf

LOG = logging.getLogger(__name__)

_ANONYMOUS = uuid.UUID("0d1b1f0e-6d0a-5c57-9a42-2f6c2b9d8a11")
"""Namespace of the ids under which events that bear no message id are parked."""


class Arrival(NamedTuple):
    """One thing that came in: what a reader made of it, its JSON, and where it is from.

    parked_as: the message id under which it is parked, if this is another try.
    """

    region: str
    reading: Event | Ignored | Unreadable
    body: str
    parked_as: str | None = None


class Result(NamedTuple):
    """What became of an arrival: rated, ignored, duplicate or parked (then with a code)."""

    state: str
    code: str | None = None
    detail: str | None = None


class Batch:
    """Arrivals, and for each the result that stands so far.

    An arrival is rated or ignored until it turns out to be a duplicate, or its
    resource turns out to have no derivation: then it is parked.
    """

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self.arrivals = arrivals
        self.results: list[Result] = []
        seen: set[str] = set()
        for arrival in arrivals:
            self.results.append(_first_result(arrival.reading, seen))

    def keys(self) -> list[ResourceKey]:
        """The resources that its events are about, each once."""
        return list({_key(reading) for _, reading in self._new() if isinstance(reading, Event)})

    def message_ids(self) -> list[str]:
        return [reading.message_id for _, reading in self._new()]

    def drop_known(self, known: set[str]) -> None:
        """The journal has these already."""
        for index, reading in list(self._new()):
            if reading.message_id in known:
                self.results[index] = Result("duplicate")

    def events(self) -> dict[ResourceKey, list[Event]]:
        """The new events, by resource."""
        found: dict[ResourceKey, list[Event]] = {}
        for _, reading in self._new():
            if isinstance(reading, Event):
                found.setdefault(_key(reading), []).append(reading)
        return found

    def decide(self, cases: Cases, cuts: Cuts, rules_of: RulesOf) -> dict[int, Verdict]:
        """Verdicts by resource row id; the events of a resource without one are parked."""
        verdicts: dict[int, Verdict] = {}
        failed: dict[ResourceKey, Result] = {}
        for row_id, (resource, case) in cases.items():
            try:
                verdicts[row_id] = decide(rules_of(resource.key[1]), case, cuts)
            except DerivationError as error:
                failed[resource.key] = Result("parked", error.code, str(error))
            except Exception as error:  # a plug-in may raise anything, and must harm no other
                LOG.exception("the transformer of %s %s failed", *resource.key[1:])
                detail = f"{type(error).__name__} in the transformer"
                failed[resource.key] = Result("parked", "transformer_failed", detail)
        if failed:
            for index, reading in list(self._new()):
                if isinstance(reading, Event) and _key(reading) in failed:
                    self.results[index] = failed[_key(reading)]
        return verdicts

    def entries(self, locked: Mapping[ResourceKey, Resource]) -> list[Entry]:
        """What is to be journaled."""
        return [
            Entry(
                reading,
                locked[_key(reading)].id if isinstance(reading, Event) else None,
                self.arrivals[index].body,
            )
            for index, reading in self._new()
        ]

    def parked(self) -> list[Parked]:
        """What is to be parked, each message id once."""
        found = {}
        for arrival, result in zip(self.arrivals, self.results, strict=True):
            if result.state == "parked":
                message_id = (
                    arrival.reading.message_id
                    or arrival.parked_as
                    or str(uuid.uuid5(_ANONYMOUS, arrival.body))
                )
                found[message_id] = Parked(
                    message_id,
                    arrival.region,
                    result.code or "",
                    _storable(result.detail or ""),
                    _storable(arrival.body),
                )
        return list(found.values())

    def settled_ids(self) -> list[str]:
        """Message ids that may be parked from an earlier try and no longer need to be.

        What was parked under an id of its own before it could be read has another one by now.
        """
        ids = {arrival.parked_as for arrival in self.arrivals}
        for arrival, result in zip(self.arrivals, self.results, strict=True):
            if result.state != "parked":
                ids.add(arrival.reading.message_id)
        parked = {row.message_id for row in self.parked()}
        return sorted(found for found in ids - parked if found is not None)

    def _new(self) -> Iterator[tuple[int, Event | Ignored]]:
        for index, (arrival, result) in enumerate(zip(self.arrivals, self.results, strict=True)):
            reading = arrival.reading
            if result.state in ("rated", "ignored") and not isinstance(reading, Unreadable):
                yield index, reading


def _first_result(reading: Event | Ignored | Unreadable, seen: set[str]) -> Result:
    if isinstance(reading, Unreadable):
        return Result("parked", reading.code, reading.detail)
    if reading.message_id in seen:
        return Result("duplicate")
    seen.add(reading.message_id)
    return Result("rated" if isinstance(reading, Event) else "ignored")


def _key(event: Event) -> ResourceKey:
    return event.region, event.resource_type, event.resource_id


def _storable(text: str) -> str:
    """`text` without what a PostgreSQL text cannot hold; JSON bears both only as escapes."""
    return text.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode()
