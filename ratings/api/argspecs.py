"""Pecan asks for the signature of a controller five times per request, and pays each time.

Its ``getargspec`` builds a new namedtuple class at every call: 400 of the 545
microseconds that an empty request costs. A signature never changes, so each is
worked out once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from pecan import core, decorators, rest, routing, util

_NAME = "getargspec"


def remember() -> None:
    """Let Pecan remember signatures; doing it again changes nothing."""
    original = getattr(util, _NAME)
    if not hasattr(original, "__wrapped__"):
        remembered = _memoised(original)
        # Each of them has imported the function under its own name.
        for module in (util, core, decorators, rest, routing):
            setattr(module, _NAME, remembered)


def _memoised(getargspec: Callable[[Any], Any]) -> Callable[[Any], Any]:
    known: dict[Any, Any] = {}

    @functools.wraps(getargspec)
    def remembered(method: Any) -> Any:
        # The function, not the bound method: methods are made anew for each access.
        key = getattr(method, "__func__", method)
        found = known.get(key)
        if found is None:
            found = known[key] = getargspec(method)
        return found

    return remembered
