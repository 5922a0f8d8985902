"""What is posted: audits of instances, as a real Ceilometer published one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

_START = datetime.fromisoformat("2025-01-01")

_TRAITS: list[tuple[str, int, Any]] = [
    ("service", 1, "compute"),
    ("request_id", 1, "req-4ee7deae-4f40-4529-8a7b-e807705a61a9"),
    ("project_id", 1, None),
    ("user_id", 1, "4ba3d2e6c7c94f2d9b6d0e6f5f1c2222"),
    ("tenant_id", 1, None),
    ("instance_id", 1, None),
    ("display_name", 1, None),
    ("resource_id", 1, None),
    ("cell_name", 1, ""),
    ("host", 1, "cmp-01"),
    ("memory_mb", 2, 8192),
    ("disk_gb", 2, 80),
    ("root_gb", 2, 80),
    ("ephemeral_gb", 2, 0),
    ("vcpus", 2, 4),
    ("instance_type_id", 1, "7"),
    ("instance_flavor_id", 1, "b33e6628-258d-4258-b1e2-f7a9ed6de5f4"),
    ("instance_type", 1, "m1.large"),
    ("state", 1, "active"),
    ("launched_at", 4, "2025-01-01T00:00:00"),
    ("audit_period_beginning", 4, None),
    ("audit_period_ending", 4, None),
]
"""Of ``compute.instance.exists``, published by Ceilometer 27 with the definitions that it ships."""


class Cloud:
    """Instances, each of which is audited once an hour; every audit closes a segment."""

    def __init__(self, instances: int, tenants: int = 200) -> None:
        self._ids = [str(uuid.uuid4()) for _ in range(instances)]
        self._tenants = [uuid.uuid4().hex for _ in range(tenants)]
        self._hour = 0

    def audit(self, instances: int | None = None) -> Iterator[str]:
        """The next hour's events, of the first so many instances or of all."""
        beginning = _START + timedelta(hours=self._hour)
        self._hour += 1
        period = {
            "audit_period_beginning": beginning.isoformat(),
            "audit_period_ending": (beginning + timedelta(hours=1)).isoformat(),
        }
        for number, resource_id in enumerate(self._ids[:instances]):
            tenant = self._tenants[number % len(self._tenants)]
            own = period | {
                "project_id": tenant,
                "tenant_id": tenant,
                "instance_id": resource_id,
                "resource_id": resource_id,
                "display_name": f"web-{number}",
            }
            # Nova works its way through the instances of a host, a few in a millisecond.
            at = beginning + timedelta(hours=1, microseconds=number * 347)
            yield json.dumps(
                {
                    "message_id": str(uuid.uuid4()),
                    "event_type": "compute.instance.exists",
                    "generated": at.isoformat(),
                    "traits": [[name, kind, own.get(name, value)] for name, kind, value in _TRAITS],
                    "raw": {},
                }
            )


def lists(events: Iterator[str], size: int) -> list[bytes]:
    """`events` as request bodies of `size` events each."""
    found = list(events)
    return [
        f"[{', '.join(found[start : start + size])}]".encode()
        for start in range(0, len(found), size)
    ]
