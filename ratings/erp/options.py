"""The options of delivery, in oslo.config's terms."""

from __future__ import annotations

from collections.abc import Sequence

from oslo_config import cfg

ERP = [
    cfg.ListOpt(
        "drivers",
        default=[],
        help="Where every sales order goes when it is issued: any of directory, odoo, tryton, "
        "webhook and of what other packages add. Orders issued before a driver was listed here "
        "are not delivered to it.",
    ),
    cfg.StrOpt(
        "mapping_file",
        help="YAML file that says what the ERP calls products and partners. The drivers odoo and "
        "tryton need it.",
    ),
    cfg.IntOpt(
        "interval",
        default=10,
        min=1,
        help="Seconds after which ratings-deliverer looks again for orders that are due.",
    ),
    cfg.IntOpt(
        "timeout",
        default=30,
        min=1,
        help="Seconds without an answer after which a request to an ERP is given up.",
    ),
    cfg.IntOpt(
        "time_limit",
        default=120,
        min=1,
        help="Seconds that all requests for one order may take. An order whose deliverer died is "
        "tried again a minute later than that.",
    ),
    cfg.IntOpt(
        "retry_first",
        default=60,
        min=1,
        help="Seconds between the first and the second attempt; each further pause is twice as "
        "long.",
    ),
    cfg.IntOpt(
        "retry_longest",
        default=3600,
        min=1,
        help="The longest pause between two attempts, in seconds.",
    ),
    cfg.StrOpt(
        "ca_file",
        help="File with the certificates to trust, for an ERP whose certificate is signed by an "
        "authority of your own. Unset: those of public authorities.",
    ),
]

ERP_DIRECTORY = [
    cfg.StrOpt("path", help="Directory that must exist; each tenant gets a folder in it."),
    cfg.StrOpt("exporter", default="json", help="Format of the files, one of the exporters."),
]

ERP_ODOO = [
    cfg.StrOpt("url", help="Where Odoo is, such as https://erp.example.com."),
    cfg.StrOpt("database", help="Name of Odoo's database."),
    cfg.StrOpt(
        "protocol",
        default="json2",
        choices=[
            ("json2", "the API since Odoo 19"),
            ("xmlrpc", "the API before; deprecated since Odoo 19"),
        ],
        help="How to talk to Odoo.",
    ),
    cfg.StrOpt("user", help="Login of the user that the API key belongs to. For xmlrpc only."),
    cfg.StrOpt("api_key", secret=True, help="API key of a user who may create quotations."),
]

ERP_TRYTON = [
    cfg.StrOpt("url", help="Where Tryton is, such as https://erp.example.com."),
    cfg.StrOpt("database", help="Name of Tryton's database."),
    cfg.StrOpt("user", help="Login of a user who may create sales."),
    cfg.StrOpt("password", secret=True, help="Password of that user."),
]

ERP_WEBHOOK = [
    cfg.StrOpt("url", help="Where to POST orders to."),
    cfg.StrOpt("secret", secret=True, help="Key of the signature; the receiver has it, too."),
]

DRIVERS: list[tuple[str, Sequence[cfg.Opt]]] = [
    ("erp", ERP),
    ("erp_directory", ERP_DIRECTORY),
    ("erp_odoo", ERP_ODOO),
    ("erp_tryton", ERP_TRYTON),
    ("erp_webhook", ERP_WEBHOOK),
]
"""What concerns delivery: a group for all drivers, and one for each."""
