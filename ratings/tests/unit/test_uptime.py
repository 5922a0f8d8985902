"""Uptime: time is charged by what the earlier of two samples said."""

from ratings.tests.journals import instant, lines
from ratings.tests.sampled import charged, ledger, samples


def up(text, end="23:59"):
    return charged(samples(text, "state"), end)


def test_without_a_lead_in_counting_starts_at_the_first_sample():
    assert up("10:20 status=active\n10:40 status=active") == ["10:20-11:00 server.uptime 1"]


def test_the_last_status_holds_to_the_end_of_its_window_and_no_longer():
    assert up("10:20 status=active\n14:10 status=active") == [
        "10:20-11:00 server.uptime 1",
        "14:10-15:00 server.uptime 1",
    ]


def test_the_lead_in_tells_what_held_at_the_start_of_a_window():
    assert up("10:55 status=active\n11:05 status=active") == [
        "10:55-11:00 server.uptime 1",
        "11:00-12:00 server.uptime 1",
    ]


def test_a_lead_in_is_ten_minutes_and_not_a_second_more():
    assert up("10:50 status=active\n11:30 status=active")[1:] == ["11:00-12:00 server.uptime 1"]
    assert up("10:49:59 status=active\n11:30 status=active")[1:] == ["11:30-12:00 server.uptime 1"]


def test_a_window_with_nothing_but_a_lead_in_is_not_charged():
    assert up("10:55 status=active") == ["10:55-11:00 server.uptime 1"]


def test_the_earlier_of_two_samples_rules_the_time_between_them():
    text = "10:00 status=active\n10:20 status=shutoff\n10:40 status=paused\n11:00 status=deleted"
    assert up(text) == ["10:00-10:20 server.uptime 1", "10:40-11:00 server.uptime 1"]


def test_a_status_of_the_lead_in_that_is_not_tracked_is_not_charged():
    assert up("10:55 status=shutoff\n11:20 status=active") == ["11:20-12:00 server.uptime 1"]
    assert up("10:55 status=active\n11:20 status=shutoff") == [
        "10:55-11:00 server.uptime 1",
        "11:00-11:20 server.uptime 1",
    ]


def test_a_sample_that_tells_no_status_is_not_charged():
    assert up("10:00\n10:20 status=active\n10:30 status=") == ["10:20-10:30 server.uptime 1"]


def test_a_status_may_be_written_in_any_case():
    assert up("10:00 status=ACTIVE") == ["10:00-11:00 server.uptime 1"]


def test_each_flavor_is_charged_for_its_time():
    text = "10:00 status=active flavor=small\n10:15 status=active flavor=large"
    records = ledger(samples(text, "state"), instant("11:00"))
    assert lines(records) == ["10:00-10:15 server.uptime 1", "10:15-11:00 server.uptime 1"]
    assert [r.metadata for r in records] == [(("flavor", "small"),), (("flavor", "large"),)]


def test_the_flavor_of_the_lead_in_rules_up_to_the_first_sample():
    text = "10:55 status=active flavor=small\n11:15 status=active flavor=large"
    records = ledger(samples(text, "state"), instant("12:00"))
    assert lines(records)[1:] == ["11:00-11:15 server.uptime 1", "11:15-12:00 server.uptime 1"]
    assert records[1].metadata == (("flavor", "small"),)


def test_the_old_owner_pays_up_to_the_first_sample_of_the_new_one():
    text = "10:55 status=active\n11:15 status=active tenant=globex"
    records = ledger(samples(text, "state"), instant("12:00"))
    assert lines(records)[1:] == ["11:00-11:15 server.uptime 1", "11:15-12:00 server.uptime 1"]
    assert [record.tenant_id for record in records] == ["acme", "acme", "globex"]


def test_a_sample_on_the_bound_of_a_window_needs_no_lead_in():
    assert up("10:00 status=active\n11:00 status=active", "11:30") == [
        "10:00-11:00 server.uptime 1"
    ]
