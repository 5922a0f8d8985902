"""Whatever is sent, there is an answer: readings, or one refusal."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ratings.core.errors import InvalidInput
from ratings.core.model import Event, Ignored, Unreadable
from ratings.readers import Reader, split
from ratings.tests import data

READER = Reader(data.definitions())
EVENTS = data.stories("ceilometer_events.json")
NOTIFICATIONS = data.stories("notifications.json")
VOLUME = json.dumps(EVENTS["volume.exists"]).encode()
FLAT = {
    "resource_id": "v-1",
    "resource_type": "volume",
    "event_type": "create",
    "event_time": "2026-01-01T06:00:00",
    "region": "RegionOne",
    "tenant_id": "acme",
    "content": {"size": 100},
}

FIELDS = {*EVENTS["volume.exists"], *NOTIFICATIONS["router"], *FLAT}
FIELDS |= {"metadata", "ctxt", "oslo.message"}

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def answer(body):
    """The readings of a request; the code of the refusal when it is refused."""
    try:
        received = [one for part in split(body) for one in READER.read(part, "RegionOne")]
    except InvalidInput as refusal:
        return refusal.code
    for reading, journaled in received:
        assert isinstance(reading, (Event, Ignored, Unreadable))
        assert isinstance(json.loads(journaled, parse_int=str), dict)
    return [one.reading for one in received]


@given(st.binary())
@example(b"")
@example(b"\xef\xbb\xbf{}")
@example(b"[" * 100_000)
@example(b'{"traits":' * 100_000)
@example(b'[{"traits": []}, 7]')
def test_any_bytes_have_an_answer(body):
    answer(body)


@given(values)
def test_any_json_has_an_answer(value):
    answer(json.dumps(value).encode())


mutations = st.tuples(
    st.sampled_from([*EVENTS.values(), *NOTIFICATIONS.values(), FLAT]),
    st.dictionaries(
        st.sampled_from(sorted(FIELDS)),
        values,
        max_size=3,
    ),
)


@given(mutations)
def test_any_field_may_be_anything_and_the_event_still_has_an_answer(mutation):
    event, fault = mutation

    assert answer(json.dumps(event | fault).encode())


@given(st.sampled_from(list(NOTIFICATIONS.values())), st.data())
def test_any_value_in_a_payload_may_be_anything(notification, draw):
    payload = json.loads(json.dumps(notification["payload"]))
    at = payload
    while True:
        key = draw.draw(st.sampled_from(list(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[key], (dict, list)) or not at[key] or draw.draw(st.booleans()):
            break
        at = at[key]
    at[key] = draw.draw(values)

    readings = answer(json.dumps(notification | {"payload": payload}).encode())

    assert isinstance(readings, list)
    assert readings


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@example("\\u0000")
@example("\\\\u0000")
@example("\\ud800 é 😀")
@example('"\\')
def test_a_text_without_nul_is_read_as_it_is(name):
    event = FLAT | {"resource_name": "x" + name}

    for ascii_only in (True, False):
        (reading,) = answer(json.dumps(event, ensure_ascii=ascii_only).encode())
        assert reading.content["name"] == "x" + name[:1023]


@pytest.mark.parametrize(
    "text",
    [
        r"\u0000",
        r"\\\u0000",
        r"\ud800",
        r"\uDFFF",
        r"\ud83dx",
        r"\ud83d\ud83d\ude00",
        r"\ude00\ud83d",
    ],
)
def test_an_event_with_a_text_that_cannot_be_stored_is_parked_under_its_id(text):
    body = VOLUME.replace(b"data-1", text.encode())

    (reading,) = answer(body)

    assert (reading.code, reading.message_id) == (
        "text_invalid",
        EVENTS["volume.exists"]["message_id"],
    )


@pytest.mark.parametrize("text", [r"\\u0000", r"\\\\u0000", r"\ud83d\ude00", r"\\ud800", r"\u00e9"])
def test_an_event_with_a_text_that_only_looks_so_is_read(text):
    (reading,) = answer(VOLUME.replace(b"data-1", text.encode()))

    assert reading.content["name"] == json.loads(f'"{text}"')


def test_a_text_that_cannot_be_stored_is_found_where_nobody_looks():
    event = EVENTS["volume.exists"] | {"raw": {"other": [{"key\x00": 1}]}}

    assert answer(json.dumps(event).encode())[0].code == "text_invalid"


def test_a_text_that_cannot_be_stored_is_found_within_the_envelope():
    inner = json.dumps(NOTIFICATIONS["router"]).replace("r1", r"\u0000")
    body = json.dumps({"oslo.version": "2.0", "oslo.message": inner}).encode()

    (reading,) = answer(body)

    assert (reading.code, reading.message_id) == (
        "text_invalid",
        NOTIFICATIONS["router"]["message_id"],
    )


@pytest.mark.parametrize("depth", [101, 500])
def test_an_event_that_is_nested_too_deep_is_parked(depth):
    body = VOLUME.replace(b'"raw": {}', b'"raw": ' + b"[" * depth + b"]" * depth)

    (reading,) = READER.read(body, "RegionOne")

    assert reading.reading.code == "nesting_too_deep"


def test_many_brackets_side_by_side_are_not_deep():
    event = EVENTS["volume.exists"] | {"raw": {"list": [[] for _ in range(1000)]}}

    assert isinstance(answer(json.dumps(event).encode())[0], Event)


@pytest.mark.parametrize(
    "number", ["1e999999", "1e99999999999999999999", "9" * 5000, "0." + "1" * 2000]
)
def test_an_event_with_a_number_that_cannot_be_stored_is_parked(number):
    body = VOLUME.replace(b'"raw": {}', f'"raw": {{"other": {number}}}'.encode())

    (reading,) = answer(body)

    assert reading.code == "number_invalid"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "body_not_json"),
        (b"{", "body_not_json"),
        (b"[{}", "body_not_json"),
        (b'{"traits": NaN}', "body_not_json"),
        (b'{"unknown": "\xff"}', "body_not_json"),
        (b"[" * 100_000, "nesting_too_deep"),
        (b'{"traits":' + b"[" * 5000 + b"]" * 5000 + b"}", "nesting_too_deep"),
        (b"7", "body_no_event"),
        (b"[7]", "body_no_event"),
        (b"[[]]", "body_no_event"),
        (b"{}", "body_no_event"),
        (b'{"coffee": "black"}', "body_no_event"),
        (b'{"coffee": "\\u0000"}', "body_no_event"),
    ],
)
def test_what_is_no_json_or_no_event_is_refused(body, code):
    assert answer(body) == code
