"""What a puller is told: ``[puller]``, and a section for each source."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from oslo_config import cfg

from ratings.core.errors import DefinitionError
from ratings.core.pulls import Schedule, Source
from ratings.readers.times import event_time

Connect = Callable[[cfg.ConfigOpts, Any], Source]
"""A plug-in of the namespace ``ratings.sources``: given the configuration and its section of the
file of pulls, a source ready for use. Raises DefinitionError, and cfg.Error; it must not talk
to the other side yet."""

PULLER = [
    cfg.ListOpt(
        "sources",
        default=[],
        help="What ratings-puller collects from: gnocchi, prometheus, and what other packages add.",
    ),
    cfg.StrOpt(
        "pulls",
        help="Path of the file that says what each source is asked for. Unset: the one that "
        "ships with ratings.",
    ),
    cfg.ListOpt(
        "tenants",
        default=[],
        help="Ids of the tenants to collect. Unset: all projects that Keystone lists.",
    ),
    cfg.StrOpt(
        "cloud",
        default="ratings",
        help="Name of the cloud in clouds.yaml whose Keystone lists the projects, and whose user "
        "reads Gnocchi. openstacksdk tells where it looks for that file.",
    ),
    cfg.ListOpt(
        "include",
        default=[],
        help="Patterns of ids and names, as shells have them: only tenants that fit one of them "
        "are collected. Unset: all are.",
    ),
    cfg.ListOpt(
        "ignore",
        default=[],
        help="Such patterns, of tenants that are not collected.",
    ),
    cfg.IntOpt(
        "tenants_interval",
        default=300,
        min=1,
        help="Seconds after which the tenants are listed again.",
    ),
    cfg.IntOpt(
        "window",
        default=3600,
        min=60,
        max=86400,
        help="Seconds of the time that is collected at once for a tenant; a whole fraction of a "
        "day, and a multiple of every granularity and step in the file of pulls.",
    ),
    cfg.IntOpt(
        "lag",
        default=1800,
        min=0,
        help="Seconds that a window must be over before it is collected. What a source learns of "
        "a measured time later than that is ignored: choose it longer than measures take to "
        "arrive there.",
    ),
    cfg.IntOpt(
        "overlap",
        default=1,
        min=0,
        max=100,
        help="Windows before the one that is due which are asked for once more, for measures that "
        "were not there yet. What has been taken in keeps its value.",
    ),
    cfg.StrOpt(
        "start",
        help="Instant, such as 2026-01-01T00:00:00Z, at which collecting a tenant begins that "
        "was not collected before. Unset: lookback before it is first seen.",
    ),
    cfg.IntOpt(
        "lookback",
        default=86400,
        min=0,
        help="Seconds before a tenant is first seen at which collecting it begins.",
    ),
    cfg.IntOpt(
        "interval",
        default=30,
        min=1,
        help="Seconds after which ratings-puller looks again for what is due.",
    ),
    cfg.IntOpt(
        "retry_first",
        default=60,
        min=1,
        help="Seconds that a tenant waits after an error; twice as long after each further one.",
    ),
    cfg.IntOpt(
        "retry_longest",
        default=3600,
        min=1,
        help="The longest such pause, in seconds.",
    ),
    cfg.IntOpt(
        "batch_size",
        default=500,
        min=1,
        help="Most samples that are made durable in one transaction.",
    ),
]

GNOCCHI = [
    cfg.StrOpt(
        "auth_mode",
        default="keystone",
        choices=[
            ("keystone", "the user of [puller] cloud, with a token"),
            ("basic", "the name of a user, for which Gnocchi wants no password"),
            ("noauth", "a user and a project in headers, for a Gnocchi that believes them"),
        ],
        help="How Gnocchi learns who asks; its own option is [api] auth_mode.",
    ),
    cfg.StrOpt(
        "endpoint",
        help="Where Gnocchi is, such as http://127.0.0.1:8041. Unset with keystone: as the "
        "service catalog says.",
    ),
    cfg.StrOpt("user", default="admin", help="For basic and noauth: who asks."),
    cfg.StrOpt("project", default="admin", help="For noauth: the project of who asks."),
    cfg.StrOpt("interface", default="internal", help="Interface of the service catalog."),
    cfg.StrOpt(
        "region",
        help="Region of this Gnocchi, also in the service catalog. Unset: [rating] region.",
    ),
    cfg.BoolOpt(
        "refresh",
        default=False,
        help="Ask Gnocchi metric by metric, and let it first process what it has received. Exact "
        "whatever its backlog is, but many requests; without it lag has to cover the backlog.",
    ),
    cfg.IntOpt(
        "timeout",
        default=60,
        min=1,
        help="Seconds without an answer after which a request is given up.",
    ),
    cfg.StrOpt("ca_file", help="Certificates to trust, for basic and noauth. Unset: public ones."),
]

PROMETHEUS = [
    cfg.StrOpt("url", help="Where Prometheus is, such as https://prometheus.example.com:9090."),
    cfg.StrOpt("region", help="Region of what it has measured. Unset: [rating] region."),
    cfg.StrOpt("user", help="User of the basic authentication. Unset: none."),
    cfg.StrOpt("password", secret=True, help="Password of that user."),
    cfg.StrOpt("token", secret=True, help="Bearer token, in the place of user and password."),
    cfg.StrOpt("ca_file", help="File with the certificates to trust. Unset: public ones."),
    cfg.StrOpt("cert_file", help="Certificate that ratings-puller shows. Unset: none."),
    cfg.StrOpt("key_file", help="Key of that certificate, if cert_file does not hold it."),
    cfg.IntOpt(
        "timeout",
        default=60,
        min=1,
        help="Seconds without an answer after which a request is given up.",
    ),
]

PULLERS = [("puller", PULLER), ("gnocchi", GNOCCHI), ("prometheus", PROMETHEUS)]


def schedule(conf: cfg.ConfigOpts) -> Schedule:
    """When what is collected. Raises DefinitionError."""
    told = conf.puller
    start = None if told.start is None else event_time(told.start)
    if told.start is not None and start is None:
        raise DefinitionError(f"[puller] start: {told.start!r} is no instant since the year 2000")
    if 86400 % told.window:
        raise DefinitionError(f"[puller] window: {told.window} s is no fraction of a day")
    return Schedule(
        window=timedelta(seconds=told.window),
        lag=timedelta(seconds=told.lag),
        overlap=told.overlap,
        start=start,
        lookback=timedelta(seconds=told.lookback),
        pauses=(timedelta(seconds=told.retry_first), timedelta(seconds=told.retry_longest)),
    )
