"""What is pulled becomes a sample, in the form that Ceilometer publishes.

So both doors agree: what a source tells is read, told apart by (region, resource, meter,
time) and journaled as what comes in at ``/v1/samples``, and can be read again from there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from ratings.core.errors import DefinitionError
from ratings.core.pulls import AnswerInvalid
from ratings.readers.wire import encode

Name = Annotated[str, Meta(min_length=1, max_length=255)]
Seconds = Annotated[int, Meta(ge=1, le=86400)]

P = TypeVar("P")


def converted(section: Any, datatype: type[P], place: str) -> list[P]:
    """A section of the loaded file as a list of `datatype`. DefinitionError names the place."""
    try:
        return msgspec.convert(section, list[datatype])  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise DefinitionError(f"{place}: {error}") from error


def decoded(body: bytes) -> Any:
    """JSON in which numbers are ints and Decimals; ``NaN`` and the like are texts.

    Raises AnswerInvalid.
    """
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=str)
    except (ValueError, InvalidOperation, RecursionError) as error:
        raise AnswerInvalid(f"the answer is no JSON: {error}") from None


def sample(
    meter: str,
    source: str,
    at: datetime,
    volume: Decimal | int | str,
    owner: tuple[Any, Any],
    metadata: Mapping[str, Any],
) -> bytes:
    """One sample. owner: the resource and its tenant, each null where the source tells none.

    A volume that is no number, such as NaN, stays what it is: the sample is parked.
    """
    resource_id, tenant_id = owner
    return encode(
        {
            "name": meter,
            "source": source,
            "timestamp": at.isoformat(),
            "volume": volume,
            "resource_id": resource_id,
            "project_id": tenant_id,
            "resource_metadata": metadata,
        }
    )
