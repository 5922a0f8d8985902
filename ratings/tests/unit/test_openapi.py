"""The contract as a document: valid, complete, and nothing in it that is not there."""

import json
import re
from collections import Counter

import pytest
import wsme.types
from openapi_spec_validator import OpenAPIV31SpecValidator

from ratings import plugins, shipped
from ratings.api.app import url_tree
from ratings.api.endpoint import Contract, endpoint
from ratings.api.openapi import absences, bodies, bounds, glossary, refusals
from ratings.api.openapi.document import document
from ratings.api.openapi.walking import operations
from ratings.api.resource import Resource
from ratings.api.values import Text
from ratings.core.errors import InvalidInput
from ratings.policies.versions import LIST
from ratings.readers import Reader
from ratings.tests import contracts

URL = "http://127.0.0.1:9999"


@pytest.fixture(scope="module")
def found():
    return document(url_tree(None), plugins.exporters(), URL, secured=True)


@pytest.fixture(scope="module")
def reader():
    return Reader(plugins.with_meters(plugins.definitions()))


def described(found):
    """Every operation: (verb, path, description)."""
    for path, item in found["paths"].items():
        for verb, operation in item.items():
            yield verb, path, operation


def types():
    """Every complex type of a contract, and of what is within it, by name."""
    known = {}

    def see(datatype):
        if isinstance(datatype, wsme.types.ArrayType):
            see(datatype.item_type)
        elif wsme.types.iscomplex(datatype) and datatype.__name__ not in known:
            known[datatype.__name__] = datatype
            for attribute in wsme.types.list_attributes(datatype):
                see(attribute.datatype)

    for operation in operations(url_tree(None)):
        contract = operation.contract
        for datatype in (contract.query, contract.body, contract.answer):
            if datatype is not bytes:
                see(datatype)
    return known


def attributes():
    """Every attribute of every type, as (type, name)."""
    return [(t, a.name) for t, made in types().items() for a in wsme.types.list_attributes(made)]


def test_the_document_is_valid(found):
    OpenAPIV31SpecValidator(json.loads(json.dumps(found))).validate()


def test_operations_have_names_of_their_own_and_say_what_they_do(found):
    names = Counter(operation["operationId"] for _, _, operation in described(found))
    assert set(names.values()) == {1}
    assert {"list_prices", "create_price", "get_price", "update_price", "delete_price"} <= set(
        names
    )
    tags = {tag["name"] for tag in found["tags"] if tag["description"]}
    for _, path, operation in described(found):
        assert operation["summary"], path
        assert not operation["summary"].endswith("."), path
        # What is raised is for who reads the code.
        assert not re.search(r"NotFound|InvalidInput|Conflict|Raises", operation["description"])
        assert set(operation["tags"]) <= tags


def test_every_parameter_of_a_path_is_declared(found):
    for _, path, operation in described(found):
        declared = [p["name"] for p in operation.get("parameters", ()) if p.get("in") == "path"]
        assert re.findall(r"\{(\w+)\}", path) == declared


def test_every_attribute_of_every_type_is_explained():
    for datatype, name in attributes():
        assert glossary.meaning(datatype, name).endswith("."), (datatype, name)


def test_every_schema_and_every_tag_says_what_it_is(found):
    for name, schema in found["components"]["schemas"].items():
        assert schema["description"].endswith("."), name
    for tag in found["tags"]:
        assert re.match(r"[A-Z].*\.$", tag["description"]), tag


def test_nothing_is_told_of_attributes_that_are_not_there():
    known = attributes()
    plain = {name for _, name in known}
    for word in glossary.WORDS:
        datatype, _, name = word.rpartition(".")
        assert (datatype, name) in known if datatype else name in plain, word
    told = [*absences.NULL.items(), *absences.MISSING.items()]
    assert [(t, n) for t, names in told for n in names.split() if (t, n) not in known] == []
    assert [k for k in bounds._BOUNDS if tuple(k.split(".")) not in known] == []
    parts = {part for operation in operations(url_tree(None)) for part in operation.parts}
    assert set(glossary.IDS) == parts


def test_two_types_of_one_name_are_refused():
    def typed(module):
        attribute = wsme.types.wsattr(Text(), mandatory=True)
        return type("Price", (wsme.types.Base,), {"tenant_id": attribute, "__module__": module})

    class One(Resource):
        """One of two."""

        get_all = endpoint(Contract(rule=LIST, answer=typed("one")))(lambda self: None)

    class Other(Resource):
        """The other."""

        get_all = endpoint(Contract(rule=LIST, answer=typed("other")))(lambda self: None)

    tree = One(None, v1=Resource(None, prices=Other(None)))
    with pytest.raises(ValueError, match="two types are called Price"):
        document(tree, {}, URL, secured=False)


def test_the_codes_are_those_of_the_page_of_codes():
    page = shipped.migrations().parent / "doc" / "source" / "reference" / "codes.rst"
    if not page.is_file():
        pytest.skip("needs a checkout")
    text = page.read_text(encoding="utf-8").partition(".. _parking-codes:")[0]
    told = re.findall(r"^   \* - ``(\w+)``\n     - (\d+)$", text, re.MULTILINE)
    known = {(code, str(status)) for status, codes in refusals.CODES.items() for code in codes}
    # Those of commands have no status, or none that the API ever answers.
    of_commands = {("instant_invalid", "400"), ("list_invalid", "400"), ("list_too_fresh", "409")}
    assert set(told) - of_commands == known


def test_each_refusal_is_of_one_form(found):
    for name, answer in found["components"]["responses"].items():
        if name != "NotModified":
            schema = answer["content"]["application/json"]["schema"]
            item = schema["properties"]["errors"]["items"]
            assert item["$ref"] == "#/components/schemas/Error"
            assert item["properties"]["code"]["enum"]


def test_writes_take_a_key_and_reads_have_an_etag(found):
    for verb, path, operation in described(found):
        refs = {p.get("$ref", "").rpartition("/")[2] for p in operation.get("parameters", ())}
        if verb == "get":
            assert "IfNoneMatch" in refs
            assert "304" in operation["responses"]
        elif path in ("/v1/events", "/v1/samples"):
            assert "IdempotencyKey" not in refs
        else:
            assert "IdempotencyKey" in refs
            assert {"409", "422"} <= operation["responses"].keys()


def test_who_must_say_who_they_are(found):
    asked = {
        (verb, path): [name for scheme in operation["security"] for name in scheme]
        for verb, path, operation in described(found)
    }
    assert asked["get", "/"] == asked["get", "/v1/openapi.json"] == []
    assert asked["post", "/v1/events"] == ["token", "ingest"]
    assert asked["post", "/v1/prices"] == ["token"]
    open_to_all = contracts.described()
    assert "securitySchemes" not in open_to_all["components"]
    assert not any("security" in operation for _, _, operation in described(open_to_all))


def test_names_in_a_list_have_at_least_one_character(found):
    asked = found["components"]["schemas"]["CollectRequest"]["properties"]["tenant_ids"]
    assert '"minLength": 1' in json.dumps(asked)


def test_every_installed_format_is_offered(found):
    operation = found["paths"]["/v1/sales_orders/{order_id}"]["get"]
    (parameter,) = [p for p in operation["parameters"] if p.get("name") == "format"]
    assert parameter["schema"]["enum"] == sorted(plugins.exporters())
    types = {e.media_type.partition(";")[0] for e in plugins.exporters().values()}
    assert set(operation["responses"]["200"]["content"]) == types


@pytest.mark.parametrize("name", ["CeilometerEvent", "Notification", "FlatEvent"])
def test_examples_of_events_are_understood(reader, name):
    for example in bodies.schemas()[name]["examples"]:
        readings = [each.reading for each in reader.read(json.dumps(example).encode(), "R1")]
        assert [type(reading).__name__ for reading in readings] == ["Event"]


def test_the_example_of_a_sample_is_understood(reader):
    for example in bodies.schemas()["Sample"]["examples"]:
        readings = [r.reading for r in reader.read_sample(json.dumps(example).encode(), "R1")]
        assert {type(reading).__name__ for reading in readings} == {"Event"}


@pytest.mark.parametrize(
    "body", [{}, {"colour": "red"}, {"resource_id": "a"}, {"message_id": "a"}, [], 1, None]
)
def test_what_the_schema_of_events_does_not_fit_is_no_event(reader, body):
    place = ("paths", "/v1/events", "post", "requestBody", "content", "application/json", "schema")
    assert contracts.validator(place).is_valid(body) == (body == [])
    if isinstance(body, dict):
        with pytest.raises(InvalidInput):
            reader.read(json.dumps(body).encode(), "R1")


def test_a_difference_is_seen():
    told = {"x-openstack-request-id": "req-1", "etag": '""', "cache-control": "private"}
    headers = {**told, "content-type": "application/json"}
    page = b'{"prices": [], "links": []}'
    assert contracts.differences("GET", "/v1/prices", 200, headers, page) == []
    for status, changed, body, difference in [
        (302, {}, page, "302 is not described"),
        (200, {"content-type": "text/html"}, page, "a body of 'text/html'"),
        (200, {}, b'{"prices": []}', "$: 'links' is a required property"),
        (200, {}, b'{"prices": [], "links": [1]}', "$.links[0]: 1 is not of type 'object'"),
    ]:
        seen = contracts.differences("GET", "/v1/prices", status, headers | changed, body)
        assert seen == [difference]
    del headers["etag"]
    assert contracts.differences("HEAD", "/v1/prices", 200, headers, b"") == ["no header ETag"]
