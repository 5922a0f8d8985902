"""JMESPath expressions on a sample, prepared once.

A plain path (``resource_metadata.flavor.name``) is walked without the library: that is
faster, and tells what is not there from what is null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from ratings.core.errors import DefinitionError
from ratings.core.meters import Source
from ratings.readers.misread import Misread, shown
from ratings.readers.wire import Wire

Look = Callable[[Wire], Any]

MISSING = object()
"""What a path leads to where there is nothing, not even null."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)*").fullmatch


def compiled(expression: str) -> Look:
    """What `expression` leads to in a sample. Raises DefinitionError where it is none.

    The function raises Misread (mapping_failed) where the sample has what the
    expression cannot work with.
    """
    try:
        search = jmespath.compile(expression).search
    except JMESPathError as error:
        reason = str(error).splitlines()[0]
        raise DefinitionError(f"{expression!r} is no JMESPath expression: {reason}") from error
    if _PLAIN(expression):
        keys = expression.split(".")
        return lambda wire: _walk(wire, keys)

    def look(wire: Wire) -> Any:
        try:
            found = search(wire)
        except (JMESPathError, ArithmeticError, TypeError, ValueError, LookupError) as error:
            detail = f"{shown(expression)}: {type(error).__name__}"
            raise Misread("mapping_failed", detail) from error
        return MISSING if found is None else found

    return look


def _walk(value: Any, keys: Iterable[str]) -> Any:
    for key in keys:
        if type(value) is not dict or key not in value:
            return MISSING
        value = value[key]
    return value


class Finder:
    """What a `Source` leads to."""

    def __init__(self, source: Source) -> None:
        self.template = source.template
        self._looks = [compiled(path) for path in source.paths]

    def find(self, wire: Wire) -> Any:
        """The first value that is neither null nor empty; "" if one is there; else MISSING."""
        empty: Any = MISSING
        for look in self._looks:
            found = look(wire)
            if found is None or found == "":
                empty = ""
            elif found is not MISSING:
                return found
        return empty


def true(value: Any) -> bool:
    """Truth as JMESPath has it: of numbers all are true."""
    return value is not MISSING and value not in (None, False, "") and value != [] and value != {}
