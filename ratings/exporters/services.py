"""What FOCUS calls the things that OpenStack rents out: a table, to which operators may add."""

from __future__ import annotations

from collections.abc import Mapping

from ratings.exporters.parties import Service

_BLOCK = Service(category="Storage", subcategory="Block Storage", name="Block Storage")
_BACKUP = Service(category="Storage", subcategory="Backup Storage", name="Block Storage")
_IMAGE = Service(category="Storage", subcategory="Other (Storage)", name="Image")
_NETWORK = Service(category="Networking", subcategory="Network Infrastructure", name="Network")

SERVICES: Mapping[str, Service] = {
    "instance": Service(category="Compute", subcategory="Virtual Machines", name="Compute"),
    "volume": _BLOCK,
    "volume_snapshot": _BACKUP,
    "volume_backup": _BACKUP,
    "share": Service(category="Storage", subcategory="File Storage", name="Shared File Systems"),
    "image": _IMAGE,
    "instance_snapshot": _IMAGE,
    "floating_ip": Service(
        category="Networking", subcategory="Network Connectivity", name="Network"
    ),
    "router": Service(category="Networking", subcategory="Network Routing", name="Network"),
    "network": _NETWORK,
    "subnet": _NETWORK,
    "port": _NETWORK,
    "vpn": Service(category="Networking", subcategory="Network Connectivity", name="Network"),
    "load_balancer": Service(
        category="Networking", subcategory="Application Networking", name="Load Balancer"
    ),
}
"""By resource type; the words are those of FOCUS, the names those of OpenStack's own list."""

OTHER = Service(category="Other", subcategory="Other (Other)", name="OpenStack")
"""Resource types that nobody has described, and what concerns all of them."""
