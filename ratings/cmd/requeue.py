"""``ratings-manage requeue``."""

import argparse

from oslo_config.cfg import ConfigOpts

from ratings import plugins
from ratings.cmd.database import connected
from ratings.rater import Rater
from ratings.readers import Reader
from ratings.requeueing import requeue as try_again


def requeue_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--code", help="only events that were parked for this reason")
    parser.add_argument(
        "--id", dest="ids", type=int, action="append", help="only this parked event; repeatable"
    )


def requeue(conf: ConfigOpts) -> int:
    """Try parked events again."""
    settings = plugins.settings(conf)
    with connected(conf) as engine:
        counts = try_again(
            engine,
            Rater(engine, settings, plugins.clock),
            Reader(settings.definitions),
            code=conf.command.code,
            ids=conf.command.ids,
        )
    words = "rated", "duplicate", "ignored", "parked"
    became = ", ".join(f"{counts[word]} {word}" for word in words)
    print(f"Of {counts['tried']} parked events: {became}.")
    return 0
