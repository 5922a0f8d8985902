"""The tour: a month of a small cloud goes in, and what comes out is shown and explained."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from cloud import TENANTS, Delivery, Resource, as_it_arrives, month
from rich.console import Console
from rich.progress import track
from rich.table import Table
from service import Client, running
from sqlalchemy.exc import IntegrityError

from ratings.db import embedded
from ratings.db.engine import create_engine

CONSOLE = Console(width=110, highlight=False)
NAMES = {project: name for name, project in TENANTS.items()}

_OVERLAP = """
INSERT INTO records (resource_id, component_id, span, tenant_id, quantity, currency)
SELECT resource_id, component_id,
       tstzrange(lower(span) + interval '1 minute', upper(span) + interval '1 minute'),
       tenant_id, quantity, currency
FROM records WHERE superseded_at IS NULL ORDER BY id LIMIT 1"""

_EXPLORE = """
  curl {url}/v1/resources?tenant_id={acme}
  curl '{url}/v1/records?resource_id={web}&component=vcpu'
  curl {url}/v1/records/{web}                     (the form of Koala)
  curl '{url}/v1/usage?tenant_id={acme}&start={start}&end={end}'
  curl '{url}/v1/summary?groupby=tenant_id,day&start={start}&end={end}'
  curl {url}/v1/events?resource_id={web}          (the journal)
  curl '{url}/v1/sales_orders?tenant_id={acme}'
  curl {url}/v1/sales_orders/1                    (made again from the ledger, byte by byte)
  curl {url}/v1/status
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="contrib/demo", description=__doc__)
    parser.add_argument("--serve", action="store_true", help="leave the API up until Ctrl-C")
    parser.add_argument("--port", type=int, default=0, help="port of the API (default: any)")
    options = parser.parse_args(arguments)
    # Whoever stops the tour stops what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # A short name: PostgreSQL's socket lies below it.
    with tempfile.TemporaryDirectory(prefix="ratings-demo-") as folder:
        say("Starting ratings-api with an embedded PostgreSQL")
        with running(Path(folder), options.port) as url:
            CONSOLE.print(f"  {url}, state in {folder}")
            tour(Client(url), url, Path(folder), options.serve)


def tour(client: Client, url: str, state_path: Path, serve: bool) -> None:
    end = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    start = (end - timedelta(days=1)).replace(day=1)
    cloud, found = month(start, end)
    in_time, late = as_it_arrives(cloud.deliveries, seed=7)

    vcpu = load_prices(client)
    send(client, in_time, f"Sending {start:%B %Y} as Ceilometer does, one event a request")
    show_resources(client)
    show_late_events(client, late, found)
    show_price_change(client, vcpu, cloud.at(16), found["web-1"])
    show_summary(client, start, end)
    show_orders(client, end)
    show_constraint(state_path)
    show_status(client)

    places = {"acme": TENANTS["acme"], "web": found["web-1"].id}
    dates = {"start": f"{start:%Y-%m-%d}", "end": f"{end:%Y-%m-%d}"}
    if not serve:
        say("Explore it yourself: run contrib/demo --serve --port 9999, then")
        CONSOLE.print(
            _EXPLORE.format(url="http://127.0.0.1:9999", **places, **dates), soft_wrap=True
        )
        return
    say("The API stays up until Ctrl-C. Try")
    CONSOLE.print(_EXPLORE.format(url=url, **places, **dates), soft_wrap=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def say(text: str) -> None:
    CONSOLE.print(f"\n[bold cyan]» {text}[/]")


def load_prices(client: Client) -> dict[str, Any]:
    """Load the price book; returns the price of a vCPU."""
    say("Loading the price book")
    book = yaml.safe_load((Path(__file__).parent / "prices.yaml").read_text())
    prices = [client.post("/v1/prices", price) for price in book]
    table = _table("component", "unit price", "per", "region", "only for", "name")
    for p in prices:
        only = ", ".join(f"{k} {v}" for k, v in p["match"].items())
        table.add_row(
            p["resource_type"],
            _plain(p["unit_price"]),
            p["per"],
            p["region"] or "every",
            only,
            p["name"],
        )
    CONSOLE.print(table)
    return dict(prices[0])


def send(client: Client, deliveries: Sequence[Delivery], what: str) -> None:
    say(what)
    sums = dict.fromkeys(("received", "rated", "duplicate", "ignored", "parked"), 0)
    answers = client.publish(deliveries)
    for answer in track(answers, "  posting", len(deliveries), console=CONSOLE, transient=True):
        for name in sums:
            sums[name] += answer[name]
    CONSOLE.print("  " + ", ".join(f"{count} {name}" for name, count in sums.items()))


def show_resources(client: Client) -> None:
    say("What there is now, and what it has cost up to its last event")
    table = _table("resource", "type", "region", "tenant", "status", "since", "until", "USD")
    found = client.get("/v1/resources", limit=100)["resources"]
    for r in sorted(found, key=lambda r: (NAMES[r["tenant_id"]], r["region"], r["created_at"])):
        table.add_row(
            r["resource_name"],
            r["resource_type"],
            r["region"],
            NAMES[r["tenant_id"]],
            r["status"],
            _time(r["created_at"]),
            _time(r["deleted_at"]),
            f"{r['consumption']:.4f}",
        )
    CONSOLE.print(table)


def show_late_events(client: Client, late: Sequence[Delivery], found: dict[str, Resource]) -> None:
    web = found["web-1"]
    say("web-1 was resized on the 10th at 14:30, but that event is still on its way. When the")
    CONSOLE.print(
        "  resize was confirmed it was found larger: so far, the time before is charged as small."
    )
    show_records(client, web, "vcpu", around=10)
    send(client, late, "Now the late events arrive")
    CONSOLE.print("  The records they disprove are superseded, others take their place:")
    show_records(client, web, "vcpu", around=10)
    CONSOLE.print(
        "  db-1's resize was never reported. Where two audits disagree, the lesser is charged:"
    )
    show_records(client, found["db-1"], "vcpu", around=12)


def show_records(client: Client, resource: Resource, component: str, around: int) -> None:
    """The ledger of one component of a resource, a few days of it; superseded rows too."""
    table = _table("from", "to", "component", "quantity", "unit price", "USD", "superseded")
    rows: list[dict[str, Any]] = []
    for superseded in ("true", "false"):
        query = {"resource_id": resource.id, "component": component, "superseded": superseded}
        rows += client.get("/v1/records", limit=1000, **query)["records"]
    for row in sorted(rows, key=lambda row: (row["start"], row["recorded_at"])):
        if around - 1 <= int(row["start"][8:10]) <= around + 1:
            table.add_row(
                _time(row["start"]),
                _time(row["end"]),
                row["component"],
                _plain(row["quantity"]),
                _plain(row["unit_price"]),
                _plain(row["amount"]),
                "yes" if row["superseded_at"] else "",
                style="dim strike" if row["superseded_at"] else "",
            )
    CONSOLE.print(table)


def show_price_change(client: Client, price: dict[str, Any], at: datetime, web: Resource) -> None:
    say(f"From {at:%d %B} on a vCPU costs 0.03: the month is rated anew, split at that instant")
    change = {"unit_price": "0.03", "start_at": at.isoformat()}
    client.put(f"/v1/prices/{price['id']}", change)
    show_records(client, web, "vcpu", around=at.day)


def show_summary(client: Client, start: datetime, end: datetime) -> None:
    say(f"The month by tenant and component, {start:%Y-%m-%d} to {end:%Y-%m-%d}")
    query = {"start": start.isoformat(), "end": end.isoformat(), "groupby": "tenant_id,component"}
    rows = client.get("/v1/summary", limit=1000, **query)["summary"]
    table = _table("tenant", "component", "USD")
    for tenant, project in TENANTS.items():
        mine = sorted((r["component"], r["amount"]) for r in rows if r["tenant_id"] == project)
        for component, amount in mine:
            table.add_row(tenant, component, _plain(amount))
        total = sum((amount for _, amount in mine), Decimal(0))
        table.add_row(tenant, "total", _plain(total), style="bold", end_section=True)
    CONSOLE.print(table)


def show_orders(client: Client, end: datetime) -> None:
    say("Closing the month: one sales order a tenant, final from now on")
    table = _table("tenant", "order", "from", "to", "lines", "total", "payable", "digest")
    for tenant, project in TENANTS.items():
        order = client.post("/v1/sales_orders", {"tenant_id": project, "end": end.isoformat()})
        table.add_row(
            tenant,
            str(order["id"]),
            _time(order["start"]),
            _time(order["end"]),
            str(len(order["lines"])),
            _plain(order["total"]),
            f"{order['payable']:.2f} {order['currency']}",
            f"{order['digest'][:12]}…",
        )
    CONSOLE.print(table)


def show_constraint(state_path: Path) -> None:
    say("Somebody goes around the code and inserts a record that overlaps another:")
    with embedded.running(state_path) as url:
        engine = create_engine(url)
        try:
            with engine.begin() as conn:
                conn.exec_driver_sql(_OVERLAP)
        except IntegrityError as refusal:
            CONSOLE.print(f"[red]{refusal.orig}[/]".replace("\n", "\n  "))
        finally:
            engine.dispose()


def show_status(client: Client) -> None:
    say("Nothing is lost: received = rated + ignored + parked")
    status = client.get("/v1/status")
    sums = {name: status[name] for name in ("received", "rated", "ignored", "parked", "duplicate")}
    CONSOLE.print("  " + ", ".join(f"{name} {count}" for name, count in sums.items()))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=True, header_style="bold")
    for column in columns:
        numeric = column in ("USD", "quantity", "unit price", "lines", "total", "payable")
        table.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    return table


def _plain(number: Decimal | int | None) -> str:
    return "" if number is None else f"{Decimal(number).normalize():f}"


def _time(text: str | None) -> str:
    return "" if text is None else text[:19].replace("T", " ")


if __name__ == "__main__":
    main()
