"""``ratings-manage reconcile``."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from oslo_config.cfg import ConfigOpts
from sqlalchemy import Engine

from ratings import comparing, plugins, reconciling
from ratings.cmd import clouds
from ratings.cmd.database import connected
from ratings.cmd.terminal import instant, print_table
from ratings.comparing import Approval, Difference
from ratings.core.discrepancies import CODES, Discrepancy
from ratings.core.errors import InvalidInput
from ratings.core.inventory import Inventory
from ratings.core.writing import plain
from ratings.db.resources import ResourceKey
from ratings.rater import Rater
from ratings.readers import Reader, inventories
from ratings.readers.inventories import Given
from ratings.reconciling import Reconciliation, Wanted
from ratings.settling import Settings

Found = list[tuple[ResourceKey, Discrepancy]]


def reconcile_arguments(parser: argparse.ArgumentParser) -> None:
    lists = parser.add_argument_group("a list to compare with; else the journal alone is looked at")
    lists.add_argument("--list", metavar="FILE", help="YAML, JSON or CSV; - is standard input")
    lists.add_argument("--cloud", metavar="NAME", help="a cloud of clouds.yaml, by openstacksdk")
    lists.add_argument("--service", choices=sorted(clouds.SERVICES), help="of the cloud")
    lists.add_argument("--save", metavar="FILE", help="keep the list of the cloud")
    lists.add_argument("--at", type=instant, metavar="T", help="when the list was taken (UTC)")
    lists.add_argument("--region", help="of resources whose region the list does not tell")
    lists.add_argument(
        "--type", dest="types", action="append", default=[], metavar="TYPE",
        help="a resource type of which the list has all; repeatable",
    )  # fmt: skip
    only = parser.add_argument_group("only some discrepancies")
    only.add_argument("--code", dest="codes", choices=CODES, action="append", metavar="CODE")
    only.add_argument("--id", dest="ids", action="append", metavar="RESOURCE")
    only.add_argument("--tenant", metavar="ID")
    only.add_argument("--since", type=instant, metavar="T", help="of the journal: since when")
    approval = parser.add_argument_group("what is done about them")
    approval.add_argument("--approve", action="store_true", help="write what the list says")
    approval.add_argument("--by", metavar="WHO", help="who approves; goes into each event")
    approval.add_argument(
        "--instant", type=instant, metavar="T", help="when what began or ended did so (UTC)"
    )


def reconcile(conf: ConfigOpts) -> int:
    """Show what was not told, and write the audit events that an operator approves."""
    given = conf.command
    _refuse_contradictions(given)
    settings = plugins.settings(conf)
    inventory = _inventory(given, settings)
    with connected(conf) as engine:
        rater = Rater(engine, settings, plugins.clock)
        with engine.connect() as conn:
            rules_of = rater.rules(conn, still=False)
        how = Reconciliation(
            settings, rules_of, reconciling.watch(conf.reconciliation), plugins.clock()
        )
        if inventory is None:
            found = _of_journal(engine, how, given)
            _show(found)
            return 1 if found else 0
        differences = list(_wanted(comparing.compare(engine, how, inventory), given))
        found = [(each.key, one) for each in differences for one in each.discrepancies]
        _show(found)
        if not given.approve or not differences:
            return 1 if differences else 0
        counts = comparing.approve(
            rater,
            Reader(settings.definitions),
            how,
            inventory,
            differences,
            Approval(given.by, plugins.clock(), given.instant),
        )
    became = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    print(f"Approved {len(differences)} resources: {became}.")
    return 1 if counts["parked"] else 0


def _refuse_contradictions(given: argparse.Namespace) -> None:
    """Raises InvalidInput for arguments that do not belong together."""
    if given.list and given.cloud:
        raise InvalidInput("give --list or --cloud, not both")
    if bool(given.cloud) != bool(given.service):
        raise InvalidInput("--cloud and --service belong together")
    if given.save and not given.cloud:
        raise InvalidInput("--save keeps the list of a --cloud")
    if given.approve and not (given.list or given.cloud):
        raise InvalidInput("--approve needs a list: the journal does not tell what is true")
    if given.approve and not given.by:
        raise InvalidInput("--approve needs --by: who approves")
    if given.instant and not given.approve:
        raise InvalidInput("--instant is part of an approval")


def _inventory(given: argparse.Namespace, settings: Settings) -> Inventory | None:
    if given.cloud:
        text = clouds.listed(given.cloud, given.service, plugins.clock())
        source = f"{given.service} of {given.cloud}"
        if given.save:
            Path(given.save).write_text(text, encoding="utf-8")
    elif given.list:
        stdin = given.list == "-"
        text = sys.stdin.read() if stdin else Path(given.list).read_text(encoding="utf-8")
        source = "standard input" if stdin else Path(given.list).name
    else:
        return None
    return inventories.parse(
        text, settings.definitions, Given(source, given.at, given.region, given.types)
    )


def _of_journal(engine: Engine, how: Reconciliation, given: argparse.Namespace) -> Found:
    wanted = Wanted(tenant_id=given.tenant, region=given.region, since=given.since)
    return [
        (shown.resource.key, shown.discrepancy)
        for shown in reconciling.everything(engine, how, wanted)
        if (not given.codes or shown.discrepancy.code in given.codes)
        and (not given.ids or shown.resource.key[2] in given.ids)
        and (not given.types or shown.resource.key[1] in given.types)
    ]


def _wanted(differences: Iterable[Difference], given: argparse.Namespace) -> Iterator[Difference]:
    """An approval is about a resource as a whole, and so is the choice."""
    for each in differences:
        if given.ids and each.key[2] not in given.ids:
            continue
        if given.codes and not any(one.code in given.codes for one in each.discrepancies):
            continue
        if given.tenant and not any(one.tenant_id == given.tenant for one in each.discrepancies):
            continue
        yield each


def _show(found: Found) -> None:
    if not found:
        print("No discrepancies.")
        return
    cells = (
        (
            one.code,
            *(resource_type, resource_id, region, one.tenant_id or ""),
            *(one.start.isoformat(), plain(one.amount), one.currency or "", one.detail),
        )
        for (region, resource_type, resource_id), one in found
    )
    heads = "code", "type", "resource", "region", "tenant", "from", "at stake", "", "detail"
    print_table(heads, cells, right=("at stake",))
    number = "1 discrepancy" if len(found) == 1 else f"{len(found)} discrepancies"
    print(f"{number}; the page on reconciliation explains each code.")
