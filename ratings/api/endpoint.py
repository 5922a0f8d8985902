"""What stands between HTTP and a controller: decode, call, encode.

WSME's own ``wsexpose`` reads numbers as floats and turns exceptions into answers
of its own form. This does the same work exactly, and lets exceptions through to
`ratings.api.faults`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import pecan
import wsme.exc
import wsme.rest.json
import wsme.types
from webob import Request, Response

from ratings.api import answers, caching, paging
from ratings.api import caller as callers
from ratings.api.authorisation import Policy
from ratings.api.idempotency import Asked, Repeated, answered_again
from ratings.api.values import storable
from ratings.core.errors import InvalidInput, NotFound
from ratings.exporters import File

_JSON_TYPES = ("", "application/json")
_PIECE = 64 * 1024


class UnsupportedMediaType(InvalidInput):
    code = "media_type_unsupported"
    status = 415


@dataclass(frozen=True, slots=True)
class Contract:
    """What an endpoint takes and gives, all in WSME types.

    rule:   of `ratings.policies`, which is asked before anything else.
    scoped: whether the controller first gets the `Scope` that it has to read in. What others
            than administrators may read is scoped.
    caller: whether it first gets the `Caller`.
    url:    whether it first gets the URL under which the API is reached.
    query:  of the query string; the controller gets an object of it.
    body:   of the JSON body, likewise; `bytes` is the body as it came.
    answer: of the answer; None is no body at all.
    plural: the noun of a list, of which `answer` is the type of the elements.
    once:   whether an Idempotency-Key counts; then the controller last gets an `Asked`.
    lasting: whether the answer, in JSON, never changes any more.
    """

    rule: str
    query: Any = None
    body: Any = None
    answer: Any = None
    plural: str | None = None
    status: int = 200
    url: bool = False
    scoped: bool = False
    caller: bool = False
    once: bool = False
    lasting: bool = False


def endpoint(contract: Contract) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A method of a controller as an endpoint.

    It is called with who asks or where, then the parts of the path that are its own, then
    the query, then the body, then an `Asked`, each if the contract wants it, and gives what
    the contract says: a `paging.Page` for a list, or a `File` instead of JSON. Raises InvalidInput
    (query_invalid, body_invalid, body_not_json, media_type_unsupported), Unauthenticated,
    Forbidden, and whatever the method raises.
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        def serve(self: Any, req: Request, resp: Response, *path: str) -> Response:
            context = _admitted(contract, self.services.policy, req)
            body = b"" if contract.body is None else read_body(req)
            arguments = [*context, *_arguments(contract, req, path, body)]
            respond = partial(_response, contract, req)
            if not contract.once:
                found = method(self, *arguments)
                lasting = contract.lasting and not isinstance(found, File)
                return caching.conditional(req, respond(found), lasting=lasting)
            asked = Asked(req, body, respond)
            try:
                asked.stop_if_known(self.services.engine)
                return respond(method(self, *arguments, asked))
            except Repeated as repeated:
                return answered_again(repeated.answer)

        # Not functools.wraps as a whole: Pecan must see the signature of `serve`.
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(serve, name, getattr(method, name))
        serve.contract, serve.method = contract, method  # type: ignore[attr-defined]
        return pecan.expose(content_type="application/json")(serve)  # type: ignore[no-any-return]

    return decorate


def _admitted(contract: Contract, policy: Policy, request: Request) -> list[Any]:
    """What a controller gets of who asks, who may do so. Raises Unauthenticated, Forbidden."""
    caller = callers.of(request.environ)
    found: list[Any] = []
    if contract.scoped:
        asked = dict(parse_qsl(request.query_string)).get("tenant_id")
        found.append(policy.scope(contract.rule, caller, asked))
    else:
        policy.authorise(contract.rule, caller)
    if contract.caller:
        found.append(caller)
    if contract.url:
        found.append(request.application_url)
    return found


def _arguments(contract: Contract, request: Request, path: Sequence[str], body: bytes) -> list[Any]:
    found: list[Any] = [_path_part(part) for part in path]
    if contract.query is not None:
        found.append(read_query(contract.query, request))
    elif request.query_string:
        raise InvalidInput("this URL takes no parameters", code="query_invalid")
    if contract.body is bytes:
        found.append(body)
    elif contract.body is not None:
        found.append(read_typed(contract.body, body))
    return found


def _response(contract: Contract, request: Request, found: Any) -> Response:
    if isinstance(found, File):
        return _downloaded(contract, found)
    if contract.answer is None:
        return Response(status=contract.status)
    shaped = answers.shape(contract.answer)
    if contract.plural is None:
        answer = shaped(found)
    else:
        rows = [shaped(row) for row in found.rows]
        answer = {contract.plural: rows, "links": paging.links(request, found.marker)}
    body = answers.encode(answer)
    return Response(body, status=contract.status, content_type="application/json")


def _downloaded(contract: Contract, file: File) -> Response:
    response = Response(file.content, status=contract.status)
    # As a whole: webob would take parameters of the type apart.
    response.headers["Content-Type"] = file.media_type
    response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    return response


def read_query(datatype: Any, request: Request) -> Any:
    """The query string as an object of `datatype`. InvalidInput: query_invalid."""
    pairs: dict[str, str] = {}
    if request.query_string:
        try:
            found = parse_qsl(request.query_string, keep_blank_values=True, errors="strict")
        except ValueError:
            raise InvalidInput("the query string is no UTF-8", code="query_invalid") from None
        for name, value in found:
            if name in pairs:
                raise InvalidInput(f"{name!r} is given twice", code="query_invalid")
            pairs[name] = value
    return _typed(datatype, pairs, "query_invalid")


def read_body(request: Request) -> bytes:
    """The body. InvalidInput: media_type_unsupported, body_incomplete."""
    # A browser may send other types to us from any page it shows, but not this one.
    if request.content_type not in _JSON_TYPES:
        raise UnsupportedMediaType(f"send application/json, not {request.content_type!r}")
    encoding = request.environ.get("HTTP_CONTENT_ENCODING", "identity")
    if encoding.lower() not in ("", "identity"):
        raise UnsupportedMediaType(f"send the body as it is, not with {encoding!r}")
    try:
        body = _received(request)
    except OSError:
        body = None
    if body is None:
        raise InvalidInput("the body ended early", code="body_incomplete")
    return body


def _received(request: Request) -> bytes | None:
    """The body as the server hands it over; None when less came than was announced."""
    # Not request.body, which copies it twice.
    source = request.environ["wsgi.input"]
    length = request.content_length
    if length is None:
        # Sent in chunks: piece by piece, so that the size limit can stop it.
        return b"".join(iter(lambda: source.read(_PIECE), b""))
    body: bytes = source.read(max(length, 0))
    return body if len(body) == length else None


def read_typed(datatype: Any, body: bytes) -> Any:
    """A JSON body as an object of `datatype`. InvalidInput: body_not_json, body_invalid."""
    if not body.strip():
        return _typed(datatype, {}, "body_invalid")
    try:
        document = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except RecursionError:
        raise InvalidInput("the body is nested too deep", code="nesting_too_deep") from None
    except (ValueError, InvalidOperation) as error:
        raise InvalidInput(f"the body is no JSON: {error}", code="body_not_json") from None
    if not isinstance(document, dict):
        raise InvalidInput("the body must be a JSON object", code="body_invalid")
    return _typed(datatype, document, "body_invalid")


def _typed(datatype: Any, document: dict[str, Any], code: str) -> Any:
    for attribute in wsme.types.list_attributes(datatype):
        if attribute.mandatory and document.get(attribute.name) is None:
            raise InvalidInput(f"{attribute.name} is missing", code=code)
    try:
        return wsme.rest.json.fromjson(datatype, document)
    except wsme.exc.UnknownAttribute as error:
        unknown = ", ".join(sorted(error.attributes))
        raise InvalidInput(f"unknown: {unknown}", code=code) from None
    except wsme.exc.InvalidInput as error:
        raise InvalidInput(f"{error.fieldname} {error.msg}", code=code) from None


def _path_part(part: str) -> str:
    try:
        return storable(part)
    except ValueError as error:
        raise NotFound(f"an id {error}") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
