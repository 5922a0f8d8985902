"""``ratings-manage terms add``, ``terms list`` and ``terms end``."""

import argparse
from datetime import datetime
from decimal import Decimal, InvalidOperation

from oslo_config.cfg import ConfigOpts

from ratings import agreeing, plugins
from ratings.cmd.database import connected
from ratings.cmd.terminal import instant, print_table
from ratings.core.terms import KINDS, Term
from ratings.core.writing import plain
from ratings.db import terms
from ratings.db.reading import EVERYTHING
from ratings.db.terms import Standing

_PAGE = 1000
_HEADINGS = "id", "tenant", "kind", "value", "remaining", "component", "from", "until", "reason"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("value", type=_number, help="percent, or an amount of money")
    parser.add_argument("--reason", required=True, help="what sales orders say of it")
    parser.add_argument("--tenant", metavar="ID", help="with whom; everybody if not given")
    parser.add_argument("--component", help="of a discount: only this component")
    parser.add_argument("--currency", help="of an amount; the tenant's if not given")
    parser.add_argument("--start", type=instant, help="from when on (UTC); now if not given")
    parser.add_argument("--end", type=instant, help="until when (UTC)")


def add(conf: ConfigOpts) -> int:
    """Agree upon a discount, a minimum charge or a credit."""
    given = conf.command
    term = Term(
        id=0,
        kind=given.kind,
        value=given.value,
        reason=given.reason,
        tenant_id=given.tenant,
        component=given.component,
        currency=given.currency,
        start=given.start or plugins.clock(),
        end=given.end,
    )
    settings = plugins.settings(conf)
    with connected(conf) as engine:
        print(f"Term {agreeing.add(engine, settings, term).term.id} added.")
    return 0


def show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tenant", metavar="ID", help="only those of this tenant alone")
    parser.add_argument("--at", type=instant, help="only those in force at this instant")


def show(conf: ConfigOpts) -> int:
    """List terms, and what remains of credits."""
    tenant_id, at = conf.command.tenant, conf.command.at
    found: list[Standing] = []
    with connected(conf) as engine, engine.connect() as conn:
        after = 0
        wanted = {"tenant_id": tenant_id, "at": at}
        while rows := terms.page(conn, EVERYTHING, limit=_PAGE, after=after, **wanted):
            found += rows
            after = rows[-1].term.id
    print_table(_HEADINGS, map(_cells, found), right=("id", "value", "remaining"))
    return 0


def end_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", type=int)
    parser.add_argument("--at", type=instant, help="when (UTC); now if not given")


def end(conf: ConfigOpts) -> int:
    """End a term; without --at now, and one that has never been in force is removed."""
    term_id, at = conf.command.id, conf.command.at
    with connected(conf) as engine:
        if at is None:
            ended = agreeing.withdraw(engine, term_id, plugins.clock())
        else:
            ended = agreeing.end(engine, term_id, at)
    said = "is removed" if ended is None else f"ends at {_bound(ended.term.end)}"
    print(f"Term {term_id} {said}.")
    return 0


def _cells(standing: Standing) -> tuple[str, ...]:
    term, remaining = standing
    unit = "%" if term.currency is None else f" {term.currency}"
    return (
        str(term.id),
        term.tenant_id or "(all)",
        term.kind,
        f"{plain(term.value)}{unit}",
        plain(remaining) if term.kind == "credit" else "",
        term.component or "(all)",
        _bound(term.start),
        _bound(term.end),
        term.reason,
    )


def _bound(bound: datetime | None) -> str:
    return "" if bound is None else bound.isoformat()


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
