"""Alerts of budgets on a real message bus, through its outage."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import kombu
import oslo_messaging.opts
import pytest

from ratings import budgeting, plugins
from ratings import conf as options
from ratings.core.budgets import Budget, Threshold
from ratings.core.deliveries import Patience, Unreachable
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import SETTINGS, add_prices, rate, rater, rows

PATIENCE = Patience(timedelta(minutes=1), timedelta(hours=1), timedelta(minutes=3))
QUEUE = "notifications.warn"


@pytest.fixture
def channels(transport_url):
    """As a service has them."""
    conf = options.load([], default_config_files=[])
    conf.set_override("channels", ["notification"], "budgets")
    for group, opts in oslo_messaging.opts.list_opts():
        conf.register_opts(opts, group=group)
    conf.set_override("transport_url", transport_url, "oslo_messaging_notifications")
    conf.set_override("driver", ["messagingv2"], "oslo_messaging_notifications")
    return plugins.channels(conf)


@pytest.fixture
def crossed(database):
    """A tenant whose volume costs 24 a day, half of which are spent at noon."""
    add_prices(database, [price("volume", "1")])
    rate(database, journal("00:00 create size=1 at=a id=a", "volume"))
    half = Threshold("actual", Decimal(50))
    budget = Budget(0, "acme", "day", Decimal(24), "", (half,), instant("00:00"))
    budgeting.add(database, SETTINGS, budget)
    one, noon = rater(database), instant("12:00")
    (checked,) = budgeting.check_each(database, one, ["notification"], lambda: noon)
    (alert,) = checked.alerts
    return database, alert


def tell(engine, channels, at):
    return list(budgeting.tell(engine, channels, PATIENCE, lambda: instant(at)))


def received(transport_url):
    """What the queue holds, taken out of it."""
    with kombu.Connection(transport_url.replace("rabbit:", "amqp:")) as connection:
        queue = kombu.Queue(QUEUE, channel=connection.default_channel)
        found = []
        while (message := queue.get(no_ack=True)) is not None:
            found.append(json.loads(json.loads(message.body)["oslo.message"]))
        return found


def test_an_alert_is_a_notification_that_waits_for_whoever_reads_it(
    crossed, channels, transport_url
):
    database, alert = crossed
    (outcome,) = tell(database, channels, "12:01")
    assert outcome.reference == alert.key
    (message,) = received(transport_url)
    assert message["event_type"] == "budget.threshold.crossed"
    assert message["priority"] == "WARN"
    assert message["publisher_id"].startswith("ratings.")
    assert message["payload"] == {"key": alert.key, **alert.payload()}
    assert datetime.fromisoformat(message["timestamp"]).replace(tzinfo=UTC) <= datetime.now(UTC)
    assert tell(database, channels, "13:00") == []
    assert received(transport_url) == []


def test_an_alert_waits_until_the_broker_is_back(rabbit, crossed, channels, transport_url):
    database, alert = crossed
    rabbit.stop()
    try:
        (outcome,) = tell(database, channels, "12:01")
    finally:
        rabbit.start()
    assert isinstance(outcome.error, Unreachable)
    assert outcome.error.code == "broker_unreachable"
    assert "guest:guest" not in outcome.error.detail
    sql = "SELECT state, attempts, code FROM budget_deliveries"
    assert rows(database, sql) == [("pending", 1, "broker_unreachable")]
    (again,) = tell(database, channels, "12:05")
    assert again.reference == alert.key
    (message,) = received(transport_url)
    assert message["payload"]["key"] == alert.key


def test_an_alert_waits_when_the_broker_goes_away_after_it_was_used(
    rabbit, crossed, channels, transport_url
):
    database, alert = crossed
    channels["notification"](alert)
    assert len(received(transport_url)) == 1
    rabbit.stop()
    try:
        (outcome,) = tell(database, channels, "12:01")
    finally:
        rabbit.start()
    assert outcome.error.code == "broker_unreachable"
    assert [found.reference for found in tell(database, channels, "12:05")] == [alert.key]
    assert [message["payload"]["key"] for message in received(transport_url)] == [alert.key]
