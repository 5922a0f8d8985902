"""What python-openstackclient asks of a plug-in: its names, its client, its global option."""

from __future__ import annotations

import argparse
from typing import Any

from osc_lib import utils

from ratings.client import Client

DEFAULT_API_VERSION = "1"
API_VERSION_OPTION = "os_rating_api_version"
API_NAME = "rating"
API_VERSIONS = {"1": "ratings.client.Client"}


def make_client(instance: Any) -> Client:
    """A client with the session, the region and the interface that the command was given."""
    configured = instance.get_configuration()
    return Client(
        instance.session,
        region_name=instance.region_name,
        interface=instance.interface,
        endpoint_override=configured.get("rating_endpoint_override"),
    )


def build_option_parser(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the global option of the plug-in."""
    parser.add_argument(
        "--os-rating-api-version",
        metavar="<rating-api-version>",
        default=utils.env("OS_RATING_API_VERSION", default=DEFAULT_API_VERSION),
        help=f"Rating API version, default={DEFAULT_API_VERSION} (Env: OS_RATING_API_VERSION)",
    )
    return parser
