"""Channels: how an alert of a budget reaches somebody.

A channel is an entry point in the namespace ``ratings.channels``: a function that is
given the configuration and returns a `Tell` (`ratings.budgeting`). It is called once when
a service starts and must not talk to the other side yet; DefinitionError when an option
is missing.

Where alerts go the operator says, in the configuration; a budget, which its tenant may
have made, holds no address.
"""

from __future__ import annotations

from collections.abc import Callable

from oslo_config.cfg import ConfigOpts

from ratings.budgeting import Tell

Connect = Callable[[ConfigOpts], Tell]
