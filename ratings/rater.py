"""Rating: from arrivals to journal and ledger, in one transaction per batch.

Gather what is needed, decide in pure functions, apply. A batch of any size is a
handful of statements. Any split, order or repetition of the same arrivals leaves
the same ledger, so a batch that the database refuses is halved until the arrival
that it refuses stands alone, and is parked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from psycopg import errors as pg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from ratings import settling
from ratings.batch import Arrival, Batch, Result
from ratings.core.errors import Unavailable
from ratings.core.model import Ignored, Unreadable
from ratings.core.pricing import PriceBook
from ratings.db import components, events, parked_events, prices, resources, tallies
from ratings.db.resources import Resource, ResourceKey
from ratings.settling import Settings

_ATTEMPTS = 5
_KNOWN_KEYS = 1_000_000


class Rater:
    """Rates batches on one database. Threads may share it.

    It remembers the price book of the last revision it saw, the ids of
    components, and which resources have a row: none of these is ever taken back.
    """

    def __init__(self, engine: Engine, settings: Settings, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self._engine = engine
        self._clock = clock
        self._book: tuple[int, PriceBook] | None = None
        self._component_ids: Mapping[str, int] = {}
        self._known_keys: set[ResourceKey] = set()

    def rate(self, arrivals: Sequence[Arrival]) -> list[Result]:
        """What became of each arrival, durably. Raises Unavailable if nothing could be written."""
        try:
            return self._retried(arrivals) if arrivals else []
        except (OperationalError, InterfaceError) as error:
            raise Unavailable(f"the database cannot be used: {_first_line(error)}") from error
        except PoolExhausted as error:
            raise Unavailable("every connection to the database is in use") from error

    def rules(self, conn: Connection, *, still: bool = True) -> settling.RulesOf:
        """The rules in force; `still` as for `book`."""
        return self.settings.rules(self.book(conn, still=still))

    def book(self, conn: Connection, *, still: bool = True) -> PriceBook:
        """The prices in force; they keep still until the transaction of `conn` ends.

        Who only reads passes ``still=False``, and waits for nobody who changes them.
        """
        revision = prices.hold_still(conn) if still else prices.revision(conn)
        book = self._book
        if book is None or book[0] != revision:
            # Threads share the attribute, so what it held a moment ago is what counts here.
            book = self._book = (revision, self.settings.price_book(conn))
        return book[1]

    def component_ids(self) -> Mapping[str, int]:
        """Ids of all components of the definitions; written on first use."""
        if not self._component_ids:
            with self._engine.begin() as conn:
                self._component_ids = components.ensure(conn, self.settings.definitions.units())
        return self._component_ids

    def _retried(self, arrivals: Sequence[Arrival]) -> list[Result]:
        careful = False
        for _ in range(_ATTEMPTS):
            try:
                return self._once(arrivals, careful=careful)
            except DBAPIError as error:
                refusal = error
                if isinstance(error.orig, pg.ExclusionViolation):
                    # The row of a resource and the ledger disagree: trust the journal.
                    careful = True
                elif isinstance(error.orig, _PASSING):
                    continue
                elif isinstance(error.orig, _REFUSED):
                    break
                else:
                    raise
        return self._halved(arrivals, refusal)

    def _halved(self, arrivals: Sequence[Arrival], refusal: DBAPIError) -> list[Result]:
        """Both halves for themselves; one alone is parked for what the database says of it."""
        if len(arrivals) > 1:
            middle = len(arrivals) // 2
            return self._retried(arrivals[:middle]) + self._retried(arrivals[middle:])
        message_id = arrivals[0].reading.message_id
        refused = Unreadable("refused_by_database", _first_line(refusal), message_id)
        return self._once([arrivals[0]._replace(reading=refused)], careful=False)

    def _once(self, arrivals: Sequence[Arrival], *, careful: bool) -> list[Result]:
        component_ids = self.component_ids()
        latest = self._clock() + self.settings.future_tolerance
        batch = Batch([_timely(arrival, latest) for arrival in arrivals])
        with self._engine.begin() as conn:
            rules_of = self.rules(conn)
            locked = self._lock(conn, batch.keys())
            batch.drop_known(events.known(conn, batch.message_ids()))
            news = {locked[key].id: found for key, found in batch.events().items()}
            involved = [resource for resource in locked.values() if resource.id in news]
            cases, cuts = settling.gather(conn, involved, news, from_the_start=careful)
            verdicts = batch.decide(cases, cuts, rules_of)
            events.append(conn, batch.entries(locked))
            settling.apply(conn, cases, verdicts, component_ids)
            if counted := _account(conn, batch):
                tallies.add(conn, counted)
        self._known_keys.update(locked)
        return batch.results

    def _lock(
        self, conn: Connection, keys: Sequence[ResourceKey]
    ) -> Mapping[ResourceKey, Resource]:
        if len(self._known_keys) > _KNOWN_KEYS:
            self._known_keys.clear()
        unknown = [key for key in keys if key not in self._known_keys]
        if unknown:
            resources.ensure(conn, unknown)
        return resources.lock(conn, keys) if keys else {}


_REFUSED = (pg.DataError, pg.IntegrityError, pg.ProgramLimitExceeded, pg.StatementTooComplex)
"""The database will say so again: something in the batch cannot be stored."""

_PASSING = (pg.UniqueViolation, pg.DeadlockDetected, pg.SerializationFailure)
"""Another writer was faster, or in the way: the next try sees what it did."""


def _timely(arrival: Arrival, latest: datetime) -> Arrival:
    """An event ahead of the clock is parked: it may be a wrong clock, or come true."""
    reading = arrival.reading
    if isinstance(reading, Unreadable) or reading.event_time is None:
        return arrival
    if isinstance(reading, Ignored) or reading.event_time <= latest:
        return arrival
    detail = f"event_time {reading.event_time.isoformat()} is ahead of the clock"
    return arrival._replace(reading=Unreadable("event_in_future", detail, reading.message_id))


def _account(conn: Connection, batch: Batch) -> Mapping[str, tallies.Tally]:
    """Park what is to be parked, and count the batch by region."""
    found: dict[str, tallies.Tally] = defaultdict(tallies.Tally)
    for arrival, result in zip(batch.arrivals, batch.results, strict=True):
        reading = arrival.reading
        if isinstance(reading, Unreadable):
            continue
        tally = found[reading.region]
        if result.state == "rated":
            tally.rated += 1
            tally.saw(reading.event_time)
        elif result.state == "ignored":
            tally.ignored += 1
        elif result.state == "duplicate":
            tally.duplicate += 1
    if to_park := batch.parked():
        for region in parked_events.park(conn, to_park):
            found[region].parked += 1
    if settled := batch.settled_ids():
        for region in parked_events.forget(conn, settled):
            found[region].parked -= 1
    return found


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).splitlines()[0] if error.orig else type(error).__name__
