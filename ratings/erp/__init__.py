"""Drivers: how an issued order reaches another system.

A driver is an entry point in the namespace ``ratings.erp``: a function that is given
the configuration and the formats of `ratings.exporters`, and returns a `Deliver`
(`ratings.core.deliveries`). It is called once when a deliverer starts and must not
talk to the other side yet; DefinitionError when an option is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oslo_config.cfg import ConfigOpts

from ratings.core.deliveries import Deliver
from ratings.core.errors import DefinitionError
from ratings.core.orders import Issued


@dataclass(frozen=True, slots=True)
class Format:
    """An exporter that knows whom an order concerns. render: raises NotExportable.

    media_type: of the bytes, as HTTP says it.
    suffix:     of a file's name, with its dot.
    """

    media_type: str
    suffix: str
    render: Callable[[Issued], bytes]


Formats = Mapping[str, Format]
Connect = Callable[[ConfigOpts, Formats], Deliver]


def required(conf: ConfigOpts, group: str, *names: str) -> None:
    """DefinitionError for options of a driver that have no value."""
    lacking = [name for name in names if not conf[group][name]]
    if lacking:
        raise DefinitionError(f"[{group}] {', '.join(lacking)} must be set for this driver")
