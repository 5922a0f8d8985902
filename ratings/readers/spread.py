"""One message about several resources -> one message for each of them.

Every part stands for itself: read again from the journal, it gives the same event.
"""

from __future__ import annotations

from typing import Protocol

from ratings.readers.facts import Notice, find
from ratings.readers.identity import of_element
from ratings.readers.misread import Misread
from ratings.readers.plans import Plan
from ratings.readers.wire import Wire


class Form(Protocol):
    """What a module of a wire format offers."""

    def notice(self, wire: Wire) -> Notice: ...

    def rewrap(self, wire: Wire, payload: Wire, message_id: str) -> Wire: ...


def spread(form: Form, wire: Wire, plan: Plan, message_id: str) -> list[Wire] | None:
    """A message for each element of the plan's list; None where there is no list.

    What the payload says beside the list holds for all elements. Their message ids
    derive from that of the whole and from their resource. Raises Misread:
    payload_invalid when the list is none, or not of objects.
    """
    payload = form.notice(wire).payload
    if plan.each is None or type(payload) is not dict or payload.get(plan.each[0]) is None:
        return None
    key, name = plan.each
    elements = payload[key]
    if type(elements) is not list or not all(type(element) is dict for element in elements):
        raise Misread("payload_invalid", f"{key} is no list of objects")
    shared = {other: value for other, value in payload.items() if other != key}
    parts = []
    for index, element in enumerate(elements):
        part = shared | (element if name is None else {name: element})
        resource_id = find(plan.rules[0].resource_id, {}, part)
        called = resource_id if type(resource_id) is str else f"#{index}"
        parts.append(form.rewrap(wire, part, of_element(message_id, called)))
    return parts
