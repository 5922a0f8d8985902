"""The options of ratings, in oslo.config's terms.

Nothing here is global: `load` builds a new `ConfigOpts` each time, and whoever needs an option is
handed that object.  Every option can be overridden by ``OS_<GROUP>__<OPTION>`` in the environment
(``OS_DEFAULT__STATE_PATH``, ``OS_DATABASE__CONNECTION``), a command line option goes before both.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from oslo_config import cfg
from oslo_log import log

import ratings
from ratings.channels.options import CHANNELS
from ratings.collectors.options import COLLECTORS
from ratings.collectors.pulling import PULLERS
from ratings.erp.options import DRIVERS
from ratings.metrics.options import METRICS


def default_state_path() -> str:
    """Where this user's state lives: /var/lib/ratings for root, else the XDG state directory."""
    if os.geteuid() == 0:
        return "/var/lib/ratings"
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return str(Path(home) / "ratings")


def _processors() -> int:
    """Processors this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


DEFAULT = [
    cfg.StrOpt(
        "auth_strategy",
        default="keystone",
        choices=[
            ("keystone", "tokens are verified by Keystone; roles come from them"),
            ("noauth", "everybody who reaches the API is an administrator"),
        ],
        help="How the API learns who asks.",
    ),
    cfg.StrOpt(
        "state_path",
        sample_default="$XDG_STATE_HOME/ratings, or /var/lib/ratings for root",
        help="Directory that holds the embedded PostgreSQL, which is not there when [database] "
        "connection is set, and the spool.",
    ),
]

DATABASE = [
    cfg.StrOpt(
        "connection",
        secret=True,
        help="URL of a PostgreSQL database, such as postgresql://user:password@host/ratings. "
        "Unset: an embedded PostgreSQL under state_path, started and stopped by the command "
        "that needs it.",
    ),
    cfg.IntOpt(
        "pool_size",
        default=5,
        min=1,
        help="Connections that each process keeps open. One per thread of [api] threads is enough.",
    ),
]

API = [
    cfg.HostAddressOpt("host", default="127.0.0.1", help="Address ratings-api listens on."),
    cfg.PortOpt("port", default=9999, help="TCP port ratings-api listens on."),
    cfg.IntOpt(
        "workers",
        default=_processors(),
        min=1,
        sample_default="<number of processors>",
        help="Processes that answer requests.",
    ),
    cfg.IntOpt(
        "threads",
        default=16,
        min=1,
        help="Threads of each worker: requests that wait at the same time share a transaction. All "
        "threads share one processor; for more of them add workers.",
    ),
    cfg.IntOpt(
        "max_body_size",
        default=16 * 1024 * 1024,
        min=1024,
        help="Largest request body that is read, in bytes.",
    ),
]

RATING = [
    cfg.StrOpt(
        "currency",
        default="USD",
        regex="^[A-Z]{3}$",
        help="ISO 4217 code of the currency of prices and sales orders that name none.",
    ),
    cfg.StrOpt(
        "region",
        default="RegionOne",
        help="Region of events whose format names none.",
    ),
    cfg.IntOpt(
        "future_tolerance",
        default=3600,
        min=0,
        help="Seconds that an event may be ahead of this machine's clock before it is parked.",
    ),
    cfg.StrOpt(
        "definitions",
        help="Path of the definitions file. Unset: the one that ships with ratings.",
    ),
    cfg.StrOpt(
        "meter_mappings",
        help="Path of the file of meter mappings, which says what samples mean. Unset: the one "
        "that ships with ratings.",
    ),
    cfg.IntOpt(
        "window",
        default=3600,
        min=60,
        max=86400,
        help="Seconds of a window of samples; a whole fraction of a day. Choose it before the "
        "first sample comes in: what has been rated keeps its windows.",
    ),
]

EXPORT = [
    cfg.StrOpt(
        "parties_file",
        help="Path of the YAML file that describes the seller and the buyers of sales orders. "
        "Unset: exports name the buyer by the tenant's id, and there are no invoices.",
    ),
]

SPOOL = [
    cfg.StrOpt(
        "directory",
        sample_default="$state_path/spool/<name of the database>",
        help="Directory on a local disk where requests wait that the database does not take, for "
        "its owner only. All processes of a host share it. Two databases must not.",
    ),
    cfg.IntOpt(
        "max_bytes",
        default=1024**3,
        min=0,
        help="Bytes that waiting requests may take. What comes then gets no answer, as with 0, "
        "which is no spool at all.",
    ),
    cfg.IntOpt(
        "alarm_percent",
        default=50,
        min=1,
        max=100,
        help="Part of max_bytes from which on a warning is logged and the status shows an alarm.",
    ),
    cfg.FloatOpt(
        "patience",
        default=3,
        min=0.1,
        help="Seconds that a request waits for the database before it goes to the spool, and as "
        "many again for every 500 events in it. Less than the timeout of Ceilometer, which is 5.",
    ),
]

INGEST = [
    cfg.StrOpt(
        "credentials_file",
        help="Path of the YAML file of those who may deliver events and samples without a token of "
        "Keystone, such as Ceilometer. It is read at start. Unset: there are none.",
    ),
    cfg.StrOpt(
        "tls_name_variable",
        help="Name in the WSGI environment of the client's name as the server that ends TLS has "
        "verified it: SSL_CLIENT_S_DN_CN in Apache, HTTP_X_SSL_CLIENT_CN for a header "
        "X-SSL-Client-CN of a proxy. The proxy must overwrite what clients send there, and nobody "
        "may reach the API but through it. Unset: certificates count for nothing.",
    ),
]

RECONCILIATION = [
    cfg.IntOpt(
        "silence",
        default=90_000,
        min=1,
        help="Seconds within which a resource is heard of at least once, where resources of its "
        "type are audited: the period of the audits and some more. The default is for audits "
        "every day or every hour.",
    ),
    cfg.IntOpt(
        "settling",
        default=3600,
        min=0,
        help="Seconds after which every message has arrived and a run of audits is over. What "
        "happened later is not judged yet.",
    ),
    cfg.IntOpt(
        "tolerance",
        default=60,
        min=0,
        help="Seconds that the clocks of the cloud's hosts may be apart. What an event says of a "
        "change that is told within this time is no discrepancy.",
    ),
]


def list_opts() -> list[tuple[str, Sequence[cfg.Opt]]]:
    """Every option by group, for oslo-config-generator and the documentation."""
    return [
        ("DEFAULT", DEFAULT),
        ("database", DATABASE),
        ("api", API),
        ("rating", RATING),
        ("export", EXPORT),
        ("ingest", INGEST),
        ("reconciliation", RECONCILIATION),
        ("spool", SPOOL),
        ("metrics", METRICS),
        *CHANNELS,
        *COLLECTORS,
        *PULLERS,
        *DRIVERS,
    ]


def unread() -> cfg.ConfigOpts:
    """A configuration that has its options, and has read neither files nor a command line."""
    conf = cfg.ConfigOpts()
    log.register_options(conf)
    for group, opts in list_opts():
        conf.register_opts(opts, group=None if group == "DEFAULT" else group)
    conf.set_default("state_path", default_state_path())
    return conf


def load(
    argv: Sequence[str],
    *,
    prog: str | None = None,
    default_config_files: list[str] | None = None,
    cli_opts: Iterable[cfg.Opt] = (),
) -> cfg.ConfigOpts:
    """Parse a command line (without the program's name), the files it names and the environment.

    `default_config_files` are read when `argv` has no ``--config-file``; None means oslo.config's
    usual places (``~/.ratings/ratings.conf``, ``/etc/ratings/ratings.conf``), ``[]`` no file.
    `cli_opts` are options of one command only.

    Raises `oslo_config.cfg.Error` for a file that is missing or has wrong values, and SystemExit
    for a wrong command line, ``--help`` and ``--version``, as argparse does.
    """
    conf = unread()
    conf.register_cli_opts(list(cli_opts))
    conf(
        list(argv),
        project="ratings",
        prog=prog,
        version=ratings.__version__,
        default_config_files=default_config_files,
    )
    check_values(conf)
    return conf


def check_values(conf: cfg.ConfigOpts) -> None:
    """Raises what oslo.config raises for a value that is none."""
    # oslo.config converts a value when it is read; an operator wants to hear of it at start.
    for group, opts in list_opts():
        for opt in opts:
            getattr(conf if group == "DEFAULT" else conf[group], opt.dest)
