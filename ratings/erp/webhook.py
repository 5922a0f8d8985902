"""``webhook``: the order as signed JSON, for whoever wants to take it from there."""

from __future__ import annotations

import hashlib
import hmac
import time

from oslo_config.cfg import ConfigOpts

from ratings.core.deliveries import Deliver, Parcel, Refused
from ratings.erp import Formats, required
from ratings.erp.connection import connection

SIGNATURE = "X-Ratings-Signature"


def connect(conf: ConfigOpts, formats: Formats) -> Deliver:
    """POSTs the ``json`` export; a 2xx means that it arrived. The reference is the key."""
    required(conf, "erp_webhook", "url", "secret")
    secret: str = conf.erp_webhook.secret
    there, chosen = connection(conf, conf.erp_webhook.url, secret), formats["json"]

    def deliver(parcel: Parcel) -> str:
        body = chosen.render(parcel.issued)
        headers = {
            "Content-Type": chosen.media_type,
            "Idempotency-Key": parcel.key,
            SIGNATURE: signature(secret, int(time.time()), body),
        }
        with there.opened() as exchange:
            answer = exchange.post("", body, headers)
        if not answer.good:
            says = there.discreet(answer.excerpt())
            raise Refused(f"the webhook answered {answer.status}: {says}")
        return parcel.key

    return deliver


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """``t=<seconds since 1970>,v1=<HMAC-SHA256 of "<t>.<body>", in hex>``."""
    signed = f"{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
