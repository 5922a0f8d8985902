"""``openstack rating forecast show``"""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib.command.command import ShowOne

from ratings.client.osc import asking, showing
from ratings.client.osc.asking import Parser, client_of, tenant_of


class ShowForecast(ShowOne):
    """Show what a tenant will have spent"""

    def get_parser(self, prog_name: str) -> Parser:
        parser = super().get_parser(prog_name)
        asking.add_own_tenant(parser)
        asking.add_instant(
            parser, "--start", "From when on; from where the last order ended by default"
        )
        asking.add_instant(parser, "--end", "Up to when; to the end of the month by default")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Any:
        forecast = client_of(self).forecast.get(
            tenant_of(self, parsed_args), start=parsed_args.start, end=parsed_args.end
        )
        return showing.shown(forecast)
