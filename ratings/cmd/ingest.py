"""``ratings-manage ingest``: entries for the file of those who deliver without a token."""

import argparse
import getpass
import sys

import yaml
from oslo_config.cfg import ConfigOpts

from ratings.api import senders
from ratings.core.errors import InvalidInput


def hash_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sender", help="what the sender is called: the user in its URL")
    parser.add_argument(
        "--region",
        action="append",
        required=True,
        metavar="NAME",
        help=f"a region that it may deliver for; repeatable; {senders.ANY_REGION} is every region",
    )


def hash_secret(conf: ConfigOpts) -> int:
    """Print the entry of a sender for [ingest] credentials_file; its secret is asked for."""
    name, regions = conf.command.sender, conf.command.region
    if not name or ":" in name or not name.isascii():
        raise InvalidInput("the name of a sender is ASCII and has no colon")
    secret = _secret()
    # HTTP clients do not agree on how anything else is encoded.
    if not secret or not secret.isascii() or not secret.isprintable():
        raise InvalidInput("the secret must be printable ASCII, and not empty")
    entry = {name: {"secret": str(senders.hashed(secret)), "regions": regions}}
    print(yaml.safe_dump(entry, sort_keys=False, width=1000), end="")
    return 0


def _secret() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    secret = getpass.getpass("Secret: ")
    if getpass.getpass("Again: ") != secret:
        raise InvalidInput("these are two different secrets")
    return secret
