"""The bytes of a spool: whatever a crash leaves of them, what was whole before is read."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ratings.spool import Entry, frames

ENTRIES = st.builds(
    Entry,
    kind=st.sampled_from(["events", "samples"]),
    region=st.text(max_size=10),
    received_at=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    body=st.binary(max_size=60) | st.just(b"[" + frames.MARK + b"]"),
)
LISTS = st.lists(ENTRIES, min_size=1, max_size=6)


def segment(entries):
    """Its bytes, and the offsets at which its frames end."""
    data, ends = frames.beginning(), []
    for entry in entries:
        data += frames.encode(entry)
        ends.append(len(data))
    return data, ends


def entries_of(data, start=frames.START):
    return [frame.entry for frame in frames.read(data, start) if frame.entry is not None]


@given(LISTS)
def test_what_was_written_is_read(entries):
    data, ends = segment(entries)
    assert entries_of(data) == entries
    assert [frame.end for frame in frames.read(data)] == ends


@given(LISTS)
def test_a_crash_at_any_byte_leaves_the_entries_that_were_complete(entries):
    data, ends = segment(entries)
    for size in range(len(data)):
        found = list(frames.read(data[:size]))
        whole = [end for end in ends if end <= size]
        assert [frame.entry for frame in found if frame.entry] == entries[: len(whole)]
        rest = [(frame.end, frame.torn) for frame in found if frame.entry is None]
        assert rest == ([] if size in (*ends, *range(frames.START + 1)) else [(size, True)])


@given(LISTS, st.data())
def test_a_flipped_bit_costs_the_entry_that_it_is_in_and_no_other(entries, drawn):
    data, ends = segment(entries)
    place = drawn.draw(st.integers(frames.START, len(data) - 1))
    flipped = bytearray(data)
    flipped[place] ^= 1 << drawn.draw(st.integers(0, 7))
    hit = sum(end <= place for end in ends)
    found = list(frames.read(bytes(flipped)))
    assert [frame.entry for frame in found if frame.entry] == entries[:hit] + entries[hit + 1 :]
    assert [frame.torn for frame in found if frame.entry is None] == [False]


@given(LISTS, st.binary(min_size=16, max_size=100))
def test_bytes_that_are_no_frame_are_damage_and_not_a_torn_end(entries, garbage):
    """As after a power cut: the file has its length, but not its bytes."""
    data, ends = segment(entries)
    last = list(frames.read(data + bytes(16) + garbage))[-1]
    assert (last.start, last.entry, last.torn) == (ends[-1], None, False)


@given(LISTS, st.data())
def test_entries_that_are_settled_are_not_read_again(entries, drawn):
    data, ends = segment(entries)
    count = drawn.draw(st.integers(1, len(ends)))
    data = frames.beginning(ends[count - 1]) + data[frames.START :]
    assert entries_of(data, frames.settled(data)) == entries[count:]


@given(st.binary(max_size=40))
def test_progress_that_cannot_be_believed_is_none(progress):
    data = (frames.MAGIC + progress).ljust(frames.START, b"\xff")
    assert frames.settled(data) == frames.START
    assert frames.settled(frames.beginning(10**9)) == frames.START


def test_a_flipped_bit_in_the_last_head_is_not_mistaken_for_a_torn_end():
    entry = Entry("events", "RegionOne", datetime(2026, 2, 1, tzinfo=UTC), b"{}")
    data, ends = segment([entry, entry])
    for bit in range(8 * 16):
        flipped = bytearray(data)
        flipped[ends[0] + bit // 8] ^= 1 << bit % 8
        last = list(frames.read(bytes(flipped)))[-1]
        assert (last.start, last.entry, last.torn) == (ends[0], None, False)
