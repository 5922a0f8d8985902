"""The options of budgets, in oslo.config's terms."""

from __future__ import annotations

from collections.abc import Sequence

from oslo_config import cfg

BUDGETS = [
    cfg.ListOpt(
        "channels",
        default=[],
        help="How alerts of budgets are told: notification sends them to the message bus, as "
        "[oslo_messaging_notifications] says; webhook POSTs them to webhook_url; other packages "
        "may add more. Alerts raised before a channel was listed here are not told over it. How "
        "long to wait is told by the options of [erp].",
    ),
    cfg.IntOpt(
        "interval",
        default=300,
        min=1,
        help="Seconds after which ratings-deliverer looks at all budgets again.",
    ),
    cfg.StrOpt("webhook_url", help="Where to POST alerts to."),
    cfg.StrOpt(
        "webhook_secret", secret=True, help="Key of the signature; the receiver has it, too."
    ),
]

CHANNELS: list[tuple[str, Sequence[cfg.Opt]]] = [("budgets", BUDGETS)]
