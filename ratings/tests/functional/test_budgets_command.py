"""``ratings-manage budgets check``, and budgets in ``ratings-deliverer``, run as by an operator."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ratings import budgeting
from ratings.cmd.manage import main
from ratings.core.budgets import Budget, Threshold
from ratings.tests.journals import journal, price
from ratings.tests.ledgers import SETTINGS, add_prices, rate, rows
from ratings.tests.receivers import receiving

STATES = "SELECT state, attempts, code FROM budget_deliveries ORDER BY id"


@pytest.fixture
def cloud(database, monkeypatch):
    """A tenant with a volume that has cost 24 in each of the last days; 20 is its budget."""
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)
    add_prices(database, [price("volume", "1")])
    now = datetime.now(UTC)
    start = now - timedelta(days=3)
    rate(database, journal(f"{start:%Y-%m-%dT%H:%M} create size=1 at=a id=a", "volume"))
    budget = Budget(
        id=0,
        tenant_id="acme",
        period="day",
        amount=Decimal(20),
        currency="",
        thresholds=(Threshold("actual", Decimal(100)),),
        created_at=now - timedelta(days=1),
    )
    budgeting.add(database, SETTINGS, budget)
    return database


@pytest.fixture
def webhook(monkeypatch):
    """Somebody who listens; it is the configured one."""
    with receiving() as receiver:
        monkeypatch.setenv("OS_BUDGETS__CHANNELS", "webhook")
        monkeypatch.setenv("OS_BUDGETS__WEBHOOK_URL", receiver.url)
        monkeypatch.setenv("OS_BUDGETS__WEBHOOK_SECRET", "s3")
        yield receiver


def test_a_check_raises_and_tells_alerts_once(cloud, webhook, capsys):
    assert main(["budgets", "check"]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("alert 1 of acme: actual 24 of 20 USD reaches 100 % of budget 1 in")
    assert last == "Budgets are checked; 0 alerts wait to be told."
    told = [json.loads(body)["payload"] for _, _, body in webhook.got]
    assert told[0]["spent"] == "24"
    assert {row[0] for row in rows(cloud, STATES)} == {"delivered"}
    assert main(["budgets", "check", "--tenant", "acme"]) == 0
    assert len(webhook.got) == len(told)


def test_a_webhook_that_refuses_is_asked_again_later(cloud, webhook, capsys):
    webhook.status = 500
    assert main(["budgets", "check"]) == 1
    shown = capsys.readouterr().out
    assert "alert 1 of acme, webhook: webhook_refused, the webhook answered 500: ok" in shown
    assert "wait to be told" in shown
    assert rows(cloud, STATES)[0] == ("pending", 1, "webhook_refused")


def test_budgets_of_another_tenant_are_left_alone(cloud, capsys):
    assert main(["budgets", "check", "--tenant", "globex"]) == 0
    assert capsys.readouterr().out == "Budgets are checked; 0 alerts wait to be told.\n"


@pytest.mark.slow
def test_the_deliverer_watches_budgets(cloud, webhook, tmp_path):
    service = subprocess.Popen(
        [sys.executable, "-m", "ratings.cmd.deliverer"],
        env=os.environ | {"HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert service.stdout.readline() == "ratings-deliverer: delivering to webhook\n"
        assert (
            "WARNING ratings-deliverer [-] alert 1 of acme: actual 24" in service.stderr.readline()
        )
        while "alert 1 of acme, webhook: delivered as ratings-alert-1-" not in (
            line := service.stderr.readline()
        ):
            assert line, "the service has ended"
        service.send_signal(signal.SIGTERM)
        service.communicate(timeout=30)
        assert service.returncode == 0
    finally:
        service.kill()
        service.communicate()
    assert {row[0] for row in rows(cloud, STATES)} == {"delivered"}
