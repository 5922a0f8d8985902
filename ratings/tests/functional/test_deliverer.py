"""``ratings-deliverer`` and ``ratings-manage deliver``, run as an operator runs them."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from dataclasses import replace

import pytest

from ratings import orders
from ratings.cmd.manage import main
from ratings.rater import Rater
from ratings.tests import odoos
from ratings.tests.erps import PARTNERS, PRODUCTS, mapping
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import NOW, SETTINGS, add_prices, rate, rows, scalar

ROWS = "SELECT order_id, state, attempts, code, reference FROM outbox ORDER BY order_id"


@pytest.fixture
def cloud(database, monkeypatch):
    """Two tenants with a volume each; the database is the configured one."""
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)
    add_prices(database, [replace(price("volume", "0.25"), currency="EUR")])
    rate(database, journal("06:00 create size=1 tenant=acme at=a id=a", "volume"))
    rate(database, journal("06:00 create size=2 tenant=globex at=b id=b", "volume"))
    return database


def close(engine, tenant_id, driver):
    settings = replace(SETTINGS, drivers=(driver,), currency="EUR")
    rater = Rater(engine, settings, clock=lambda: NOW)
    return orders.close(engine, rater, tenant_id, instant("12:00"), NOW)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the driver ``directory`` writes to; it is the configured one."""
    path = tmp_path / "orders"
    path.mkdir()
    monkeypatch.setenv("OS_ERP__DRIVERS", "directory")
    monkeypatch.setenv("OS_ERP_DIRECTORY__PATH", str(path))
    return path


@pytest.fixture
def odoo(tmp_path, monkeypatch):
    """A small Odoo; it is the configured one."""
    found = odoos.Odoo(price_digits=4)
    for code in PRODUCTS:
        found.add("product.product", default_code=code)
    for code in PARTNERS:
        found.add("res.partner", ref=code)
    with odoos.served(found) as url:
        for name, value in {
            "ERP__DRIVERS": "odoo",
            "ERP__MAPPING_FILE": mapping(tmp_path),
            "ERP_ODOO__URL": url,
            "ERP_ODOO__DATABASE": odoos.DATABASE,
            "ERP_ODOO__API_KEY": odoos.API_KEY,
        }.items():
            monkeypatch.setenv(f"OS_{name}", value)
        yield found


@pytest.fixture
def start(tmp_path):
    """A function that starts the service; it is killed in the end if it still runs."""
    started = []

    def run():
        command = [sys.executable, "-m", "ratings.cmd.deliverer"]
        process = subprocess.Popen(
            command,
            env=os.environ | {"HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def deliver(*arguments):
    return main(["deliver", *arguments])


def test_what_is_due_is_delivered_and_told(cloud, folder, capsys):
    close(cloud, "acme", "directory")
    close(cloud, "globex", "directory")
    assert deliver() == 0
    references = [row[-1] for row in rows(cloud, ROWS)]
    assert capsys.readouterr().out.splitlines() == [
        f"order 1 of acme, directory: delivered as {references[0]}",
        f"order 2 of globex, directory: delivered as {references[1]}",
        "Deliveries: 2 delivered, 0 failed; 0 wait in the outbox.",
    ]
    assert json.loads((folder / references[0]).read_bytes())["tenant_id"] == "acme"
    assert deliver() == 0
    assert "0 delivered, 0 failed" in capsys.readouterr().out


def test_a_product_that_the_erp_does_not_know_keeps_its_order_until_somebody_adds_it(
    cloud, odoo, tmp_path, capsys
):
    close(cloud, "acme", "odoo")
    mapping(tmp_path, **{"product: OS-VOLUME": "product: OS-DISK"})
    assert deliver() == 1
    shown = capsys.readouterr().out
    assert "order 1 of acme, odoo: product_unknown, Odoo: no product.product with" in shown
    assert "default_code OS-DISK; attempt 2 after" in shown
    assert "0 delivered, 1 failed; 1 wait in the outbox." in shown
    assert rows(cloud, ROWS) == [(1, "pending", 1, "product_unknown", None)]
    assert odoo.sales == {}
    mapping(tmp_path)
    assert deliver() == 0
    assert "0 delivered, 0 failed; 1 wait" in capsys.readouterr().out
    assert deliver("--retry") == 0
    assert rows(cloud, ROWS) == [(1, "delivered", 2, None, "S00001")]
    assert odoo.sales[1]["amount_untaxed"] == 1.5


def test_a_tenant_without_a_partner_does_not_keep_the_others(cloud, odoo, tmp_path, capsys):
    close(cloud, "acme", "odoo")
    close(cloud, "globex", "odoo")
    mapping(tmp_path, **{"acme: C-0815": ""})
    assert deliver() == 1
    assert "the mapping file has no partner for tenant acme" in capsys.readouterr().out
    assert [row[1:4] for row in rows(cloud, ROWS)] == [
        ("pending", 1, "partner_unknown"),
        ("delivered", 1, None),
    ]


def test_a_driver_that_came_later_gets_the_older_orders_that_are_asked_for(cloud, folder, capsys):
    for end in ("08:00", "10:00"):
        orders.close(cloud, Rater(cloud, SETTINGS, lambda: NOW), "acme", instant(end), NOW)
    close(cloud, "globex", "directory")
    assert deliver() == 0
    assert len(list(folder.iterdir())) == 1
    for _ in range(2):
        assert deliver("--since", instant("08:00").isoformat()) == 0
    assert [row[:2] for row in rows(cloud, ROWS)] == [(2, "delivered"), (3, "delivered")]
    shown = capsys.readouterr().out
    assert "Put into the outbox: 1." in shown
    assert "Put into the outbox: 0." in shown


def test_without_drivers_there_is_nothing_to_do(cloud, capsys):
    assert deliver() == 0
    assert "[erp] drivers is empty" in capsys.readouterr().out


def test_a_driver_that_cannot_be_used_is_told_at_start(cloud, monkeypatch, capsys):
    monkeypatch.setenv("OS_ERP__DRIVERS", "webhook")
    with pytest.raises(SystemExit) as refusal:
        deliver()
    assert refusal.value.code == 1
    assert capsys.readouterr().err == (
        "ratings-manage: [erp_webhook] url, secret must be set for this driver\n"
    )


@pytest.mark.slow
def test_the_service_delivers_until_it_is_told_to_stop(cloud, folder, start):
    close(cloud, "acme", "directory")
    service = start()
    assert service.stdout.readline() == "ratings-deliverer: delivering to directory\n"
    assert "INFO ratings-deliverer [-] order 1 of acme, directory: delivered" in (
        service.stderr.readline()
    )
    service.send_signal(signal.SIGTERM)
    out, err = service.communicate(timeout=30)
    assert (service.returncode, out, err) == (0, "", "")
    assert scalar(cloud, "SELECT state FROM outbox") == "delivered"


@pytest.mark.slow
def test_the_service_tells_systemd_and_prometheus_what_it_does(
    cloud, folder, start, tmp_path, monkeypatch
):
    close(cloud, "acme", "directory")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("OS_METRICS__DELIVERER_PORT", "0")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(60)
        service = start()
        url = service.stderr.readline().split()[-1]
        assert supervisor.recv(100) == b"READY=1"
        assert "delivered as" in service.stderr.readline()
        with urllib.request.urlopen(url, timeout=60) as answer:
            told = answer.read().decode().splitlines()
        assert (
            'ratings_deliveries_total{driver="directory",noun="order",result="delivered"} 1.0'
            in told
        )
        assert 'ratings_delivery_seconds_count{driver="directory"} 1.0' in told
        assert any(line.startswith("ratings_build_info{") for line in told)
        service.send_signal(signal.SIGTERM)
        assert supervisor.recv(100) == b"STOPPING=1"
    assert service.wait(60) == 0


@pytest.mark.slow
def test_an_order_in_hand_is_brought_to_its_end_before_the_service_stops(cloud, odoo, start):
    close(cloud, "acme", "odoo")
    close(cloud, "globex", "odoo")
    service = start()
    odoo.after_create = lambda sale: service.send_signal(signal.SIGTERM)
    out, err = service.communicate(timeout=30)
    assert service.returncode == 0
    assert [row[1] for row in rows(cloud, ROWS)] == ["delivered", "pending"]
    assert odoos.API_KEY not in out + err


@pytest.mark.slow
def test_kill_9_between_the_answer_of_the_erp_and_our_commit_makes_no_second_sale(
    cloud, odoo, start
):
    close(cloud, "acme", "odoo")
    booked = threading.Event()

    def kill(sale):
        service.kill()
        service.wait()
        booked.set()

    odoo.after_create = kill
    service = start()
    assert booked.wait(30)
    assert rows(cloud, ROWS) == [(1, "pending", 1, None, None)]
    assert len(odoo.sales) == 1
    with cloud.begin() as conn:
        conn.exec_driver_sql("UPDATE outbox SET leased_until = now()")  # three minutes later
    again = start()
    assert "delivered as S00001" in again.stderr.readline()
    assert rows(cloud, ROWS) == [(1, "delivered", 2, None, "S00001")]
    assert len(odoo.sales) == 1


@pytest.mark.slow
def test_the_service_refuses_to_start_with_nobody_to_deliver_to(cloud, start):
    service = start()
    _, err = service.communicate(timeout=30)
    assert service.returncode == 1
    assert err == (
        "ratings-deliverer: [erp] drivers and [budgets] channels are empty: there is nobody to"
        " deliver to\n"
    )
