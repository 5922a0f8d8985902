"""``ratings-manage tenants set`` and ``tenants list``."""

import argparse

from oslo_config.cfg import ConfigOpts

from ratings import plugins, tenancy
from ratings.cmd.database import connected
from ratings.db import tenants

_PAGE = 1000


def change_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tenant_id", metavar="ID", help="the id of the project")
    parser.add_argument(
        "--currency", required=True, help="ISO 4217 code; not once there are sales orders"
    )


def change(conf: ConfigOpts) -> int:
    """Say in which currency a tenant is billed; what it has used is rated anew."""
    settings = plugins.settings(conf)
    with connected(conf) as engine:
        found = tenancy.set_currency(
            engine, settings, conf.command.tenant_id, conf.command.currency
        )
    print(f"{found.tenant_id} is billed in {found.currency}.")
    return 0


def show(conf: ConfigOpts) -> int:
    """Print every tenant, its currency, and whether that is the default or fixed by orders."""
    default = plugins.settings(conf).currency
    after = None
    with connected(conf) as engine, engine.connect() as conn:
        while rows := tenants.page(conn, default, limit=_PAGE, after=after):
            for row in rows:
                facts = {"default": row.default, "fixed": row.fixed}
                print(row.tenant_id, row.currency, *(name for name in facts if facts[name]))
            after = rows[-1].tenant_id
    return 0
