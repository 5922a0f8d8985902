"""Terms: what is agreed with tenants beyond prices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from ratings.core.errors import InvalidTerm, PeriodBilled
from ratings.core.pricing import MICROSECOND, PLACES

KINDS = ("discount_percent", "discount_amount", "minimum", "credit")


@dataclass(frozen=True, slots=True)
class Term:
    """Something agreed with a tenant, or with all of them, for a time.

    kind:      discount_percent takes `value` percent off what is used in that time;
               discount_amount takes `value` off each order, minimum tops it up to
               `value`, both in proportion to the part of the period that lies in that
               time; a credit is `value` for orders whose period touches that time.
    tenant_id: None is everybody; a credit belongs to one.
    component: only that one; None is all, and always so for minimum and credit.
    currency:  of `value`; None for percent.
    start, end: None is unbounded.
    reason:    what lines of an order say of it.
    """

    id: int
    kind: str
    value: Decimal
    reason: str
    tenant_id: str | None = None
    component: str | None = None
    currency: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def part_of(self, start: datetime, end: datetime) -> Fraction:
        """How much of [start, end) it holds, from 0 to 1."""
        held = min(self.end or end, end) - max(self.start or start, start)
        return Fraction(max(0, held // MICROSECOND), (end - start) // MICROSECOND)


def check(term: Term) -> None:
    """InvalidTerm unless `term` can be agreed upon."""
    if term.kind not in KINDS:
        raise InvalidTerm(f"kind must be one of {', '.join(KINDS)}, not {term.kind!r}")
    _check_value(term)
    if term.component is not None and not term.kind.startswith("discount"):
        raise InvalidTerm(f"a {term.kind} concerns all components")
    if term.kind == "credit" and term.tenant_id is None:
        raise InvalidTerm("a credit belongs to a tenant")
    if term.start is not None and term.end is not None and term.end <= term.start:
        raise InvalidTerm("end_at must lie after start_at")
    if not term.reason.strip():
        raise InvalidTerm("reason must say what orders are to say of it")


def _check_value(term: Term) -> None:
    value = term.value
    if not value.is_finite() or value <= 0 or value >= 10**PLACES:
        raise InvalidTerm(f"value must be above 0 and below 10^{PLACES}")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > PLACES:
        raise InvalidTerm(f"value has more than {PLACES} decimal places")
    if term.kind == "discount_percent" and value > 100:
        raise InvalidTerm("value must not be above 100 percent")
    if (term.kind == "discount_percent") != (term.currency is None):
        raise InvalidTerm("an amount has a currency, a percentage has none")
    if term.currency is not None and not re.fullmatch("[A-Z]{3}", term.currency):
        raise InvalidTerm(f"currency must be an ISO 4217 code, not {term.currency!r}")


def refuse_billed(since: datetime | None, billed_until: datetime | None) -> None:
    """PeriodBilled if what changes from `since` on (None: since ever) has been billed.

    The pure half of the guard whose other half is tr_terms_final.
    """
    if billed_until is not None and (since is None or since < billed_until):
        raise PeriodBilled(
            f"orders reach {billed_until.isoformat()}; before that no term begins, ends or changes"
        )
