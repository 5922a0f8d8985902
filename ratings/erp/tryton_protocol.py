"""Tryton's JSON-RPC: a session of one user of one database."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from ratings.core.deliveries import DeliveryError, Refused, Unreachable
from ratings.erp.connection import Exchange

_LONGEST = 500


@dataclass(slots=True)
class Tryton:
    """Calls methods of models. Raises Refused (erp_refused) and Unreachable.

    headers: with the session. context: the company and the language of the user.
    """

    exchange: Exchange
    database: str
    headers: dict[str, str] = field(repr=False)
    context: dict[str, Any]
    _calls: int = 0

    def model(self, name: str, method: str, *given: Any) -> Any:
        return self.call(f"model.{name}.{method}", *given, self.context)

    def search(
        self, name: str, domain: Sequence[Any], fields: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Up to two records that fit, with their id and `fields`.

        What a field of a relation has (``unit.digits``) is in the dict ``unit.``.
        """
        return list(self.model(name, "search_read", domain, 0, 2, None, list(fields)))

    def call(self, method: str, *given: Any) -> Any:
        self._calls += 1
        document = {"id": self._calls, "method": method, "params": given}
        headers = {**self.headers, "Content-Type": "application/json"}
        body = json.dumps(document, default=_written).encode()
        answer = self.exchange.post(f"/{quote(self.database, safe='')}/rpc/", body, headers)
        if not answer.good:
            says = self.exchange.connection.discreet(answer.excerpt())
            raise Refused(f"Tryton: {method}: answered {answer.status}: {says}")
        try:
            found = json.loads(answer.body, object_hook=_read, parse_float=Decimal)
        except ValueError:
            detail = f"Tryton answered what is no JSON: {answer.excerpt()}"
            raise Unreachable(self.exchange.connection.discreet(detail)) from None
        if "error" in found:
            raise self._refusal(method, found["error"])
        return found["result"]

    def _refusal(self, method: str, error: Any) -> DeliveryError:
        kind, *more = error if isinstance(error, list) and error else [error]
        message = " ".join(str(each) for each in _flat(more) if each)
        text = self.exchange.connection.discreet(f"{method}: {kind} {message}".strip())
        if kind == "LoginException":
            # It asks for more, such as a code that only a person has.
            return Unreachable(f"Tryton does not let this user in: {text}", code="erp_denied")
        return Refused(f"Tryton: {text[:_LONGEST]}")


@contextmanager
def session(exchange: Exchange, database: str, user: str, password: str) -> Iterator[Tryton]:
    """Logged in, and out again. Raises Unreachable (erp_denied) for a wrong password."""
    tryton = Tryton(exchange, database, {}, {})
    uid, token, *_ = tryton.call("common.db.login", user, {"password": password})
    text = base64.b64encode(f"{user}:{uid}:{token}".encode()).decode()
    tryton.headers = {"Authorization": f"Session {text}"}
    try:
        tryton.context = dict(tryton.call("model.res.user.get_preferences", True, {}))
        yield tryton
    finally:
        with suppress(DeliveryError):
            tryton.call("common.db.logout")


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": f"{value:f}"}
    raise TypeError(f"{type(value).__name__} has no JSON")


def _read(document: Mapping[str, Any]) -> Any:
    """Decimals as such; other classes stay what they are, for nothing here reads them."""
    return Decimal(document["decimal"]) if document.get("__class__") == "Decimal" else document
