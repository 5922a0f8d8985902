"""Clouds by openstacksdk, and lists of what their Nova and Cinder have. These are only read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import yaml

from ratings.core.errors import RatingError

Row = dict[str, str]

_UNBORN = frozenset({"building", "creating"})


class CloudUnusable(RatingError):
    """The cloud, or openstacksdk, does not do what it is asked for."""

    code = "cloud_unusable"


def listed(cloud: str, service: str, taken_at: datetime, connect: Any = None) -> str:
    """The list of a service in the form of a file, for `ratings.readers.inventories`.

    cloud: its name in ``clouds.yaml``. connect: in the place of ``openstack.connect``.
    Raises CloudUnusable.
    """
    try:
        connection = (connect or connected)(cloud)
        types, read = SERVICES[service]
        rows = list(read(connection))
        region = str(connection.config.region_name or "")
    except CloudUnusable:
        raise
    except Exception as error:  # of Keystone, of HTTP, of clouds.yaml: the SDK has many
        raise CloudUnusable(f"{cloud}: {type(error).__name__}: {error}") from error
    document: dict[str, Any] = {"taken_at": taken_at.isoformat(), "resource_types": list(types)}
    if region:
        document["region"] = region
    document["resources"] = rows
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def connected(cloud: str | None) -> Any:
    """A connection of openstacksdk; without a name, to the cloud that OS_* variables tell.

    Raises CloudUnusable, and whatever openstacksdk raises.
    """
    try:
        import openstack
    except ImportError as error:
        raise CloudUnusable("openstacksdk is not installed: pip install openstacksdk") from error
    return openstack.connect(cloud=cloud)


def servers(connection: Any) -> Iterator[Row]:
    """Nova's, of all projects."""
    for server in connection.compute.servers(details=True, all_projects=True):
        if server.vm_state in _UNBORN:
            continue
        flavor = server.flavor
        if not flavor or not flavor.vcpus:  # the SDK makes 0 of what is not told
            raise CloudUnusable("Nova does not tell the sizes of servers: it must speak 2.47")
        yield _row(
            "instance",
            server,
            status=server.vm_state,
            vcpu=flavor.vcpus,
            ram=flavor.ram,
            # What notifications call disk_gb.
            disk=flavor.disk + (flavor.ephemeral or 0),
            flavor=flavor.original_name,
        )


def volumes(connection: Any) -> Iterator[Row]:
    """Cinder's volumes and snapshots, of all projects."""
    storage = connection.block_storage
    # The API tells names, notifications tell ids.
    types = {each.name: each.id for each in storage.types()}
    for volume in storage.volumes(details=True, all_projects=True):
        if volume.status not in _UNBORN:
            kind = types.get(volume.volume_type)
            yield _row("volume", volume, status=volume.status, size=volume.size, volume_type=kind)
    for snapshot in storage.snapshots(details=True, all_projects=True):
        if snapshot.status not in _UNBORN:
            yield _row("volume_snapshot", snapshot, status=snapshot.status, size=snapshot.size)


SERVICES: Mapping[str, tuple[tuple[str, ...], Callable[[Any], Iterator[Row]]]] = {
    "nova": (("instance",), servers),
    "cinder": (("volume", "volume_snapshot"), volumes),
}
"""Service -> the resource types of which it lists all, and how."""


def _row(resource_type: str, of: Any, **facts: Any) -> Row:
    found = {
        "resource_type": resource_type,
        "resource_id": of.id,
        "tenant_id": of.project_id,
        "name": of.name,
        "created_at": of.created_at,
        **facts,
    }
    return {name: str(value) for name, value in found.items() if value not in (None, "")}
