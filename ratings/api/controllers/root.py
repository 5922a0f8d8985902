"""``/`` and ``/v1``: which versions there are, and where."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ratings.api.endpoint import Contract, endpoint
from ratings.api.resource import Resource
from ratings.api.types import versions as types
from ratings.policies import versions as policy

_UPDATED = datetime(2026, 11, 22, tzinfo=UTC)
"""When what the API takes or gives was last changed."""


class Versions(Resource):
    @endpoint(Contract(rule=policy.LIST, url=True, answer=types.Versions))
    def get_all(self, url: str) -> dict[str, Any]:
        """Every version of the API."""
        return {"versions": [_v1(url)]}


class VersionOne(Resource):
    @endpoint(Contract(rule=policy.LIST, url=True, answer=types.Version))
    def get_all(self, url: str) -> dict[str, Any]:
        """This version of the API."""
        return {"version": _v1(url)}


def _v1(url: str) -> dict[str, Any]:
    return {
        "id": "v1.0",
        "status": "CURRENT",
        # Empty is how the guidelines say that there are no microversions.
        "min_version": "",
        "max_version": "",
        "updated": _UPDATED,
        "links": [
            {"rel": "self", "href": f"{url}/v1"},
            {"rel": "describedby", "href": f"{url}/v1/openapi.json"},
        ],
    }
