"""The two ways into Odoo: JSON-2 (since 19), and XML-RPC (deprecated since then).

Both call methods of models as one user. Numbers go out with every digit that they
have, and come back as Decimal.
"""

from __future__ import annotations

import json
import xmlrpc.client
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

import msgspec

from ratings.core.deliveries import Refused, Unreachable
from ratings.erp.connection import Answer, Exchange

Values = Mapping[str, Any]

_LONGEST_FAULT = 500
_ACCESS = {3, 4}
"""Fault codes of Odoo: access denied, and access to this model denied."""


class Odoo(ABC):
    """One user of one database. Raises Refused (erp_refused) and Unreachable."""

    @abstractmethod
    def search(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], limit: int = 2
    ) -> list[dict[str, Any]]:
        """Up to `limit` records that fit, with their id and `fields`."""

    @abstractmethod
    def create(self, model: str, values: Values) -> int:
        """The id of a new record."""

    @abstractmethod
    def fields(self, model: str) -> set[str]:
        """The names of the fields of a model, which differ between releases."""


@dataclass(slots=True)
class Json2(Odoo):
    """``POST /json/2/<model>/<method>`` with an API key."""

    exchange: Exchange
    database: str
    api_key: str = field(repr=False)

    def search(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], limit: int = 2
    ) -> list[dict[str, Any]]:
        found = self._call(model, "search_read", domain=domain, fields=fields, limit=limit)
        return list(found)

    def create(self, model: str, values: Values) -> int:
        (created,) = self._call(model, "create", vals_list=[values])
        return int(created)

    def fields(self, model: str) -> set[str]:
        return set(self._call(model, "fields_get", attributes=["type"]))

    def _call(self, model: str, method: str, **named: Any) -> Any:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": f"bearer {self.api_key}",
            "X-Odoo-Database": self.database,
        }
        body = msgspec.json.Encoder(decimal_format="number").encode(named)
        answer = self.exchange.post(f"/json/2/{model}/{method}", body, headers)
        if answer.good:
            return _json(answer)
        told = _json(answer)
        message = str(told.get("message", "")) if isinstance(told, dict) else ""
        raise _refused(self.exchange, model, method, message or answer.excerpt())


@dataclass(slots=True)
class XmlRpc(Odoo):
    """``/xmlrpc/2/common`` and ``/xmlrpc/2/object``; an API key takes the password's place."""

    exchange: Exchange
    database: str
    user: str
    api_key: str = field(repr=False)
    _uid: int | None = field(default=None, init=False)

    def search(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], limit: int = 2
    ) -> list[dict[str, Any]]:
        named = {"fields": list(fields), "limit": limit}
        return list(self._execute(model, "search_read", [list(domain)], named))

    def create(self, model: str, values: Values) -> int:
        return int(self._execute(model, "create", [values], {}))

    def fields(self, model: str) -> set[str]:
        return set(self._execute(model, "fields_get", [], {"attributes": ["type"]}))

    def _execute(self, model: str, method: str, given: list[Any], named: Values) -> Any:
        if self._uid is None:
            who: tuple[Any, ...] = self.database, self.user, self.api_key, {}
            found = self._call("common", "authenticate", who, "common")
            if not found:
                raise Unreachable("Odoo knows no such user, or not the API key", code="erp_denied")
            self._uid = int(found)
        what = self.database, self._uid, self.api_key, model, method, given, named
        return self._call("object", "execute_kw", what, f"{model}.{method}")

    def _call(self, service: str, method: str, given: Any, place: str) -> Any:
        body = _Marshaller("utf-8", allow_none=False).dumps(given)
        request = f"<?xml version='1.0'?><methodCall><methodName>{method}</methodName>{body}"
        headers = {"Content-Type": "text/xml"}
        sent = f"{request}</methodCall>".encode()
        answer = self.exchange.post(f"/xmlrpc/2/{service}", sent, headers)
        if not answer.good:
            raise _refused(self.exchange, place, "", f"{answer.status}: {answer.excerpt()}")
        try:
            return _unmarshalled(answer.body)
        except xmlrpc.client.Fault as fault:
            # Of what is no message for a person, this is a traceback; its last line says it.
            lines = [line for line in str(fault.faultString).splitlines() if line.strip()] or [""]
            if fault.faultCode in _ACCESS:
                says = self.exchange.connection.discreet(lines[-1][:_LONGEST_FAULT])
                raise Unreachable(f"Odoo: {place}: {says}", code="erp_denied") from None
            raise _refused(self.exchange, place, "", lines[-1]) from None


def _refused(exchange: Exchange, model: str, method: str, message: str) -> Refused:
    place = ".".join(filter(None, (model, method)))
    says = exchange.connection.discreet(" ".join(message.split())[:_LONGEST_FAULT])
    return Refused(f"Odoo: {place}: {says}")


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body, parse_float=Decimal)
    except ValueError:
        if answer.good:
            raise Unreachable(f"Odoo answered what is no JSON: {answer.excerpt()}") from None
        return None


class _Marshaller(xmlrpc.client.Marshaller):
    """Writes a Decimal as a double with every digit."""

    def _decimal(self, value: Decimal, write: Any) -> None:
        write(f"<value><double>{value:f}</double></value>\n")

    dispatch = cast(Any, {**xmlrpc.client.Marshaller.dispatch, Decimal: _decimal})


class _Unmarshaller(xmlrpc.client.Unmarshaller):
    """Reads a double as a Decimal."""

    def _double(self, data: str) -> None:
        self.append(Decimal(data))
        self._value = False

    dispatch = cast(Any, {**xmlrpc.client.Unmarshaller.dispatch, "double": _double})


def _unmarshalled(body: bytes) -> Any:
    """Raises xmlrpc.client.Fault, and Unreachable for what is no XML-RPC."""
    target = _Unmarshaller()
    parser = xmlrpc.client.ExpatParser(target)
    try:
        parser.feed(body)
        parser.close()
        (found,) = target.close()
    except xmlrpc.client.Fault:
        raise
    except Exception:  # expat and the unmarshaller raise whatever comes to their minds
        raise Unreachable("Odoo answered what is no XML-RPC") from None
    return found
