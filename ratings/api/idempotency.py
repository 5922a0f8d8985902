"""``Idempotency-Key``: a request that is sent again is answered again, and not carried out again.

As draft-ietf-httpapi-idempotency-key-header has it. The answer is stored in the transaction
of what the request does: a process may die at any moment, and either both are there or
neither is. A lock of that transaction keeps others with the same key away meanwhile.

What is refused has no effect and leaves no trace: sent again, it is judged anew.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from webob import Request, Response

from ratings.api import caller as callers
from ratings.core.errors import Conflict, InvalidInput
from ratings.db import idempotency_keys
from ratings.db.idempotency_keys import Answer, Key
from ratings.once import Keep, Once, always, as_it_is

T = TypeVar("T")

KEY = r'^("[!#-\[\]-~ ]{1,255}"|[!#-\[\]-~]{1,255})$'
"""The header: a string of RFC 8941, or the same without its quotation marks."""

_KEY = re.compile(KEY, re.ASCII)


class KeyReused(InvalidInput):
    """The same key for another request: one of the two is a mistake."""

    code = "idempotency_key_reused"
    status = 422


class KeyInUse(Conflict):
    """The first request with the key is still being carried out."""

    code = "idempotency_key_in_use"


class Repeated(Exception):
    """The request was carried out before; `answer` is what it was told."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Asked:
    """A request that changes something, and how it will be answered.

    Raises InvalidInput (idempotency_key_invalid) when made of a header that is no key.
    """

    def __init__(self, request: Request, body: bytes, respond: Callable[[Any], Response]) -> None:
        self._respond = respond
        self._key: Key | None = None
        given = request.headers.get("Idempotency-Key")
        if given is not None:
            if not _KEY.match(given):
                detail = "Idempotency-Key must be 1 to 255 printable characters of ASCII"
                raise InvalidInput(detail, code="idempotency_key_invalid")
            asking = callers.of(request.environ)
            # What one caller does never meets what another one did.
            caller = f"{asking.tenant_id or ''}/{asking.name}"
            self._key = Key(caller, given.strip('"'))
            self._fingerprint = _fingerprint(request, body)

    def stop_if_known(self, engine: Engine) -> None:
        """Raises Repeated, or KeyReused, if the key is known."""
        if self._key is not None:
            with engine.connect() as conn:
                self._stop_if_known(conn, self._key)

    def telling(self, shown: Callable[[Any], Any] = as_it_is) -> Once:
        """For a verb: `shown` of its outcome is what the request is answered.

        Called by the verb, it raises KeyInUse, Repeated or KeyReused.
        """
        key = self._key
        if key is None:
            return always

        def once(conn: Connection) -> Keep:
            if not idempotency_keys.lock(conn, key):
                raise KeyInUse("a request with this Idempotency-Key is being carried out now")
            self._stop_if_known(conn, key)

            def keep(outcome: T) -> T:
                response = self._respond(shown(outcome))
                answer = Answer(self._fingerprint, response.status_code, response.body)
                idempotency_keys.insert(conn, key, answer)
                return outcome

            return keep

        return once

    @contextmanager
    def alone(self, engine: Engine) -> Iterator[Keep]:
        """For work in transactions of its own that may be done again: meanwhile nobody else does.

        If the process dies before the end, the answer is not kept, and who asks again is told
        of what was left.
        """
        if self._key is None:
            yield as_it_is
        else:
            with engine.begin() as conn:
                yield self.telling()(conn)

    def _stop_if_known(self, conn: Connection, key: Key) -> None:
        known = idempotency_keys.find(conn, key)
        if known is not None:
            if known.fingerprint != self._fingerprint:
                raise KeyReused("this Idempotency-Key was used for another request")
            raise Repeated(known)


def answered_again(answer: Answer) -> Response:
    """The same status and the same bytes as the first time."""
    response = Response(status=answer.status)
    if answer.body:
        response = Response(answer.body, status=answer.status, content_type="application/json")
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _fingerprint(request: Request, body: bytes) -> bytes:
    """SHA-256 of what is asked for; the length of the parts keeps them apart."""
    digest = hashlib.sha256()
    for part in (request.method, request.path_info, request.query_string):
        encoded = part.encode("utf-8", "surrogateescape")
        digest.update(f"{len(encoded)}:".encode() + encoded)
    digest.update(body)
    return digest.digest()
