"""What is at stake: by how much the charge of a time may differ from the truth.

Two derivations of the same time are compared that differ in one belief. What is at stake
is made of exact amounts and not rounded again. It knows no cuts of orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Context, Decimal, Inexact

from ratings.core.composing import exact_sum
from ratings.core.ledger import Rules
from ratings.core.model import Event, Fact, State
from ratings.core.pricing import amount
from ratings.core.timeline import until

_EXACT = Context(prec=1000, traps=[Inexact])


@dataclass(frozen=True, slots=True)
class Doubt:
    """A time in doubt: what was believed at its start, what was heard in it, its end."""

    state: State
    end: datetime
    heard: Sequence[Event] = ()

    @property
    def start(self) -> datetime:
        assert self.state.last is not None
        return self.state.last[0]


def cost(rules: Rules, region: str, doubt: Doubt) -> Decimal:
    """What a time costs by what was believed and heard; usage without a price is nothing."""
    return exact_sum(_costs(rules, region, doubt).values())


def apart(rules: Rules, region: str, doubt: Doubt, said: Mapping[str, Fact]) -> Decimal:
    """How far apart the costs are of what was believed, and of what is `said` all the time.

    Component by component: what one gained does not make up for what another lost.
    """
    believed = _costs(rules, region, doubt)
    state = replace(doubt.state, facts={**doubt.state.facts, **said})
    other = _costs(rules, region, replace(doubt, state=state))
    zero = Decimal()
    return exact_sum(
        _EXACT.abs(_EXACT.subtract(believed.get(name, zero), other.get(name, zero)))
        for name in believed.keys() | other.keys()
    )


def lived_since(state: State, start: datetime) -> State:
    """`state` as if the resource lived, and was last heard of at `start`."""
    return replace(state, open=True, last=(start, 0, ""), deleted_at=None)


def _costs(rules: Rules, region: str, doubt: Doubt) -> dict[str, Decimal]:
    """The same by component."""
    found: dict[str, list[Decimal]] = {}
    events = [*doubt.heard, until(doubt.end)]
    for segment in rules.transform(doubt.state, events, rules.resource_type)[0]:
        for start, end, price in rules.prices.pieces(segment, region):
            if price is not None:
                piece = amount(price, segment.quantity, start, end)
                found.setdefault(segment.component, []).append(piece)
    return {name: exact_sum(pieces) for name, pieces in found.items()}
