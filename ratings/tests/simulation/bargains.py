"""What the office does between orders: prices, terms and currencies change, or are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

from ratings.core.errors import Conflict, PeriodBilled
from ratings.tests.simulation import office
from ratings.tests.simulation.agreements import Agreed
from ratings.tests.simulation.desk import Desk, Difference
from ratings.tests.simulation.rules import Fare
from ratings.tests.simulation.site import Process

Attempt = Callable[[Process, Callable[[], bool]], bool | None]


class Bargains:
    """Changes of the book. `attempt` does some work in a process that may die of it."""

    def __init__(self, desk: Desk, chance: Random, counts: Counter[str], attempt: Attempt) -> None:
        self.desk, self.chance, self.counts, self.attempt = desk, chance, counts, attempt
        self.book, self.office, self.clock = desk.book, desk.site.office, desk.site.clock

    def open(self) -> None:
        """What holds from the beginning."""
        for _ in range(3):
            self.change_currencies()
        for name, fare in self.book.opening():
            self._price(name, fare, None)
        for _ in range(self.chance.randint(1, 4) if self.book.agrees else 0):
            self._agree(*self.book.another_term(None))

    def change_prices(self) -> None:
        if self.chance.random() < 0.4:
            if (another := self.book.another(self.clock())) is not None:
                self._price(*another, None)
        elif (found := self.book.successor(self.clock())) is not None:
            old, name, fare = found
            self._price(name, fare, old)

    def _price(self, name: str, fare: Fare, old: str | None) -> None:
        """A new price, in place of an old one if there is one to be replaced."""
        process = self.office
        retroactive = self.chance.random() < 0.7

        def change() -> None:
            if old is None:
                office.add(process, name, fare, retroactive=retroactive)
            else:
                office.take_over(process, old, name, fare, retroactive=retroactive)

        if self._change("prices", change, lambda: name in office.stored(process)):
            self.book.fares[name] = fare
            if old is not None:
                self.book.fares[old] = replace(self.book.fares[old], end=fare.start)

    def change_terms(self) -> None:
        ending = self.book.ending(self.clock()) if self.chance.random() < 0.3 else None
        if ending is None:
            self._agree(*self.book.another_term(self.clock()))
            return
        process, (name, until) = self.office, ending
        if self._change(
            "terms",
            lambda: office.end(process, name, until),
            lambda: office.standing(process)[name].end == until,
        ):
            self.book.terms[name] = replace(self.book.terms[name], end=until)

    def _agree(self, name: str, term: Agreed) -> None:
        process = self.office
        if self._change(
            "terms",
            lambda: office.agree(process, name, term),
            lambda: name in office.standing(process),
        ):
            self.book.terms[name] = term

    def change_currencies(self) -> None:
        """Bill somebody in another currency; once there are orders, there is no other any more."""
        tenant, currency = self.book.another_currency()
        process, before = self.office, self.book.tariff.currency(tenant)
        fixed = tenant in self.desk.cuts()
        if self._change(
            "currencies",
            lambda: office.bill_in(process, tenant, currency),
            lambda: office.billed_in(process, tenant) == currency,
        ):
            self.book.currencies[tenant] = currency
            if fixed and currency != before:
                self.differences.append(Difference("currency", tenant, before, currency))

    def _change(self, what: str, change: Callable[[], None], happened: Callable[[], bool]) -> bool:
        """Whether a change of the office's came about: it may be refused."""

        def attempt() -> bool:
            try:
                change()
            except (PeriodBilled, Conflict):
                return False
            return True

        changed = self.attempt(self.office, attempt)
        if changed is None:  # who gets no answer has to look
            changed = happened()
        self.counts[what] += changed
        return changed
