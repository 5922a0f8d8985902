"""When what is pulled: each instant by one window, whatever the outages."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ratings.core.pulls import Schedule, Span, Tenant, chosen

HOUR = timedelta(hours=1)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def schedule(**told):
    values = {
        "window": HOUR,
        "lag": timedelta(minutes=30),
        "overlap": 1,
        "start": None,
        "lookback": timedelta(days=1),
        "pauses": (timedelta(minutes=1), HOUR),
    }
    return Schedule(**values | told)


def at(text):
    return datetime.fromisoformat(f"2026-01-01T{text}:00+00:00")


spans = st.timedeltas(timedelta(), timedelta(days=9))


@given(
    window=st.sampled_from([60, 300, 900, 3600, 7200, 86400]),
    lag=spans,
    seen=st.datetimes(datetime(2026, 1, 1), datetime(2026, 2, 1), timezones=st.just(UTC)),
    lookback=spans,
    pauses=st.lists(st.timedeltas(timedelta(), timedelta(hours=30)), max_size=12),
    budget=st.integers(1, 40),
)
def test_every_instant_since_the_beginning_is_in_one_window(
    window, lag, seen, lookback, pauses, budget
):
    """Turns come whenever they come, and each does as much as it gets to do."""
    when = schedule(window=timedelta(seconds=window), lag=lag, lookback=lookback)
    begun = until = when.begin(seen)
    assert seen - lookback - when.window < begun <= seen - lookback
    now = seen
    for pause in pauses:
        now += pause
        for _ in range(budget):
            span = when.due(until, now)
            if span is None:
                break
            assert span.start == until < span.end <= now - lag
            until = span.end
        else:
            continue
        # What can be collected has been: what is left is shorter than a window and the lag.
        assert until == max(begun, when.horizon(now))
        assert now - lag - until < when.window


@given(
    st.lists(st.sampled_from([60, 300, 3600, 14400, 86400]), min_size=1, max_size=20),
    st.integers(0, 100),
)
def test_windows_follow_each_other_when_their_length_is_changed(windows, minutes):
    until = begun = NEW_YEAR + timedelta(minutes=minutes)
    for window in windows:
        when = schedule(window=timedelta(seconds=window))
        span = when.due(until, NEW_YEAR + timedelta(days=40))
        assert span.start == until < span.end
        assert when.horizon(span.end + when.lag) == span.end
        until = span.end
    assert until > begun


def test_a_window_is_collected_when_it_has_been_over_for_long_enough():
    assert schedule().due(at("06:00"), at("07:29")) is None
    assert schedule().due(at("06:00"), at("07:30")) == Span(at("06:00"), at("07:00"))


def test_windows_that_were_collected_are_asked_for_again_but_nothing_before_the_beginning():
    when = schedule(overlap=2)
    span = Span(at("06:00"), at("07:00"))
    assert when.asked(span, at("00:00")) == Span(at("04:00"), at("07:00"))
    assert when.asked(span, at("05:30")) == Span(at("05:30"), at("07:00"))
    assert schedule(overlap=0).asked(span, at("00:00")) == span


def test_a_start_that_is_told_goes_before_the_time_to_look_back():
    assert schedule(start=at("06:20")).begin(at("23:00")) == at("06:00")
    assert schedule(lookback=2 * HOUR).begin(at("23:10")) == at("21:00")


def test_pauses_double_up_to_a_limit():
    minutes = [schedule().pause(attempts) / timedelta(minutes=1) for attempts in (1, 2, 3, 7, 999)]
    assert minutes == [1, 2, 4, 60, 60]


def test_tenants_are_chosen_by_patterns_of_their_ids_and_names():
    cloud = [Tenant("b5cd", "prod-web"), Tenant("a111", "prod-test"), Tenant("c2", "service")]
    assert chosen(cloud, [], []) == ["a111", "b5cd", "c2"]
    assert chosen(cloud, ["prod-*"], []) == ["a111", "b5cd"]
    assert chosen(cloud, ["prod-*", "c2"], ["*-test"]) == ["b5cd", "c2"]
    assert chosen(cloud, [], ["service", "a*"]) == ["b5cd"]
    assert chosen(cloud, ["PROD-*"], []) == []
