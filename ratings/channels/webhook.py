"""``webhook``: the alert as signed JSON, POSTed to one URL."""

from __future__ import annotations

import json
import time

from oslo_config.cfg import ConfigOpts

from ratings.budgeting import Tell
from ratings.core.budgets import EVENT_TYPE, Alert
from ratings.core.deliveries import Refused
from ratings.core.errors import DefinitionError
from ratings.erp.connection import connection
from ratings.erp.webhook import SIGNATURE, signature


def connect(conf: ConfigOpts) -> Tell:
    """A 2xx means that it arrived. The reference is the key of the alert."""
    url, secret = conf.budgets.webhook_url, conf.budgets.webhook_secret
    if not url or not secret:
        raise DefinitionError(
            "[budgets] webhook_url, webhook_secret must be set for the channel webhook"
        )
    there = connection(conf, url, secret)

    def tell(alert: Alert) -> str:
        document = {"event_type": EVENT_TYPE, "key": alert.key, "payload": alert.payload()}
        body = json.dumps(document).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": alert.key,
            SIGNATURE: signature(secret, int(time.time()), body),
        }
        with there.opened() as exchange:
            answer = exchange.post("", body, headers)
        if not answer.good:
            says = there.discreet(answer.excerpt())
            raise Refused(f"the webhook answered {answer.status}: {says}", code="webhook_refused")
        return alert.key

    return tell
