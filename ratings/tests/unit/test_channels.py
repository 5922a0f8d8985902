"""Channels: an alert over a webhook, and over oslo.messaging's notifier without a broker."""

import json
import logging
import socket
from datetime import UTC, datetime
from decimal import Decimal

import oslo_messaging.opts
import pytest
from oslo_messaging.notify import _impl_test

from ratings import conf as options
from ratings import plugins
from ratings.core.budgets import Alert, Budget, Threshold, span_of
from ratings.core.deliveries import Refused, Unreachable
from ratings.core.errors import DefinitionError
from ratings.erp.webhook import signature
from ratings.tests.receivers import receiving

AT = datetime(2026, 1, 10, tzinfo=UTC)
HALF = Threshold("forecast", Decimal("50"))
BUDGET = Budget(3, "acme", "month", Decimal("100.50"), "EUR", (HALF,), AT, "research")
ALERT = Alert(7, BUDGET, HALF, span_of("month", AT), Decimal("16.2"), Decimal("50.25"), AT)
PAYLOAD = {
    "alert_id": 7,
    "budget_id": 3,
    "tenant_id": "acme",
    "description": "research",
    "period": "month",
    "start_at": "2026-01-01T00:00:00.000000Z",
    "end_at": "2026-02-01T00:00:00.000000Z",
    "amount": "100.5",
    "currency": "EUR",
    "kind": "forecast",
    "percent": "50",
    "spent": "16.2",
    "forecast": "50.25",
    "crossed_at": "2026-01-10T00:00:00.000000Z",
}


def channel(name, **given):
    """A channel, and the configuration that it has read; options as group__name."""
    conf = options.load([], default_config_files=[])
    conf.set_override("channels", [name], "budgets")
    for option, value in given.items():
        group, _, option = option.partition("__")
        conf.set_override(option, value, group)
    return plugins.channels(conf)[name]


@pytest.fixture
def notified(monkeypatch):
    """Where the driver ``test`` of oslo.messaging puts what it gets."""
    _impl_test.reset()
    yield _impl_test.NOTIFICATIONS
    _impl_test.reset()


def test_a_webhook_gets_the_alert_signed():
    with receiving() as receiver:
        tell = channel(
            "webhook", budgets__webhook_url=f"{receiver.url}/alerts", budgets__webhook_secret="s3"
        )
        assert tell(ALERT) == ALERT.key
    ((path, headers, body),) = receiver.got
    assert path == "/alerts"
    assert json.loads(body) == {
        "event_type": "budget.threshold.crossed",
        "key": ALERT.key,
        "payload": PAYLOAD,
    }
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == ALERT.key
    signed_at = int(headers["X-Ratings-Signature"].partition(",")[0].removeprefix("t="))
    assert headers["X-Ratings-Signature"] == signature("s3", signed_at, body)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, Refused, "webhook_refused"),
        (500, Refused, "webhook_refused"),
        (503, Unreachable, "erp_unreachable"),
        (401, Unreachable, "erp_denied"),
        (302, Unreachable, "erp_redirects"),
    ],
)
def test_a_webhook_that_does_not_take_it_is_told_apart(status, error, code):
    with receiving() as receiver:
        receiver.status, receiver.body = status, b"no, s3cret"
        receiver.headers = {"Location": f"{receiver.url}/elsewhere"}
        tell = channel(
            "webhook", budgets__webhook_url=receiver.url, budgets__webhook_secret="s3cret"
        )
        with pytest.raises(error) as refusal:
            tell(ALERT)
    assert refusal.value.code == code
    assert "s3cret" not in refusal.value.detail
    assert len(receiver.got) == 1


def test_a_webhook_that_is_not_there_is_unreachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        tell = channel("webhook", budgets__webhook_url=url, budgets__webhook_secret="s3")
        with pytest.raises(Unreachable):
            tell(ALERT)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, r"\[budgets\] webhook_url, webhook_secret must be set"),
        ({"budgets__webhook_url": "https://x"}, "must be set"),
        (
            {"budgets__webhook_url": "file:///etc/passwd", "budgets__webhook_secret": "s"},
            "begins with https:// or http://",
        ),
        (
            {"budgets__webhook_url": "https://u:p@x", "budgets__webhook_secret": "s"},
            "holds no password",
        ),
    ],
)
def test_a_webhook_that_cannot_be_used_is_told_at_start(given, said):
    with pytest.raises(DefinitionError, match=said):
        channel("webhook", **given)


def test_a_channel_that_is_not_installed_is_told_at_start():
    with pytest.raises(
        DefinitionError, match=r"\[budgets\] channels: pigeon is none of notification, webhook"
    ):
        channel("pigeon")


def configured(driver):
    """A channel for notifications with a driver that needs no broker."""
    conf = options.load([], default_config_files=[])
    conf.set_override("channels", ["notification"], "budgets")
    for group, opts in oslo_messaging.opts.list_opts():
        conf.register_opts(opts, group=group)
    conf.set_override("driver", [driver] if driver else [], "oslo_messaging_notifications")
    return plugins.channels(conf)["notification"]


def test_a_notification_has_the_alert_as_its_payload(notified):
    assert configured("test")(ALERT) == ALERT.key
    ((_, message, priority, _),) = notified
    assert priority == "WARN"
    assert message["event_type"] == "budget.threshold.crossed"
    assert message["publisher_id"] == f"ratings.{socket.gethostname()}"
    assert message["payload"] == {"key": ALERT.key, **PAYLOAD}


def test_a_notification_can_be_logged_instead(caplog):
    with caplog.at_level(logging.WARNING, "oslo.messaging.notification.budget.threshold.crossed"):
        assert configured("log")(ALERT) == ALERT.key
    (record,) = caplog.records
    assert json.loads(record.message)["payload"] == {"key": ALERT.key, **PAYLOAD}


def test_notifications_without_a_driver_would_go_nowhere():
    with pytest.raises(DefinitionError, match=r"\[oslo_messaging_notifications\] driver must be"):
        configured(None)
