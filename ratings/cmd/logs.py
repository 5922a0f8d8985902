"""Logging, as every service and command of OpenStack does it: oslo.log, with its options."""

import logging
from typing import Any

from gunicorn import glogging
from oslo_config.cfg import ConfigOpts
from oslo_log import log

import ratings

LOG = logging.getLogger("ratings")

QUIET = (
    # Alembic tells at length what is done when nothing is to be done.
    "alembic=WARN",
    # One line for each message whose acknowledgement was lost with a connection: it comes again.
    "oslo_messaging._drivers.amqpdriver=ERROR",
)


def set_up(conf: ConfigOpts) -> None:
    """Log what ``[DEFAULT]`` says to where it says; to stderr if it names no place.

    With ``debug`` the configuration is logged, too, but no secret of it.
    """
    if not (conf.log_file or conf.log_dir or conf.use_syslog or conf.use_journal):
        conf.set_default("use_stderr", True)
    conf.set_default("default_log_levels", [*log.get_default_log_levels(), *QUIET])
    log.setup(conf, "ratings", ratings.__version__)
    conf.log_opt_values(LOG, logging.DEBUG)


class Gunicorn(glogging.Logger):  # type: ignore[misc]  # gunicorn has no types
    """What gunicorn has to say goes where everything else goes."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
