"""Wire formats -> events, or the reason why not. Pure: no clock, no I/O.

A `Reader` is made once of the definitions and tells the formats apart by shape::

    reader = Reader(definitions)
    for body in split(request_body):
        for reading, journaled in reader.read(body, region="RegionOne"):
            ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import NamedTuple

from ratings.core.definitions import Definitions
from ratings.core.errors import InvalidEvent, InvalidInput, NoNotification
from ratings.core.model import Event, Ignored, Unreadable
from ratings.readers import ceilometer, flat, identity, notification, samples
from ratings.readers.facts import Notice, interpret
from ratings.readers.misread import Misread, shown
from ratings.readers.plans import Plan, Plans
from ratings.readers.samples import Samples
from ratings.readers.spread import Form, spread
from ratings.readers.times import event_time
from ratings.readers.wire import Wire, decode, encode, split

__all__ = ["Reader", "Received", "split"]

_FORMS = (ceilometer, notification, flat)
"""In the order in which an object is asked whether it has their keys."""


class Received(NamedTuple):
    """What was understood of one event, and the JSON that goes into the journal.

    The body of an Event or an Ignored can always be stored as jsonb; that of an
    Unreadable may hold what jsonb refuses, but is UTF-8 and JSON. Read again, a
    body gives the same reading.
    """

    reading: Event | Ignored | Unreadable
    body: bytes


class Reader:
    """Reads events of every format. Raises DefinitionError when made of
    definitions whose rules name facts or signals that are not there, or whose
    meter mappings have no JMESPath where there should be one."""

    def __init__(self, definitions: Definitions) -> None:
        self._types = definitions.types
        self._plans = Plans(definitions)
        self._samples = Samples(definitions.meters)

    @property
    def doors(self) -> Mapping[str, Callable[[bytes, str], list[Received]]]:
        """How to read what came in by each kind of request."""
        return {"events": self.read, "samples": self.read_sample}

    def read(self, body: bytes, region: str) -> list[Received]:
        """The readings of one JSON object, at least one.

        `region` is where events of formats without one come from. Raises
        InvalidInput (body_not_json, body_no_event, nesting_too_deep) and, for a
        flat event that breaks a rule, InvalidEvent.
        """
        wire, problem = decode(body)
        form = _form(wire)
        if form is samples:
            return self._sample(wire, problem, body, region)
        if form is ceilometer:
            return self._notice(ceilometer, wire, problem, body, region)
        if form is notification:
            return self._notification(wire, problem, body, region)
        if form is None:
            raise InvalidInput("the object is no event of any format", code="body_no_event")
        if problem is not None:
            raise InvalidEvent(problem.detail, code=problem.code)
        return [Received(flat.read(wire, self._types), body)]

    def read_notification(self, body: bytes, region: str) -> list[Received]:
        """The readings of one notification, at least one: other formats are refused.

        It is for a message bus, which does not tell who wrote a message. A flat event says itself
        what region it is from, and may say that an operator has approved it: nobody who
        can write to a bus of one region may say either. Raises NoNotification, and InvalidInput
        (body_not_json, body_no_event, nesting_too_deep).
        """
        wire, problem = decode(body)
        if _form(wire) is not notification:
            raise NoNotification("the object is no notification")
        return self._notification(wire, problem, body, region)

    def read_sample(self, body: bytes, region: str) -> list[Received]:
        """The readings of one sample, at least one: an object of any other format is refused.

        It is parked by what it is at this door, and requeued by what it is at any: so what
        bears the fields of a flat event is no sample, or it could become one there.
        Raises InvalidInput (body_not_json, body_no_event, body_no_sample, nesting_too_deep).
        """
        wire, problem = decode(body)
        if _form(wire) is not samples:
            raise InvalidInput("the object is no sample", code="body_no_sample")
        return self._sample(wire, problem, body, region)

    def _sample(
        self, wire: Wire, problem: Misread | None, body: bytes, region: str
    ) -> list[Received]:
        try:
            _check_region(region)
        except Misread as misread:
            problem = misread
        return [Received(found, body) for found in self._samples.read(wire, problem, region)]

    def _notification(
        self, wire: Wire, problem: Misread | None, body: bytes, region: str
    ) -> list[Received]:
        if problem is None:
            wire, problem = notification.unwrap(wire)
        return self._notice(notification, wire, problem, body, region)

    def _notice(
        self, form: Form, wire: Wire, problem: Misread | None, body: bytes, region: str
    ) -> list[Received]:
        notice = form.notice(wire)
        try:
            if problem is not None:
                raise problem
            _check_region(region)
            plan = self._plans.find(notice.event_type)
            message_id = notice.message_id or identity.derived(region, wire)
            parts = None if plan is None else spread(form, wire, plan, message_id)
        except Misread as misread:
            return [Received(misread.unreadable(notice.message_id), body)]
        if plan is None or parts == []:
            return [Received(_ignored(notice, message_id, region), body)]
        if parts is None:
            return [Received(_reading(notice, plan, message_id, region), body)]
        return [_part(form.notice(part), plan, region, encode(part)) for part in parts]


def _form(wire: Wire) -> ModuleType | None:
    """The module of the format that an object has, None when it has none."""
    if not samples.KEYS.isdisjoint(wire) and flat.NO_SAMPLE.isdisjoint(wire):
        return samples
    return next((form for form in _FORMS if not form.KEYS.isdisjoint(wire)), None)


def _part(notice: Notice, plan: Plan, region: str, body: bytes) -> Received:
    assert notice.message_id is not None, "spread gives every part an id"
    return Received(_reading(notice, plan, notice.message_id, region), body)


def _reading(
    notice: Notice, plan: Plan, message_id: str, region: str
) -> Event | Ignored | Unreadable:
    try:
        event = interpret(notice, plan, message_id, region)
    except Misread as misread:
        return misread.unreadable(notice.message_id)
    return event or _ignored(notice, message_id, region)


def _ignored(notice: Notice, message_id: str, region: str) -> Ignored:
    return Ignored(message_id, region, notice.event_type, event_time(notice.time))


def _check_region(region: str) -> None:
    if not 0 < len(region) <= identity.LONGEST or not region.isprintable():
        raise Misread("region_invalid", f"{shown(region)} is no name of a region")
