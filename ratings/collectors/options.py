"""What a collector is told: ``[collector]``, and a section for each source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from oslo_config import cfg, types

SOURCE_GROUP = "source_{}"
"""The section of a source. A colon in it would keep its options out of the environment."""

_NAME = re.compile("[a-z0-9_]+").fullmatch

TOPICS = ["notifications", "versioned_notifications", "ironic_versioned_notifications"]
EXCHANGES = ["nova", "cinder", "neutron", "glance", "octavia", "ironic", "manila", "designate"]
EXCHANGES += ["openstack"]  # of whoever sets no control_exchange, as Manila and Designate do

_REGION = "Region that its notifications are from."
_BROKER = "As transport_url everywhere in OpenStack, such as rabbit://user:password@host:5672/."

COLLECTOR = [
    cfg.ListOpt(
        "sources",
        default=[],
        help="Names of the message brokers to listen to, each with a section [source_<name>]: "
        "small letters, digits and underscores. "
        "Unset: one broker, that of [oslo_messaging_notifications] or [DEFAULT] transport_url, "
        "whose notifications are from [rating] region.",
    ),
    cfg.ListOpt(
        "topics",
        default=TOPICS,
        help="Topics that the services notify on: their [oslo_messaging_notifications] topics, "
        "and for versioned notifications their versioned_notifications_topics.",
    ),
    cfg.ListOpt(
        "exchanges",
        default=EXCHANGES,
        help="Exchanges that the services notify through: their control_exchange.",
    ),
    cfg.ListOpt(
        "priorities",
        default=["info"],
        item_type=types.String(
            choices=["audit", "debug", "info", "warn", "error", "critical", "sample"]
        ),
        help="Priorities of the notifications to take. Everything billable is told as info.",
    ),
    cfg.StrOpt(
        "pool",
        default="ratings",
        help="Name of the queue that gets a copy of every notification, for all collectors of a "
        "cloud together. Empty: the queues <topic>.<priority> are consumed themselves, and "
        "whoever else consumes them, such as Ceilometer, gets what ratings does not.",
    ),
    cfg.IntOpt(
        "batch_size",
        default=200,
        min=1,
        help="Most notifications that are made durable in one transaction. Also what is fetched "
        "ahead for each exchange and topic, unless [oslo_messaging_rabbit] "
        "rabbit_qos_prefetch_count says otherwise.",
    ),
    cfg.FloatOpt(
        "batch_timeout",
        default=1.0,
        min=0.01,
        help="Seconds after which a batch is rated even if it is not full.",
    ),
    cfg.IntOpt(
        "workers",
        default=1,
        min=1,
        help="Threads that rate, for each source. More than one rates events of a resource out of "
        "order now and then, which costs time but changes nothing; for more speed start "
        "more collectors.",
    ),
    cfg.IntOpt(
        "retry_interval",
        default=30,
        min=1,
        help="Longest pause, in seconds, between two attempts to reach a database or a broker "
        "that cannot be used. The first pause is a second, each further one twice as long.",
    ),
    cfg.IntOpt(
        "report_interval",
        default=60,
        min=1,
        help="Seconds between two lines of the log that tell what was collected meanwhile.",
    ),
]

SOURCE = [
    cfg.StrOpt("transport_url", secret=True, help=_BROKER),
    cfg.StrOpt("region", help=f"{_REGION} Unset: that of [rating]."),
    cfg.ListOpt("topics", help="Unset: those of [collector]."),
    cfg.ListOpt("exchanges", help="Unset: those of [collector]."),
]

COLLECTORS = [("collector", COLLECTOR), (SOURCE_GROUP.format("<name>"), SOURCE)]


class Source(NamedTuple):
    """A broker to listen to. transport_url None is the one of oslo.messaging's own options."""

    name: str
    transport_url: str | None
    region: str
    topics: Sequence[str]
    exchanges: Sequence[str]


def sources(conf: cfg.ConfigOpts) -> list[Source]:
    """The sources of the configuration, at least one.

    Raises oslo_config.cfg.Error for a name that is none or occurs twice, and for a source that
    names no broker.
    """
    collector = conf.collector
    if not collector.sources:
        region, topics, exchanges = conf.rating.region, collector.topics, collector.exchanges
        return [Source("default", None, region, topics, exchanges)]
    if len(set(collector.sources)) < len(collector.sources):
        raise cfg.Error("[collector] sources: a name occurs twice")
    for name in collector.sources:
        if not _NAME(name):
            raise cfg.Error(f"[collector] sources: {name!r} is no name of a source")
    return [_source(conf, name) for name in collector.sources]


def _source(conf: cfg.ConfigOpts, name: str) -> Source:
    group = SOURCE_GROUP.format(name)
    conf.register_opts(SOURCE, group=group)
    told = conf[group]
    if not told.transport_url:
        raise cfg.Error(f"[{group}] transport_url is not set")
    return Source(
        name,
        told.transport_url,
        told.region or conf.rating.region,
        told.topics or conf.collector.topics,
        told.exchanges or conf.collector.exchanges,
    )
