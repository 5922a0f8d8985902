"""``contrib/simulate``: simulated days of a cloud, and whether ratings got them right."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections import Counter
from pathlib import Path

from ratings.tests.simulation import bugs
from ratings.tests.simulation.campaign import DAYS, Outcome, campaign, simulate
from ratings.tests.simulation.site import Site, running

_SHOWN = 5


def main() -> int:
    given = _options()
    bindir = os.environ.get("RATINGS_TEST_PG_BINDIR")
    programs = Path(bindir) if bindir else None
    begun = time.monotonic()
    if given.faults or given.only or given.calm:
        logging.disable(logging.CRITICAL)
        with running(programs) as site:
            if given.faults:
                return _show_faults(site, given)
            found = simulate(site, given.seed, given.days, only=given.only, calm=given.calm)
            outcomes = [found]
    else:
        outcomes = campaign(given.seed, given.days, given.jobs, programs)
    return _report(outcomes, time.monotonic() - begun)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="contrib/simulate", description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS, help=f"in clouds of {DAYS} days each")
    parser.add_argument("--seed", type=int, default=1, help="of the first cloud")
    parser.add_argument("--jobs", type=int, default=2, help="processes that share the days out")
    parser.add_argument("--only", metavar="RESOURCE", help="send only messages about that one")
    parser.add_argument("--calm", action="store_true", help="nothing is killed on the way")
    parser.add_argument(
        "--faults", action="store_true", help="put bugs into the code, and see them caught"
    )
    return parser.parse_args()


def _report(outcomes: list[Outcome], seconds: float) -> int:
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts.update(outcome.counts)
        if outcome.differences:
            _tell(outcome)
    for name, number in sorted(counts.items()):
        print(f"{number:9} {name}")
    days = sum(outcome.days for outcome in outcomes)
    differences = sum(len(outcome.differences) for outcome in outcomes)
    print(
        f"seeds {outcomes[0].seed} to {outcomes[-1].seed}: {days} cloud-days,"
        f" {sum(outcome.messages for outcome in outcomes)} messages,"
        f" {counts['records']} records, {counts['orders']} orders,"
        f" {differences} differences, {seconds:.0f} s ({days / seconds:.1f} days/s)"
    )
    return 1 if differences else 0


def _tell(outcome: Outcome) -> None:
    print(f"seed {outcome.seed}: {len(outcome.differences)} differences")
    for one in outcome.differences[:_SHOWN]:
        print(f"\n{one.what}  {one.where}\n  expected:{one.expected}\n  got:{one.got}")
    if outcome.replay:
        print(f"\nto replay: contrib/simulate {outcome.replay}\n")


def _show_faults(site: Site, given: argparse.Namespace) -> int:
    escaped = 0
    for fault in bugs.FAULTS:
        days, outcome = bugs.caught(site, fault, given.seed, max(given.days, bugs.PATIENCE))
        if outcome is None:
            escaped += 1
            print(f"NOT CAUGHT in {days} days: {fault.name}")
        else:
            first = outcome.differences[0]
            print(f"caught within {days:3} days (seed {outcome.seed}, {first.what}): {fault.name}")
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
