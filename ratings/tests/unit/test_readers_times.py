"""Instants in the forms in which OpenStack writes them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratings.readers.times import instant


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),
    st.integers(-840, 840),
)
def test_an_instant_is_the_same_in_every_form(moment, minutes):
    utc = moment.replace(tzinfo=UTC)
    offset = utc.astimezone(tz=_zone(minutes))

    forms = [
        moment.isoformat(),
        moment.isoformat(" ", "microseconds"),
        moment.isoformat(timespec="microseconds") + "999Z",
        moment.isoformat() + "+0000",
        offset.isoformat(),
    ]

    assert {instant(form) for form in forms} == {utc}


def _zone(minutes):
    return datetime.strptime(f"{minutes // 60:+03d}{minutes % 60:02d}", "%z").tzinfo


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2014-02-14T16:29:58.000000Z", "2014-02-14T16:29:58+00:00"),
        ("2012-09-16 10:51:11", "2012-09-16T10:51:11+00:00"),
        ("2016-03-07 17:24:49+00:00", "2016-03-07T17:24:49+00:00"),
        ("2026-11-21T13:00:00.000000+0000", "2026-11-21T13:00:00+00:00"),
        ("2026-11-21T13:00:00.5", "2026-11-21T13:00:00.500000+00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
    ],
)
def test_times_are_taken_as_openstack_writes_them(text, expected):
    assert instant(text).isoformat() == expected


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", " ", "now", 0, 1.5, True, [], "2026-13-01", "2026-02-29"),
        *("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_what_is_no_time_is_none(value):
    assert instant(value) is None


def test_a_leap_second_is_not_lost_time():
    assert instant("2016-12-31T23:59:60.25Z") - instant("2016-12-31T23:59:59Z") == timedelta(
        seconds=1.25
    )
