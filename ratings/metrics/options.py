"""Where services without an API show their metrics, in oslo.config's terms."""

from oslo_config import cfg

METRICS = [
    cfg.HostAddressOpt(
        "host",
        default="127.0.0.1",
        help="Address at which ratings-collector and ratings-deliverer show their metrics, to "
        "everybody who reaches it. ratings-api shows its own at /metrics.",
    ),
    cfg.PortOpt(
        "collector_port",
        help="TCP port of the metrics of ratings-collector. Unset: they are not shown. Of several "
        "collectors on a host, give each its own: OS_METRICS__COLLECTOR_PORT.",
    ),
    cfg.PortOpt(
        "deliverer_port",
        help="TCP port of the metrics of ratings-deliverer. Unset: they are not shown.",
    ),
]
