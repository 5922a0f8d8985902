"""``ratings-manage export``."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from oslo_config.cfg import ConfigOpts
from sqlalchemy import Engine

from ratings import orders, plugins
from ratings.cmd.database import connected
from ratings.cmd.terminal import instant
from ratings.core.errors import InvalidInput
from ratings.db import sales_orders
from ratings.db.reading import EVERYTHING
from ratings.exporters import NotExportable

_CHUNK = 1000


def export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("format", metavar="FORMAT", help="such as csv, focus or ubl")
    parser.add_argument("orders", metavar="ORDER", nargs="*", type=int, help="ids of sales orders")
    parser.add_argument("--tenant", metavar="ID", help="orders of this tenant")
    parser.add_argument("--start", type=instant, help="orders that reach beyond this instant")
    parser.add_argument("--end", type=instant, help="orders that begin before this instant")
    parser.add_argument(
        "--directory",
        type=Path,
        help="write a file for each order there; else one order goes to standard output",
    )


def export(conf: ConfigOpts) -> int:
    """Write issued sales orders in the format of an exporter."""
    wanted, directory = conf.command, conf.command.directory
    exports = plugins.exports(conf)
    refused = []
    with connected(conf) as engine:
        chosen = list(_chosen(engine, wanted))
        if directory is None and len(chosen) != 1:
            raise InvalidInput(f"{len(chosen)} orders: name one, or a --directory for them")
        for order_id in chosen:
            try:
                file = exports.file(wanted.format, orders.proven(engine, EVERYTHING, order_id))
            except NotExportable as error:
                refused.append(f"order {order_id}: {error}")
            else:
                _write(file.content, None if directory is None else directory / file.name)
    for told in refused:
        print(told, file=sys.stderr)
    return 1 if refused else 0


def _chosen(engine: Engine, wanted: argparse.Namespace) -> Iterator[int]:
    """Ids of the named orders, or of those that the filters let through."""
    named: Sequence[int] = wanted.orders
    if named:
        yield from dict.fromkeys(named)
        return
    filters = {"tenant_id": wanted.tenant, "start": wanted.start, "end": wanted.end}
    after = None
    with engine.connect() as conn:
        while rows := sales_orders.page(conn, EVERYTHING, limit=_CHUNK, after=after, **filters):
            yield from (row.id for row in rows)
            after = rows[-1].id


def _write(content: bytes, path: Path | None) -> None:
    if path is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    else:
        path.write_bytes(content)
        print(path)
