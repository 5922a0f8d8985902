"""What no well-meaning client sends. Nothing of it is answered 5xx, and the API goes on."""

import gzip
import io
import json
from wsgiref.util import setup_testing_defaults

import pytest

CREATE = {
    "message_id": "5f0f1d62-1c3d-4a53-8e0a-000000000001",
    "event_type": "compute.instance.create.end",
    "generated": "2026-01-10T00:00:00",
    "traits": [
        ["resource_id", 1, "web-1"],
        ["tenant_id", 1, "acme"],
        ["vcpus", 2, 2],
        ["state", 1, "active"],
    ],
}
FLAT = {
    "resource_id": "data",
    "resource_type": "volume",
    "event_type": "create",
    "event_time": "2026-01-10T00:00:00",
    "region": "RegionOne",
    "tenant_id": "acme",
    "content": {"size": 10},
}


def ceilometer(**changes):
    return json.dumps([CREATE | changes]).encode()


def flat(**changes):
    return json.dumps(FLAT | changes).encode()


def with_trait(name, value):
    return ceilometer(traits=[*CREATE["traits"], [name, 2, value]])


BODIES = {
    "nothing": b"",
    "spaces": b" \n ",
    "a number": b"1",
    "a text": b'"event"',
    "null": b"null",
    "true": b"true",
    "not a number": b"NaN",
    "a list of lists": b"[[[]]]",
    "a list of nulls": b"[null, null]",
    "half a list": ceilometer()[:-1],
    "half a text": b'[{"message_id": "',
    "two lists": ceilometer() * 2,
    "a list and more": ceilometer() + b" ]",
    "ten megabytes of spaces": b" " * 10_000_000,
    "ten megabytes of one text": b'{"event_type": "' + b"x" * 10_000_000 + b'"}',
    "ten megabytes in a trait": with_trait("display_name", "x" * 10_000_000),
    "a hundred thousand objects": b"[" + b"{}," * 99_999 + b"{}]",
    "a hundred thousand numbers": b"[" + b"1," * 99_999 + b"1]",
    "a hundred thousand brackets": b"[" * 100_000,
    "a deep list": b"[" * 50_000 + b"]" * 50_000,
    "a deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a deep trait": ceilometer().replace(b'"active"', b"[" * 50_000 + b"]" * 50_000),
    "utf-16": ceilometer().decode().encode("utf-16"),
    "utf-32": ceilometer().decode().encode("utf-32"),
    "latin-1": '[{"event_type": "caf\xe9"}]'.encode("latin-1"),
    "a byte order mark": b"\xef\xbb\xbf" + ceilometer(),
    "gzip": gzip.compress(ceilometer()),
    "random bytes": bytes(range(256)) * 10,
    "NUL": b"\0",
    "NUL in a text": ceilometer().replace(b"web-1", b"web\0-1"),
    "NUL, escaped": ceilometer().replace(b"web-1", b"web\\u0000-1"),
    "half a surrogate pair": ceilometer().replace(b"web-1", b"web\\ud800-1"),
    "the other half in a key": ceilometer().replace(b'"generated"', b'"\\udfff"'),
    "a tab in a text": ceilometer().replace(b"web-1", b"web\t-1"),
    "a negative size": with_trait("memory_mb", -1),
    "an infinite size": ceilometer().replace(b"2]", b"1e999999999]"),
    "a size without end": ceilometer().replace(b"2]", b"9" * 100_000 + b"]"),
    "a tiny size": ceilometer().replace(b"2]", b"1e-999999999]"),
    "a size in words": with_trait("memory_mb", "plenty"),
    "a size as an object": with_trait("memory_mb", {"mb": 1}),
    "year 9999": ceilometer(generated="9999-12-31T23:59:59.999999"),
    "year 9999 further west": ceilometer(generated="9999-12-31T23:59:59-12:00"),
    "year 1": ceilometer(generated="0001-01-01T00:00:00"),
    "year 1 further east": ceilometer(generated="0001-01-01T00:00:00+12:00"),
    "the 30th of February": ceilometer(generated="2026-02-30T00:00:00"),
    "time as a number": ceilometer(generated=1760000000),
    "no time": ceilometer(generated=None),
    "traits as an object": ceilometer(traits={"resource_id": "web-1"}),
    "traits of one part": ceilometer(traits=[["resource_id"]]),
    "traits as texts": ceilometer(traits=["resource_id"]),
    "no traits": ceilometer(traits=None),
    "a message id as a list": ceilometer(message_id=["a"]),
    "an empty message id": ceilometer(message_id=""),
    "a long message id": ceilometer(message_id="x" * 100_000),
    "a type as a number": ceilometer(event_type=5),
    "an unknown type": ceilometer(event_type="spaceship.launch.end"),
    "a type of SQL": ceilometer(event_type="'; DROP TABLE events; --"),
    "a resource id of SQL": ceilometer().replace(b"web-1", b"'); DROP TABLE events; --"),
    "a resource id of COPY": ceilometer().replace(b"web-1", b"\\\\N\\n\\\\."),
    "a long resource id": ceilometer().replace(b"web-1", b"x" * 10_000),
    "percents": ceilometer().replace(b"web-1", b"%(id)s %s %%"),
    "raw as a text": ceilometer(raw="raw"),
    "raw of another kind": ceilometer(raw={"payload": [1, 2]}),
    "a notification without a payload": b'{"event_type": "x", "payload": null, "priority": 1}',
    "an envelope of nonsense": b'{"oslo.version": "2.0", "oslo.message": "{"}',
    "an envelope in an envelope": b'{"oslo.version": "2.0",'
    b' "oslo.message": "{\\"oslo.message\\":1}"}',
    "a flat negative size": flat(content={"size": -1}),
    "a flat size of nothing": flat(content={"size": None}),
    "a flat size of true": flat(content={"size": True}),
    "flat content as a list": flat(content=[10]),
    "a flat size without end": flat(content={"size": 10}).replace(b"10}", b"1e400}"),
    "a flat type as a number": flat(resource_type=7),
    "a flat unknown type": flat(resource_type="spaceship"),
    "a flat unknown event": flat(event_type="explode"),
    "a flat region of nothing": flat(region=""),
    "a flat long region": flat(region="x" * 10_000),
    "a flat tenant with NUL": flat(tenant_id="a\0b"),
    "duplicate keys": b'{"event_type": "a", "event_type": "b", "traits": [], "generated": 1}',
}


def post(client, path, body, **headers):
    return client.post(path, content=body, headers={"Content-Type": "application/json", **headers})


def goes_on(client):
    """The API takes the next event, and everything that came in is accounted for."""
    answer = post(client, "/v1/events", ceilometer(message_id="the next one"))
    status = client.get("/v1/status").json()
    return answer.status_code == 202 and answer.json()["rated"] == 1 and status["balanced"]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_no_body_breaks_the_way_in(client, body):
    answer = post(client, "/v1/events", body)
    assert answer.status_code in (202, 400)
    if answer.status_code == 400:
        assert all(error["code"] for error in answer.json()["errors"])
        assert client.get("/v1/status").json()["received"] == 0
    assert goes_on(client)


PRICE = '{"resource_type": "vcpu", "unit_price": %s}'
DRAFTS = {
    "no JSON": "{",
    "a list": "[]",
    "a price of true": PRICE % "true",
    "a price of a list": PRICE % "[1]",
    "a price of words": PRICE % '"cheap"',
    "an infinite price": PRICE % '"Infinity"',
    "a price of NaN": PRICE % "NaN",
    "a signalling price": PRICE % '"sNaN"',
    "a huge price": PRICE % "1e999999999",
    "a long price": PRICE % ("9" * 5000),
    "a price of too many places": PRICE % ("0." + "0" * 100 + "1"),
    "an underscored price": PRICE % '"1_000"',
    "a price in other digits": PRICE % '"\u0661"',
    "a negative price": PRICE % "-0.01",
    "a deep price": PRICE % ("[" * 50_000 + "]" * 50_000),
    "a component with NUL": '{"resource_type": "v\\u0000", "unit_price": 1}',
    "half a surrogate pair": '{"resource_type": "vcpu", "unit_price": 1, "name": "\\ud800"}',
    "a long name": json.dumps({"resource_type": "vcpu", "unit_price": 1, "name": "x" * 5000}),
    "a match of numbers": '{"resource_type": "vcpu", "unit_price": 1, "match": {"flavor": 1}}',
    "a match of a list": '{"resource_type": "vcpu", "unit_price": 1, "match": []}',
    "a currency of a place": '{"resource_type": "vcpu", "unit_price": 1, "currency": "Ruritania"}',
    "a per of a fortnight": '{"resource_type": "vcpu", "unit_price": 1, "per": "fortnight"}',
    "a start at a number": '{"resource_type": "vcpu", "unit_price": 1, "start_at": 5}',
    "an end before the start": '{"resource_type": "vcpu", "unit_price": 1,'
    ' "start_at": "2026-01-02", "end_at": "2026-01-01"}',
    "a currency with a digit": '{"resource_type": "vcpu", "unit_price": 1, "currency": "U1D"}',
    **{
        f"{name} of {value}"[
            :60
        ]: f'{{"resource_type": "vcpu", "unit_price": 1, "{name}": {value}}}'
        for name, values in {
            "free": ("-1", '"some"', "[1]", "true", "{}", "1e12", "0." + "0" * 30 + "1", "NaN"),
            "tiers": (
                *("5", "true", '""', "{}", "[null]", "[1]", "[[]]", '["1000:0.07"]', "[{}]"),
                '[{"above": 1}]',
                '[{"above": 1, "unit_price": null}]',
                '[{"above": 1, "unit_price": 1, "colour": 2}]',
                '[{"above": -1, "unit_price": 1}]',
                '[{"above": 0, "unit_price": 1}]',
                '[{"above": 1e999999999, "unit_price": 1}]',
                '[{"above": "Infinity", "unit_price": 1}]',
                '[{"above": 2, "unit_price": 1}, {"above": 2, "unit_price": 3}]',
                '[{"above": 1, "unit_price": -1}]',
                "[" * 50_000 + "]" * 50_000,
                json.dumps([{"above": n, "unit_price": 1} for n in range(1, 102)]),
            ),
            "retroactive": ('"perhaps"', "5", "[]", "{}"),
        }.items()
        for value in values
    },
    "an end beyond time": '{"resource_type": "vcpu", "unit_price": 1,'
    ' "end_at": "9999-12-31T23:59:59-12:00"}',
}


@pytest.mark.parametrize("draft", DRAFTS.values(), ids=DRAFTS)
def test_no_draft_breaks_the_price_book(client, draft):
    answer = post(client, "/v1/prices", draft.encode())
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] in (
        *("body_not_json", "body_invalid", "price_invalid", "nesting_too_deep"),
    )
    assert client.get("/v1/prices").json()["prices"] == []


URLS = [
    "/v1/resources/%00",
    "/v1/resources/%FF",
    "/v1/resources/%ED%A0%80",
    "/v1/resources/" + "x" * 5000,
    "/v1/resources/a/b//c/",
    "/v1/resources/%25%28id%29s",
    "/v1/resources/?tenant_id=%00",
    "/v1/resources?tenant_id=%FF",
    "/v1/resources?tenant_id=%ED%A0%80",
    "/v1/resources?marker=99999999999999999999",
    "/v1/resources?marker=-1",
    "/v1/resources?marker=1e3",
    "/v1/resources?limit=%D9%A1",
    "/v1/resources?deleted=perhaps",
    "/v1/resources?__proto__=1",
    "/v1/records?start=9999-12-31T23:59:59-12:00",
    "/v1/records?start=0001-01-01T00:00:00%2B12:00",
    "/v1/records?start=0001-01-01&end=9999-12-31",
    "/v1/records?resource_id=%27%20OR%201=1--",
    "/v1/records/%27",
    "/v1/records?superseded=",
    "/v1/summary?groupby=tenant_id;DROP",
    "/v1/summary?groupby=day&start=0001-01-01",
    "/v1/summary?groupby=day,day,month,month",
    "/v1/summary?marker=W10=",
    "/v1/summary?groupby=day&marker=WyJcdTAwMDAiLCAiIl0=",
    "/v1/usage?tenant_id=acme&start=0001-01-01&end=9999-12-31T23:59:59.999999",
    "/v1/prices/0",
    "/v1/prices/-1",
    "/v1/prices/99999999999999999999999",
    "/v1/prices?at=now",
    "/v1/events?_method=DELETE",
    "/v1/_route",
    "/v1/services",
    "/v1/children",
    "/v1/events/get_all",
    "/v1/events/__init__",
    "//v1//events",
    "/v1/../v1/status",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/v1/status.json",
]


@pytest.mark.parametrize("asked", URLS)
def test_no_url_breaks_the_way_out(client, asked):
    answer = client.get(asked)
    assert answer.status_code in (200, 400, 404)
    assert answer.headers["content-type"] == "application/json"
    assert goes_on(client)


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "DELETE", "PROPFIND"])
def test_no_method_breaks_a_list(client, method):
    answer = client.request(method, "/v1/prices")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"


def test_a_compressed_body_is_refused_as_such(client):
    answer = post(client, "/v1/events", gzip.compress(ceilometer()), **{"Content-Encoding": "gzip"})
    assert answer.status_code == 415


def test_a_body_larger_than_the_limit_is_not_read(client):
    answer = post(client, "/v1/events", b" " * (16 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "body_too_large"


class Endless(io.RawIOBase):
    """What a server hands over of a body that is sent in chunks and has no end."""

    given = 0

    def read(self, size=-1):
        assert size > 0, "all of it at once would fill the memory"
        self.given += size
        return b" " * size


def test_a_body_in_chunks_is_read_up_to_the_limit(api):
    body, answers = Endless(), []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/events",
        "CONTENT_TYPE": "application/json",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
    }
    setup_testing_defaults(environ)
    api(environ, lambda status, headers, exc_info=None: answers.append(status))
    assert answers == ["413 Request Entity Too Large"]
    assert body.given < 17 * 1024 * 1024
