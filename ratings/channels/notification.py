"""``notification``: the alert on the cloud's message bus, as every service there notifies."""

from __future__ import annotations

import socket
from typing import Any

import oslo_messaging
import oslo_messaging.opts
from oslo_config.cfg import ConfigOpts

from ratings.budgeting import Tell
from ratings.core.budgets import EVENT_TYPE, Alert
from ratings.core.deliveries import Unreachable
from ratings.core.errors import DefinitionError

_GROUP = "oslo_messaging_notifications"


def connect(conf: ConfigOpts) -> Tell:
    """Driver, topics and broker are those of ``[oslo_messaging_notifications]``.

    The reference is the key of the alert, which the payload bears: oslo.messaging gives
    each attempt a message id of its own.
    """
    for group, opts in oslo_messaging.opts.list_opts():
        conf.register_opts(opts, group=group)
    conf.set_default("control_exchange", "ratings")
    if not conf[_GROUP].driver:
        raise DefinitionError(f"[{_GROUP}] driver must be set for the channel notification")
    try:
        transport = oslo_messaging.get_notification_transport(conf)
    except (oslo_messaging.InvalidTransportURL, oslo_messaging.DriverLoadFailure) as error:
        raise DefinitionError(f"[{_GROUP}] transport_url: {error}") from error
    failures = _kept(transport)
    # Who waits for the broker is the outbox, not the notifier.
    notifier = oslo_messaging.Notifier(
        transport, publisher_id=f"ratings.{socket.gethostname()}", retry=0
    )

    def tell(alert: Alert) -> str:
        failures.clear()
        notifier.warn({}, EVENT_TYPE, {"key": alert.key, **alert.payload()})
        if failures:
            raise Unreachable(str(failures[0]), code="broker_unreachable")
        return alert.key

    return tell


def _kept(transport: Any) -> list[Exception]:
    """Where failures of sending are found: the drivers of notifications log them and go on."""
    failures: list[Exception] = []
    send = transport._send_notification

    def sending(*arguments: Any, **options: Any) -> None:
        try:
            send(*arguments, **options)
        except Exception as error:  # of the broker, in the terms of three libraries
            failures.append(error)
            raise

    transport._send_notification = sending
    return failures
