"""``ratings-manage prices import`` and ``prices export``."""

import argparse
import sys
from pathlib import Path

from oslo_config.cfg import ConfigOpts

from ratings import plugins, repricing
from ratings.cmd.database import connected
from ratings.db import prices, tenants
from ratings.readers import pricebooks


def load_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="a YAML or CSV price book; - is standard input"
    )
    parser.add_argument(
        "--retroactive",
        action="store_true",
        help="also where it changes what sales orders have billed: their tenants' next orders"
        " take that back and bill it anew",
    )


def load(conf: ConfigOpts) -> int:
    """Add the prices of a book: all of them, or none if one is refused."""
    name = conf.command.file
    text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    settings = plugins.settings(conf)
    with connected(conf) as engine:
        with engine.connect() as conn:
            currencies = tenants.currencies(conn, settings.currency)
        book = pricebooks.parse(text, settings.currency, currencies)
        retroactive = conf.command.retroactive
        added = repricing.add_all(engine, settings, book, retroactive=retroactive)
    print(f"{added} prices added, {len(book) - added} were there already.")
    return 0


def export(conf: ConfigOpts) -> int:
    """Print every price as a YAML price book."""
    with connected(conf) as engine, engine.connect() as conn:
        print(pricebooks.render(prices.load(conn)), end="")
    return 0
