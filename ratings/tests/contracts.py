"""Every answer of an application compared with what its document says."""

import json
import re
from decimal import Decimal
from functools import cache
from urllib.parse import unquote

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from ratings import plugins
from ratings.api.app import url_tree
from ratings.api.openapi.document import document

URN = "urn:ratings"


@cache
def described():
    """The document of an API that everybody may use."""
    return document(url_tree(None), plugins.exporters(), "http://ratings", secured=False)


class Watched:
    """A WSGI application; `differences` are its answers that are not as described."""

    def __init__(self, app):
        self.app = app
        self.differences = []

    def __call__(self, environ, start_response):
        told = []

        def start(status, headers, exc_info=None):
            told[:] = [int(status[:3]), {name.lower(): value for name, value in headers}]
            return start_response(status, headers, exc_info)

        found = self.app(environ, start)
        body = b"".join(found)
        if hasattr(found, "close"):
            found.close()
        verb, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.differences += [f"{verb} {path}: {d}" for d in differences(verb, path, *told, body)]
        return [body]


def differences(verb, path, status, headers, body):
    """How an answer differs from the document; nothing of URLs that it does not have."""
    place, operation = operation_of(verb, path)
    if operation is None:
        return []
    answer = operation["responses"].get(str(status))
    if answer is None:
        return [f"{status} is not described"]
    if "$ref" in answer:
        place = ["components", "responses", answer["$ref"].rpartition("/")[2]]
        answer = described()["components"]["responses"][place[-1]]
    else:
        place = [*place, "responses", str(status)]
    missing = [
        name
        for name in answer.get("headers", {})
        if name.lower() not in headers and name != "Idempotent-Replayed"
    ]
    return [f"no header {name}" for name in missing] + _of_body(
        verb, answer, place, headers.get("content-type", ""), body
    )


def _of_body(verb, answer, place, content_type, body):
    media_type = content_type.partition(";")[0]
    if "content" not in answer:
        return [f"a body of {media_type}"] if body else []
    if media_type not in answer["content"]:
        return [f"a body of {media_type!r}"]
    if verb == "HEAD" or media_type != "application/json":
        return []
    value = json.loads(body, parse_float=Decimal)
    found = validator((*place, "content", media_type, "schema")).iter_errors(value)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


@cache
def validator(place):
    """Of the schema at a place of the document."""
    resource = Resource.from_contents(described(), default_specification=DRAFT202012)
    pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)
    registry = Registry().with_resource(URN, resource)
    return Draft202012Validator({"$ref": f"{URN}#/{pointer}"}, registry=registry)


def operation_of(verb, path):
    """The place and the description of an operation; None for none."""
    name = "get" if verb == "HEAD" else verb.lower()
    path = unquote(path.encode("latin-1").decode("utf-8", "replace")).rstrip("/") or "/"
    for template, pattern in patterns():
        if pattern.fullmatch(path):
            return ["paths", template, name], described()["paths"][template].get(name)
    return [], None


@cache
def patterns():
    """What each path matches: those with fewer parameters first, and longer ones."""
    templates = sorted(described()["paths"], key=lambda t: (t.count("{"), -len(t)))
    templates.sort(key=lambda t: not t.endswith(("/explain", "/lines/{number}")))
    return [(t, re.compile(re.sub(r"\{\w+\}", "(.+)", t), re.DOTALL)) for t in templates]
