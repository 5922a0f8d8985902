"""``openstack rating status show`` and ``openstack rating spool show``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import ShowOne

from ratings.client.osc import showing
from ratings.client.osc.asking import client_of


class ShowStatus(ShowOne):
    """Show whether everything that came in is accounted for, and how fresh it is"""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return showing.shown(client_of(self).status.get())


class ShowSpool(ShowOne):
    """Show what waits for the database on the host that answers"""

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        return showing.shown(client_of(self).spool.get())
