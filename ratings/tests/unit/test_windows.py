"""The transformers of samples, each by the table that its documentation shows."""

from datetime import timedelta
from decimal import Decimal

import pytest

from ratings.core import mappings
from ratings.core.errors import DerivationError
from ratings.core.ledger import derive
from ratings.core.model import State
from ratings.core.timeline import ordered, until
from ratings.tests.journals import DEFINITIONS, instant, journal, lines, price
from ratings.tests.sampled import DOCUMENT, SAMPLED, charged, ledger, rules, samples
from ratings.transformers import gauges


def test_gauge_max_charges_the_largest_value_for_the_whole_window():
    events = samples("10:05 5\n10:25 8\n10:45 6\n11:10 2")
    assert charged(events) == ["10:00-11:00 size 8", "11:00-12:00 size 2"]


def test_a_window_without_a_sample_is_not_charged():
    events = samples("10:05 5\n13:10 2")
    assert charged(events) == ["10:00-11:00 size 5", "13:00-14:00 size 2"]


def test_a_sample_on_a_bound_belongs_to_the_window_that_begins_there():
    assert charged(samples("10:00 5\n11:00 7"), "11:00") == ["10:00-11:00 size 5"]
    assert charged(samples("10:00 5\n11:00 7"), "12:00") == [
        "10:00-11:00 size 5",
        "11:00-12:00 size 7",
    ]


def test_a_window_that_is_not_over_is_not_charged_yet():
    assert charged(samples("10:05 5"), "10:59:59") == []
    assert charged(samples("10:05 5"), "11:00") == ["10:00-11:00 size 5"]


def test_a_sample_that_measured_nothing_counts_for_nothing():
    assert charged(samples("10:05\n10:15 3\n11:05")) == ["10:00-11:00 size 3"]


def test_nothing_is_charged_for_nothing():
    assert charged(samples("10:05 0\n10:15 0.0")) == []


def test_each_owner_pays_their_own_part_of_a_window_by_their_own_samples():
    events = samples("10:10 5\n10:40 8 tenant=globex\n10:50 7 tenant=globex")
    records = ledger(events, instant("12:00"))
    assert lines(records) == ["10:00-10:40 size 5", "10:40-11:00 size 8"]
    assert [record.tenant_id for record in records] == ["acme", "globex"]


def test_an_owner_who_comes_with_a_new_window_pays_all_of_it():
    events = samples("10:10 5\n11:40 8 tenant=globex")
    records = ledger(events, instant("12:00"))
    assert lines(records) == ["10:00-11:00 size 5", "11:00-12:00 size 8"]


def test_a_sample_without_an_owner_keeps_the_one_that_is_known():
    assert charged(samples("10:10 5\n10:40 8 tenant=")) == ["10:00-11:00 size 8"]
    assert charged(samples("10:10 5 tenant=\n10:40 8")) == ["10:00-11:00 size 8"]
    assert charged(samples("10:10 5 tenant=")) == []


def test_gauge_sum_adds_what_each_sample_tells():
    events = samples("10:05 1000\n10:15 500.5\n10:25 0.25\n11:05 1", "bytes")
    assert charged(events) == ["10:00-11:00 bytes 1500.75", "11:00-12:00 bytes 1"]


def test_a_sum_is_exact_however_many_digits_it_has():
    small = Decimal(1).scaleb(-60)
    events = samples(f"10:05 {10**15}\n10:15 {small:f}", "bytes")
    (record,) = ledger(events, instant("11:00"))
    assert record.quantity == Decimal(f"{10**15}.{'0' * 59}1")


def test_a_count_is_charged_whole_by_the_price_of_the_start_of_its_window():
    prices = (
        price("bytes", "1", per="unit", end="10:30"),
        price("bytes", "5", per="unit", start="10:30"),
    )
    events = samples("10:40 3\n11:40 3", "bytes")
    assert charged(events, "23:00", *prices) == ["10:00-11:00 bytes 3 3", "11:00-12:00 bytes 3 15"]


def test_a_count_without_a_price_at_its_start_is_not_charged_by_those_that_begin_later():
    prices = (
        price("bytes", "1", per="unit", start="10:20", end="10:40"),
        price("bytes", "5", per="unit", start="10:40"),
    )
    events = samples("10:10 3\n11:40 3", "bytes")
    assert charged(events, "23:00", *prices) == ["10:00-11:00 bytes 3", "11:00-12:00 bytes 3 15"]


def test_a_size_is_charged_by_the_hour_whatever_the_window_is():
    events = samples("10:05 5\n10:25 8")
    assert charged(events, "11:00", price("size", "0.5")) == ["10:00-11:00 size 8 4"]


def test_network_service_does_not_charge_what_is_pending():
    assert charged(samples("10:05 2\n10:15 1\n10:25 4", "service")) == ["10:00-11:00 service 1"]
    assert charged(samples("10:05 2\n10:15 0", "service")) == []


def test_numbool_charges_one_if_anything_was_there():
    assert charged(samples("10:05 0\n10:15 17\n11:05 0", "seen")) == ["10:00-11:00 seen 1"]


def test_from_image_charges_the_largest_root_disk():
    events = samples("10:05 20 image_ref=155d\n10:15 40 image_ref=155d", "root")
    assert charged(events) == ["10:00-11:00 root 40"]


@pytest.mark.parametrize("none", ["", "None"])
def test_from_image_charges_nothing_if_any_sample_tells_of_no_image(none):
    text = f"10:05 20 image_ref=155d\n10:15 20 image_ref={none}\n11:05 20 image_ref=155d"
    assert charged(samples(text, "root")) == ["11:00-12:00 root 20"]


def test_from_image_charges_a_sample_that_does_not_tell():
    assert charged(samples("10:05 20", "root")) == ["10:00-11:00 root 20"]


def test_storage_max_charges_the_service_of_the_last_volume_type():
    text = "10:05 10 volume_type=5b2c\n11:05 10 volume_type=5b2c\n11:35 20 volume_type=77aa"
    events = samples(text, "volume.size")
    assert charged(events) == ["10:00-11:00 b1.nvme 10", "11:00-12:00 b1.standard 20"]
    records = ledger(events, instant("12:00"))
    assert [record.metadata for record in records] == [
        (("volume_type", "5b2c"),),
        (("volume_type", "77aa"),),
    ]


def test_storage_max_charges_the_default_service_without_a_type():
    assert charged(samples("10:05 10", "volume.size")) == ["10:00-11:00 b1.standard 10"]
    (record,) = ledger(samples("10:05 10 volume_type=", "volume.size"), instant("11:00"))
    assert (record.component, record.metadata) == ("b1.standard", ())


def test_object_storage_max_reads_two_dashes_of_a_policy_as_a_dot():
    events = samples("10:05 3 storage_policy=nz--hlz\n11:05 4 storage_policy=other", "objects")
    assert charged(events) == ["10:00-11:00 o1.hlz 3", "11:00-12:00 o1.standard 4"]


def test_delta_charges_the_growth_of_a_counter_in_the_window_of_the_later_sample():
    events = samples("09:55 100\n10:05 130\n10:55 150\n11:05 175", "counter")
    assert charged(events) == ["10:00-11:00 counter 50", "11:00-12:00 counter 25"]


def test_delta_takes_a_smaller_value_for_a_counter_that_began_anew():
    assert charged(samples("10:05 100\n10:15 130\n10:25 7\n10:35 9", "counter")) == [
        "10:00-11:00 counter 39"
    ]


def test_delta_does_not_charge_what_was_counted_before_the_first_sample():
    assert charged(samples("10:05 100", "counter")) == []


def test_delta_charges_what_grew_in_a_silence_once_it_is_over():
    assert charged(samples("10:05 100\n20:05 175", "counter")) == ["20:00-21:00 counter 75"]


def test_delta_charges_nobody_for_growth_between_two_owners():
    text = "10:05 100\n10:15 120\n10:25 170 tenant=globex\n10:35 175 tenant=globex"
    events = samples(text, "counter")
    records = ledger(events, instant("11:00"))
    assert [(r.tenant_id, r.quantity) for r in records] == [("acme", 20), ("globex", 5)]


def test_delta_ignores_a_sample_that_measured_nothing():
    assert charged(samples("10:05 100\n10:15\n10:25 170", "counter")) == ["10:00-11:00 counter 70"]


def test_an_order_that_ends_within_a_window_cuts_what_its_samples_turn_out_to_say():
    events = samples("10:05 5\n10:45 8\n11:05 8")
    cut = [instant("10:30")]
    assert lines(ledger(events, instant("11:05"), cut)) == [
        "10:00-10:30 size 8",
        "10:30-11:00 size 8",
    ]


def test_a_resource_of_which_nothing_runs_at_the_end_of_an_order_is_closed():
    events = samples("10:05 5\n10:45 8")
    cuts = {"acme": [instant("11:00")]}
    records, state = derive(rules("size"), State(), events, "RegionOne", cuts)
    assert lines(records) == ["10:00-11:00 size 8"]
    assert not state.open
    records, again = derive(rules("size"), state, [], "RegionOne", cuts)
    assert lines(records) == ["10:00-11:00 size 8"]
    assert again == state


def test_a_resource_of_which_something_runs_at_the_end_of_an_order_stays_open():
    cuts = {"acme": [instant("10:50")]}
    records, state = derive(rules("size"), State(), samples("10:45 8"), "RegionOne", cuts)
    assert records == []
    assert state.open


def test_a_witness_within_a_window_changes_nothing_that_comes_after_it():
    transform = rules("size").transform
    kind = rules("size").resource_type
    first, later = samples("10:05 5\n11:05 6")
    _, state = transform(State(), [first, until(instant("10:30"))], kind)
    segments, _ = transform(state, [later], kind)
    assert [(s.start, s.end) for s in segments] == [(instant("10:00"), instant("11:00"))]


def test_the_length_of_a_window_is_a_setting():
    short = mappings.join(DEFINITIONS, DOCUMENT, timedelta(minutes=15)).types["size"]
    timeline = [*ordered(samples("10:05 5\n10:25 8")), until(instant("12:00"))]
    segments, _ = gauges.gauge_max(State(), timeline, short)
    assert [(s.start, s.end, s.quantity) for s in segments] == [
        (instant("10:00"), instant("10:15"), 5),
        (instant("10:15"), instant("10:30"), 8),
    ]


def test_a_transformer_of_windows_refuses_what_is_not_sampled():
    events = journal("06:00 create size=1", "volume")
    with pytest.raises(DerivationError):
        gauges.gauge_max(State(), events, SAMPLED.types["volume"])
