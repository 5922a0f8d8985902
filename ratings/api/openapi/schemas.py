"""WSME types as schemas of JSON: what bodies may say, and what answers do say.

Numbers and instants come in in more forms than they go out in, and unknown attributes
are refused; so a type of a body and a type of an answer are described differently.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import wsme.types

from ratings.api import values
from ratings.api.openapi.absences import may_be_missing, may_be_null
from ratings.api.openapi.bounds import bounds
from ratings.api.openapi.glossary import meaning

Schema = Mapping[str, Any]

STAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"
ISO = (
    r"^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)?)?$"
)
"""The usual forms of ISO 8601. The less usual are understood, too."""

_FLAG = "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|0|1)$"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$"
_ID = r"^0{0,2}[1-9]\d{0,17}$"
_NO_NUL = r"^[^\x00]*$"


class Schemas:
    """Schemas by name, as they are asked for."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self._types: dict[str, Any] = {}

    def answer(self, datatype: Any) -> Schema:
        """Of an attribute of an answer, or of a whole one."""
        if isinstance(datatype, wsme.types.ArrayType):
            return {"type": "array", "items": self.answer(datatype.item_type)}
        if wsme.types.iscomplex(datatype):
            return self._named(datatype, self._answered)
        return told(datatype)

    def page(self, datatype: Any, plural: str) -> Schema:
        """Of a list, whose rows are of a type."""
        rows = {"type": "array", "items": self.answer(datatype), "description": "The rows."}
        name = f"{datatype.__name__}Page"
        self.found[name] = {
            "type": "object",
            "description": "A page of a list; without a link there is no other after it.",
            "properties": {plural: rows, "links": _LINKS},
            "required": [plural, "links"],
        }
        return {"$ref": f"#/components/schemas/{name}"}

    def body(self, datatype: Any) -> Schema:
        """Of a body."""
        return self._named(datatype, self._taken)

    def _named(self, datatype: Any, make: Any) -> Schema:
        name = datatype.__name__
        if self._types.setdefault(name, datatype) is not datatype:
            raise ValueError(f"two types are called {name}")
        if name not in self.found:
            self.found[name] = {}  # a type may contain itself
            self.found[name] = {**make(datatype), **_described(datatype)}
        return {"$ref": f"#/components/schemas/{name}"}

    def _answered(self, datatype: Any) -> dict[str, Any]:
        name, properties, required = datatype.__name__, {}, []
        for attribute in wsme.types.list_attributes(datatype):
            schema = self.answer(attribute.datatype)
            if may_be_null(name, attribute.name):
                schema = nullable(schema)
            properties[attribute.name] = {**schema, "description": meaning(name, attribute.name)}
            if not may_be_missing(name, attribute.name):
                required.append(attribute.name)
        return {"type": "object", "properties": properties, "required": required}

    def _taken(self, datatype: Any) -> dict[str, Any]:
        name, properties, required = datatype.__name__, {}, []
        for attribute in wsme.types.list_attributes(datatype):
            schema = taken(attribute.datatype)
            if attribute.mandatory:
                required.append(attribute.name)
            else:
                schema = nullable(schema)
            schema = {**schema, **bounds(name, attribute.name)}
            properties[attribute.name] = {**schema, "description": meaning(name, attribute.name)}
        found = {"type": "object", "properties": properties, "additionalProperties": False}
        return {**found, "required": required} if required else found


_LINKS = {
    "type": "array",
    "description": "The link to the next page; none on the last.",
    "items": {
        "type": "object",
        "properties": {
            "rel": {"const": "next", "description": "What follows this page."},
            "href": {"type": "string", "format": "uri", "description": "URL of the next page."},
        },
        "required": ["rel", "href"],
    },
}


def told(datatype: Any) -> dict[str, Any]:
    """Of a single value in an answer."""
    if isinstance(datatype, values.Instant):
        return {"type": "string", "format": "date-time", "pattern": STAMP}
    if isinstance(datatype, values.Whole) and datatype.least > -values.LARGEST:
        return {"type": "integer", "minimum": datatype.least}
    if isinstance(datatype, values.Text):
        return {"type": "string"}
    return dict(datatype.schema)


def taken(datatype: Any) -> dict[str, Any]:
    """Of a single value in a body."""
    if isinstance(datatype, values.Number):
        return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": _NUMBER}]}
    if isinstance(datatype, values.Flag):
        texts = {"type": "string", "pattern": _FLAG}
        return {"anyOf": [{"type": "boolean"}, texts, {"enum": [0, 1]}]}
    if isinstance(datatype, values.Ids):
        return {"type": "array", "items": taken(values.Whole(1))}
    if isinstance(datatype, values.Texts):
        text = _text(values.Text(empty=True))
        return {"type": "object", "propertyNames": text, "additionalProperties": text}
    if isinstance(datatype, values.Names):
        return {"type": "array", "items": _text(values.Text())}
    if isinstance(datatype, values.Objects):
        each = {name: taken(one) for name, one in datatype.attributes.items()}
        item = {"type": "object", "properties": each, "required": list(each)}
        return {"type": "array", "items": {**item, "additionalProperties": False}}
    if isinstance(datatype, values.Whole):
        return {"anyOf": [_whole(datatype), {"type": "string", "pattern": _ID}]}
    return asked(datatype)


def asked(datatype: Any) -> dict[str, Any]:
    """Of a single value in a query string."""
    if isinstance(datatype, values.Instant):
        return {"type": "string", "pattern": ISO}
    if isinstance(datatype, values.Whole):
        return _whole(datatype)
    if isinstance(datatype, values.Text):
        return _text(datatype)
    if isinstance(datatype, values.Flag):
        return {"type": "string", "pattern": _FLAG}
    if isinstance(datatype, values.Choices):
        return {"type": "array", "items": {"type": "string", "enum": list(datatype.words)}}
    return dict(datatype.schema)


def nullable(schema: Schema) -> dict[str, Any]:
    """`schema`, or null."""
    if isinstance(schema.get("type"), str) and "anyOf" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    if "anyOf" in schema and "type" not in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    return {"anyOf": [dict(schema), {"type": "null"}]}


def _whole(datatype: values.Whole) -> dict[str, Any]:
    return {"type": "integer", "minimum": datatype.least, "maximum": datatype.most}


def _text(datatype: values.Text) -> dict[str, Any]:
    found = {"type": "string", "maxLength": datatype.longest, "pattern": _NO_NUL}
    return found if datatype.empty else {**found, "minLength": 1}


def _described(datatype: Any) -> dict[str, Any]:
    # Not inspect.getdoc: it would give what WSME says of its base.
    text = datatype.__doc__
    return {"description": " ".join(inspect.cleandoc(text).split())} if text else {}
