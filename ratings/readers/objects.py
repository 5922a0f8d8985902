"""Versioned objects of OpenStack as plain data.

A service that sends versioned notifications wraps each object of the payload as
``{"nova_object.name", "nova_object.namespace", "nova_object.version",
"nova_object.data": {...}}``; Ironic calls its ``ironic_object``.
"""

from __future__ import annotations

from typing import Any

_DATA = "_object.data"


def plain(payload: Any) -> Any:
    """The payload with every object replaced by its data, if it is an object itself."""
    if type(payload) is dict and _data(payload) is not None:
        return _unwrapped(payload)
    return payload


def _unwrapped(value: Any) -> Any:
    # The nesting is that of the wire, and has been checked.
    if type(value) is list:
        return [_unwrapped(element) for element in value]
    if type(value) is not dict:
        return value
    data = _data(value)
    found = value if data is None else data
    return {key: _unwrapped(element) for key, element in found.items()}


def _data(value: dict[str, Any]) -> dict[str, Any] | None:
    for key, data in value.items():
        if key.endswith(_DATA) and type(data) is dict:
            return data
    return None
