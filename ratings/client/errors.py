"""What can go wrong, as one tree::

    RatingsError
    ├── Refused                  the API answered with an error
    │   ├── BadRequest           400
    │   ├── Unauthorized         401
    │   ├── Forbidden            403
    │   ├── NotFound             404
    │   ├── Conflict             409
    │   └── ServerFailed         500 and above
    │       └── Unavailable      503
    └── Unreadable               what answered is no rating API, or one that is too new

What keeps a request from being answered at all (no token, no endpoint, no connection) is an
exception of keystoneauth1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from ratings.client import wire


class RatingsError(Exception):
    """Anything that this client raises."""


class Unreadable(RatingsError):
    """An answer that is not what the API documents."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One element of ``errors``: the form of errors of OpenStack's API guidelines."""

    code: str
    status: int
    title: str
    detail: str
    request_id: str | None


class Refused(RatingsError):
    """The API refused, for the first of `errors`, whose attributes it has; mostly there is one."""

    def __init__(self, errors: Sequence[Reason]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        self.code = first.code
        self.status = first.status
        self.title = first.title
        self.detail = first.detail
        self.request_id = first.request_id
        super().__init__(self.errors)

    def __str__(self) -> str:
        told = "; ".join(f"{each.detail} ({each.code})" for each in self.errors)
        request = f" [{self.request_id}]" if self.request_id else ""
        return f"{self.status} {self.title}: {told}{request}"


class BadRequest(Refused):
    """400: the request is wrong, and will be the next time."""


class Unauthorized(Refused):
    """401: no token, or one that does not count."""


class Forbidden(Refused):
    """403: not with these roles, or not for this tenant."""


class NotFound(Refused):
    """404."""


class Conflict(Refused):
    """409: it contradicts what is there."""


class ServerFailed(Refused):
    """500 and above: not the fault of the request."""


class Unavailable(ServerFailed):
    """503: later, perhaps."""


_BY_STATUS: Mapping[int, type[Refused]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    503: Unavailable,
}


def refusal(status: int, body: bytes, request_id: str | None = None) -> Refused:
    """The exception for an answer of 400 or above, whoever gave it: the API or a proxy."""
    kind = _BY_STATUS.get(status, ServerFailed if status >= 500 else Refused)
    return kind(_reasons(status, body) or [_unknown(status, request_id)])


def _reasons(status: int, body: bytes) -> list[Reason]:
    """What the body tells in the API's form; nothing if it has another."""
    try:
        told: Any = wire.decode(body)["errors"]
        return [
            Reason(
                code=str(each["code"]),
                status=status,
                title=str(each["title"]),
                detail=str(each["detail"]),
                request_id=each.get("request_id"),
            )
            for each in told
        ]
    except (AttributeError, LookupError, TypeError, ValueError):
        return []


def _unknown(status: int, request_id: str | None) -> Reason:
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    detail = "the answer does not tell why; it may be from a proxy or from Keystone's middleware"
    return Reason(f"http_{status}", status, title, detail, request_id)
