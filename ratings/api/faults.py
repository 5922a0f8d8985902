"""One form for everything that goes wrong, wherever it went wrong.

Every answer with a status of 400 or more has the body
``{"errors": [{"request_id", "code", "status", "title", "detail"}]}``, whether it
comes from a controller, from Pecan, WSME or another middleware. Codes are
stable; a traceback goes to the log only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from sqlalchemy import exc
from webob.exc import HTTPException

from ratings.api.silence import NotDurable, fall_silent
from ratings.core.errors import RatingError, Unauthenticated, Unavailable

LOG = logging.getLogger(__name__)

Environ = dict[str, Any]
Headers = list[tuple[str, str]]

_BY_STATUS = {
    400: ("bad_request", "The request cannot be read."),
    401: ("unauthenticated", "This needs a valid token or valid credentials."),
    403: ("forbidden", "The policy does not allow this."),
    404: ("not_found", "There is nothing at this URL."),
    405: ("method_not_allowed", "This URL does not take this method; see the header Allow."),
    406: ("not_acceptable", "Answers are application/json."),
    413: ("body_too_large", "The body is larger than [api] max_body_size."),
}
"""Code and detail of what Pecan and middlewares refuse, which bear no code."""

_KEPT = ("allow", "www-authenticate")
"""Headers of refusals that their meaning depends on."""

_UNREACHABLE = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)


class SeveralErrors(RatingError):
    """A refusal for more than one reason, all of one status."""

    def __init__(self, errors: Sequence[RatingError]) -> None:
        super().__init__(errors[0].detail, code=errors[0].code)
        self.status = errors[0].status
        self.errors = errors


class Challenged(Unauthenticated):
    """Credentials are wrong; `challenge` says of what kind the right ones would be."""

    def __init__(self, challenge: str) -> None:
        super().__init__(_BY_STATUS[401][1])
        self.challenge = challenge


class Faults:
    """WSGI middleware that gives every refusal and every failure the one form."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        refused: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            if status < "400":
                return start_response(status, headers, exc_info)
            refused.append((status, headers))
            return lambda data: None

        try:
            body = self._app(environ, start)
        except Exception as error:
            headers = []
            if isinstance(error, Challenged):
                headers.append(("WWW-Authenticate", error.challenge))
            return _answer(environ, start_response, _error_of(error), headers)
        if not refused:
            return body  # type: ignore[no-any-return]  # WSGI applications have no types
        if hasattr(body, "close"):
            body.close()
        status, headers = refused[-1]
        return _answer(environ, start_response, _refusal(int(status[:3])), headers)


def _error_of(error: Exception) -> RatingError:
    """What an exception is to the outside. One that nobody foresaw goes to the log."""
    if isinstance(error, RatingError):
        if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            LOG.error("%s: %s", error.code, error.detail)
        return error
    if isinstance(error, HTTPException):
        return _refusal(error.code)
    if isinstance(error, _UNREACHABLE):
        LOG.error("the database cannot be used: %s", getattr(error, "orig", error))
        return Unavailable("The database cannot be used now.")
    LOG.error("unexpected %s", type(error).__name__, exc_info=error)
    return RatingError("This is a bug or a broken installation; the log tells more.")


def _refusal(status: int) -> RatingError:
    code, detail = _BY_STATUS.get(status, (f"http_{status}", HTTPStatus(status).description))
    error = RatingError(detail, code=code)
    error.status = status
    return error


def _answer(
    environ: Environ, start_response: Any, error: RatingError, headers: Iterable[tuple[str, str]]
) -> Iterable[bytes]:
    if isinstance(error, NotDurable):
        fall_silent(environ)
    status = HTTPStatus(error.status)
    errors = error.errors if isinstance(error, SeveralErrors) else (error,)
    body = msgspec.json.encode(
        {
            "errors": [
                {
                    "request_id": environ.get("openstack.request_id"),
                    "code": each.code,
                    "status": error.status,
                    "title": status.phrase,
                    "detail": _printable(each.detail),
                }
                for each in errors
            ]
        }
    )
    kept = [(name, value) for name, value in headers if name.lower() in _KEPT]
    kept += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", kept)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _printable(text: str) -> str:
    """`text` without halves of surrogate pairs, which a detail may quote."""
    return text.encode("utf-8", "backslashreplace").decode()
