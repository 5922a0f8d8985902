"""Many clouds, one after the other; and what to do about one that differs."""

from __future__ import annotations

import logging
import multiprocessing
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ratings.tests.simulation import cloud as clouds
from ratings.tests.simulation import network, verdicts
from ratings.tests.simulation.desk import Difference
from ratings.tests.simulation.drive import Drive
from ratings.tests.simulation.site import Site, running

DAYS = 5
"""That each cloud lasts."""

_OF_ONE = ("rules", "truth", "beyond the truth")
"""Differences that tell of which resource they are."""


@dataclass
class Outcome:
    """What became of one cloud."""

    seed: int
    days: int
    messages: int
    seconds: float
    counts: Counter[str]
    differences: list[Difference] = field(default_factory=list)
    replay: str = ""
    """Arguments with which a difference shows again."""


def simulate(
    site: Site, seed: int, days: int = DAYS, *, only: str | None = None, calm: bool = False
) -> Outcome:
    """The cloud of a seed; `only` one resource of it, `calm`: nothing dies."""
    begun = time.monotonic()
    cloud = clouds.make(seed, days)
    deliveries, lost = network.deliveries(cloud, only=only)
    if only is not None:
        cloud.lives = [life for life in cloud.lives if life.resource_id == only]
    drive = Drive(site, cloud, deliveries, calm)
    try:
        drive.run()
        drive.differences += verdicts.differences(drive, lost)
    except Exception:  # whatever it is, the seed has to be told
        site.repair()
        drive.differences.append(Difference("exception", "", " none", traceback.format_exc()))
    return Outcome(
        seed,
        days,
        len(cloud.messages),
        time.monotonic() - begun,
        drive.counts,
        drive.differences,
    )


def campaign(first_seed: int, days: int, jobs: int, bindir: Path | None) -> list[Outcome]:
    """Clouds of consecutive seeds until `days` have passed in them, shared out to `jobs` processes.

    A share ends with the first cloud that differs.
    """
    seeds = range(first_seed, first_seed + -(-days // DAYS))
    length = -(-len(seeds) // jobs)
    shares = [seeds[start : start + length] for start in range(0, len(seeds), length)]
    if len(shares) == 1:
        return share(seeds, bindir)
    with ProcessPoolExecutor(len(shares), multiprocessing.get_context("spawn")) as pool:
        found = pool.map(share, shares, [bindir] * len(shares))
        return [outcome for outcomes in found for outcome in outcomes]


def share(seeds: Sequence[int], bindir: Path | None) -> list[Outcome]:
    """The clouds of some seeds, on a site of their own."""
    # What dies is meant to die; its obituaries would hide what is not.
    logging.disable(logging.CRITICAL)
    outcomes = []
    with running(bindir) as site:
        for seed in seeds:
            outcome = simulate(site, seed)
            outcomes.append(outcome)
            if outcome.differences:
                outcome.replay = shrunk(site, outcome)
                break
    return outcomes


def shrunk(site: Site, outcome: Outcome) -> str:
    """The arguments with which the difference shows in the smallest run we find."""
    smallest = f"--seed {outcome.seed} --days {outcome.days}"
    resources = [one.where.split(" ")[-1] for one in outcome.differences if one.what in _OF_ONE]
    tries: list[tuple[str | None, bool]] = [(None, True)]
    if resources:
        tries = [(resources[0], True), (resources[0], False), *tries]
    for only, calm in tries:
        if simulate(site, outcome.seed, outcome.days, only=only, calm=calm).differences:
            words = [smallest, "--calm" if calm else "", f"--only {only}" if only else ""]
            return " ".join(filter(None, words))
    return smallest
