"""The way from the services to ratings: messages get lost, doubled, late and out of order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from ratings.tests.simulation.cloud import Cloud
from ratings.tests.simulation.life import MINUTE
from ratings.tests.simulation.words import Message


class Delivery(NamedTuple):
    """A message that arrives, for the first time or once more."""

    at: datetime
    message: Message


@dataclass(frozen=True)
class Weather:
    """How bad the way is: probabilities, and outages that hold everything up."""

    loss: float
    doubling: float
    lateness: float
    outages: tuple[tuple[datetime, datetime], ...]

    def end_of_outage(self, at: datetime) -> datetime:
        return max([at, *(end for start, end in self.outages if start <= at < end)])


def weather(cloud: Cloud, chance: Random) -> Weather:
    days = cloud.times.end - cloud.times.start
    outages = []
    for _ in range(chance.choice((0, 0, 1, 2))):
        start = cloud.times.start + chance.random() * days
        outages.append((start, start + chance.random() * timedelta(hours=12)))
    return Weather(
        loss=chance.choice((0.0, 0.0, 0.01, 0.05, 0.2)),
        doubling=chance.choice((0.0, 0.02, 0.2)),
        lateness=chance.choice((0.0, 0.02, 0.1)),
        outages=tuple(outages),
    )


def deliveries(cloud: Cloud, *, only: str | None = None) -> tuple[list[Delivery], set[str]]:
    """What arrives, in order of arrival, and the ids of the messages that never do.

    `only` the messages of one resource are sent; their fates on the way stay the same.
    """
    chance = Random(f"network {cloud.seed}")
    found = weather(cloud, chance)
    arriving: list[Delivery] = []
    lost: set[str] = set()
    for message in cloud.messages:
        copies = list(_copies(message, found, chance))
        if only is not None and only not in {said.resource_id for said in message.says}:
            continue
        if not copies:
            lost.add(message.message_id)
        arriving += copies
    arriving += _replays(cloud, arriving, chance)
    # Ids break ties; the heap's order would otherwise ask which message is the lesser one.
    heap = [(one.at, one.message.message_id, n, one) for n, one in enumerate(arriving)]
    heapq.heapify(heap)
    return [heapq.heappop(heap)[-1] for _ in range(len(heap))], lost


def _copies(message: Message, weather: Weather, chance: Random) -> Iterable[Delivery]:
    is_lost = chance.random() < weather.loss
    while True:
        delay = timedelta(seconds=chance.expovariate(2))
        if chance.random() < weather.lateness:
            delay = chance.choice((1, 10, 40)) * chance.random() * timedelta(hours=1)
        if not is_lost:
            at = weather.end_of_outage(message.sent + delay)
            # What waited for the end of an outage comes as a crowd, in no order.
            yield Delivery(at + chance.random() * timedelta(seconds=30), message)
        if chance.random() >= weather.doubling:
            return


def _replays(cloud: Cloud, arriving: list[Delivery], chance: Random) -> list[Delivery]:
    """A day of which somebody sends everything again that ever arrived."""
    if chance.random() < 0.7 or cloud.days < 2:
        return []
    day = timedelta(days=1)
    start = cloud.times.start + chance.randrange(cloud.days - 1) * day
    again = start + day + chance.random() * (cloud.times.end - start - day)
    # Each has a chance of its own, so that it does not matter which others are sent.
    return [
        Delivery(again + Random(one.message.message_id).random() * MINUTE, one.message)
        for one in arriving
        if start <= one.message.sent < start + day and one.at < again
    ]
