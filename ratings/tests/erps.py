"""Drivers as a deliverer has them, and parcels for them, for tests."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

from ratings import conf as options
from ratings import plugins
from ratings.core import deliveries
from ratings.core.deliveries import Deliver, Parcel
from ratings.core.orders import Issued, digest

MAPPING = """
    rounding: OS-ROUNDING
    digits: {price: 4}
    products:
      - {component: vcpu, product: OS-VCPU}
      - {component: volume, product: OS-VOLUME}
      - {component: traffic, product: OS-TRAFFIC}
      - {kind: free, product: OS-VCPU}
      - {kind: tier, product: OS-VCPU}
      - {kind: discount, product: OS-DISCOUNT}
      - {kind: minimum, product: OS-MINIMUM}
      - {kind: credit, product: OS-CREDIT}
    partners:
      acme: C-0815
      globex: C-4711
"""
PRODUCTS = (
    *("OS-VCPU", "OS-VOLUME", "OS-TRAFFIC", "OS-DISCOUNT", "OS-MINIMUM", "OS-CREDIT"),
    "OS-ROUNDING",
)
PARTNERS = ("C-0815", "C-4711")


def connected(driver: str, **values: object) -> Deliver:
    """A driver with options as GROUP__OPTION."""
    conf = options.load([], default_config_files=[])
    conf.set_override("drivers", [driver], group="erp")
    for name, value in values.items():
        group, option = name.split("__")
        conf.set_override(option, value, group=group)
    return plugins.deliverers(conf)[driver]


def mapping(folder, text=MAPPING, **changed):
    """A mapping file in `folder`, texts in it changed from one to another; its path."""
    for old, new in changed.items():
        text = text.replace(old, new)
    path = folder / "mapping.yaml"
    path.write_text(dedent(text))
    return str(path)


def parcel_of(issued: Issued) -> Parcel:
    """A parcel of an order, which is sealed."""
    found = digest(issued.order)
    sealed = replace(issued, digest=found, order=replace(issued.order, digest=found))
    return Parcel(sealed, deliveries.key(issued.id, found))
