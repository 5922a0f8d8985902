"""``ratings-manage close``, run as an operator runs it."""

import os
import pty
import re
import subprocess
import sys

import pytest

from ratings.cmd.manage import main
from ratings.db import sales_orders
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import add_prices, rate, rows

ORDERS = "SELECT tenant_id, trim_scale(total), upper(span) FROM sales_orders ORDER BY id"


@pytest.fixture
def cloud(database, monkeypatch):
    """Two tenants with a volume each, which run on; the database is the configured one."""
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)
    add_prices(database, [price("volume", "0.25")])
    rate(database, journal("06:00 create size=1 tenant=acme at=a id=a", "volume"))
    rate(database, journal("09:00 create size=2 tenant=globex at=b id=b", "volume"))
    return database


def manage(*arguments):
    return main(["close", *arguments])


def test_every_tenant_with_usage_gets_an_order(cloud, capsys):
    assert manage("--end", "2026-01-02") == 0
    shown = capsys.readouterr()
    assert [line.split() for line in shown.out.splitlines()] == [
        ["tenant", "order", "total", "payable", "currency"],
        ["acme", "1", "4.5", "4.50", "USD"],
        ["globex", "2", "7.5", "7.50", "USD"],
        ["Sales", "orders:", "2", "issued,", "0", "skipped,", "0", "failed."],
    ]
    assert shown.err.splitlines() == ["acme: order 1, 4.50 USD", "globex: order 2, 7.50 USD"]


def test_a_second_run_issues_only_what_is_missing(cloud, capsys):
    assert manage("--end", "2026-01-01T12:00:00Z", "--tenant", "globex") == 0
    assert manage("--end", "2026-01-01T12:00:00Z") == 0
    noon = instant("12:00")
    assert rows(cloud, ORDERS) == [("globex", 1.5, noon), ("acme", 1.5, noon)]
    capsys.readouterr()
    assert manage("--end", "2026-01-01T12:00:00Z") == 0
    assert capsys.readouterr().out == "Sales orders: 0 issued, 0 skipped, 0 failed.\n"


def test_a_named_tenant_that_is_billed_already_is_skipped(cloud, capsys):
    assert manage("--end", "2026-01-02", "--tenant", "acme") == 0
    capsys.readouterr()
    assert manage("--end", "2026-01-01T12:00", "--tenant", "acme", "--tenant", "acme") == 0
    shown = capsys.readouterr()
    assert shown.err == "acme: skipped, its orders reach 2026-01-02T00:00:00+00:00 already\n"
    assert shown.out == "Sales orders: 0 issued, 1 skipped, 0 failed.\n"


def test_one_failure_does_not_stop_the_others(cloud, capsys):
    assert manage("--end", "2026-01-02", "--tenant", "acmee", "--tenant", "acme") == 1
    shown = capsys.readouterr()
    assert shown.out.endswith("Sales orders: 1 issued, 0 skipped, 1 failed.\n")
    assert shown.err.endswith(
        "These tenants have no order:\n  acmee: failed, acmee has used nothing before that\n"
    )


def test_what_the_database_refuses_fails_one_tenant(cloud, capsys):
    with cloud.begin() as conn:
        conn.exec_driver_sql(
            "ALTER TABLE sales_orders ADD CONSTRAINT ck_acme CHECK (tenant_id <> 'acme')"
        )
    assert manage("--end", "2026-01-02") == 1
    assert [row[0] for row in rows(cloud, ORDERS)] == ["globex"]
    assert "ck_acme" in capsys.readouterr().err


def test_a_tenant_whose_resources_cost_nothing_is_no_failure(cloud, capsys):
    rate(cloud, journal("10:00 create visibility=public size=1 tenant=initech at=c id=c", "image"))
    with cloud.connect() as conn:
        assert "initech" in sales_orders.tenants_to_bill(conn, instant("12:00"))
    assert manage("--end", "2026-01-02") == 0
    assert "initech: skipped, initech has used nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("end", "code", "says"),
    [
        ("2999-01-01", 1, "ratings-manage: end lies in the future"),
        ("yesterday", 2, "'yesterday' is no date and no instant"),
    ],
)
def test_an_end_that_cannot_be_is_refused_before_anything_is_done(cloud, capsys, end, code, says):
    with pytest.raises(SystemExit) as refusal:
        manage("--end", end)
    assert refusal.value.code == code
    assert says in capsys.readouterr().err
    assert rows(cloud, ORDERS) == []


def test_a_terminal_shows_a_bar(cloud, tmp_path):
    ours, theirs = pty.openpty()
    closed = subprocess.run(
        [sys.executable, "-m", "ratings.cmd.manage", "close", "--end", "2026-01-02"],
        env=os.environ | {"HOME": str(tmp_path), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert closed.returncode == 0
    assert re.search(r"━.*2/2", shown)
    assert closed.stdout.endswith("Sales orders: 2 issued, 0 skipped, 0 failed.\n")
