"""The spool on a disk: threads, processes, crashes, and no room left."""

import fcntl
import os
import resource
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from ratings.spool import Entry, Spool, SpoolFull, directory, frames

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def entry(number, seconds=0, size=0):
    body = b"%d" % number + b" " * size
    return Entry("events", "RegionOne", NOW + timedelta(seconds=seconds), body)


def opened(path, max_bytes=10**7, alarm_percent=50):
    return Spool(path, max_bytes=max_bytes, alarm_percent=alarm_percent, clock=lambda: NOW)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def spool(path):
    return opened(path)


def numbers(items):
    return [int(item.entry.body) for item in items]


def drained(spool, most=1000):
    """The numbers of all entries, which are gone then."""
    found = []
    with spool.claim() as claim:
        while items := claim.take(most, 10**9):
            found += numbers(items)
            claim.settle(items)
    return found


def files(path):
    return sorted(file.suffix for file in path.iterdir() if file.name != "drain.lock")


def test_entries_come_out_in_the_order_in_which_they_came_and_leave_nothing_behind(spool, path):
    for number in range(10):
        spool.append(entry(number))
    spool.seal()
    assert drained(spool, most=3) == list(range(10))
    assert files(path) == []
    assert spool.is_empty()


def test_entries_of_several_processes_are_merged_by_the_time_at_which_they_came(path):
    first, second = opened(path), opened(path)
    for number in range(10):
        (first if number % 3 else second).append(entry(number, seconds=number))
    first.seal()
    second.seal()
    assert drained(opened(path), most=4) == list(range(10))


def test_a_segment_whose_writer_lives_is_not_taken(path):
    writer, reader = opened(path), opened(path)
    writer.append(entry(1))
    assert drained(reader) == []
    writer.seal()
    assert drained(reader) == [1]


def test_one_drains_at_a_time(path, spool):
    with spool.claim() as first, opened(path).claim() as second:
        assert first is not None
        assert second is None
    with opened(path).claim() as third:
        assert third is not None


def test_what_was_not_settled_is_given_again(spool):
    for number in range(5):
        spool.append(entry(number))
    spool.seal()
    with spool.claim() as claim:
        claim.settle(claim.take(2, 10**9))
        assert numbers(claim.take(10, 10**9)) == [2, 3, 4]
    assert spool.measure().entries == 3
    assert drained(spool) == [2, 3, 4]


def test_a_segment_is_removed_only_when_its_last_entry_is_settled(spool, path):
    spool.append(entry(1))
    spool.seal()
    with spool.claim() as claim:
        items = claim.take(1, 10**9)
        assert claim.take(1, 10**9) == []
        assert files(path) == [".spool"]
        claim.settle(items)
        assert files(path) == []


def test_a_long_spool_is_many_segments_that_go_one_after_another(spool, path):
    size = directory.SEGMENT // 4
    for number in range(20):
        spool.append(entry(number, size=size))
    spool.seal()
    assert len(files(path)) > 4
    with spool.claim() as claim:
        claim.settle(claim.take(10, 10**9))
        assert len(files(path)) < 4
    assert drained(spool) == list(range(10, 20))


def test_a_batch_is_no_larger_than_was_asked_for(spool):
    for number in range(6):
        spool.append(entry(number, size=1000))
    spool.seal()
    with spool.claim() as claim:
        assert len(claim.take(100, 2500)) == 3


CHILD = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from ratings.spool import Entry, Spool
spool = Spool(Path(sys.argv[1]), max_bytes=10**8, alarm_percent=50, clock=lambda: datetime.now(UTC))
number = 0
while True:
    spool.append(Entry("events", "", datetime.now(UTC), b"%d" % number))
    print(number, flush=True)
    number += 1
"""


def test_a_killed_process_has_kept_what_it_said_it_has(path):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True
    )
    while int(child.stdout.readline()) < 50:
        pass
    spool = opened(path)
    assert drained(spool) == []
    child.send_signal(signal.SIGKILL)
    said = child.stdout.read().split()
    child.wait()
    child.stdout.close()
    found = drained(spool)
    assert found == list(range(len(found)))
    assert len(found) > int(said[-1] if said else 50)


def test_an_end_that_was_cut_off_costs_nothing_else(spool, path):
    for number in range(3):
        spool.append(entry(number))
    spool.seal()
    (file,) = path.glob("*.spool")
    os.truncate(file, file.stat().st_size - 1)
    assert spool.measure().entries == 2
    assert drained(spool) == [0, 1]
    assert files(path) == []


def test_a_damaged_segment_gives_the_rest_and_is_set_aside(spool, path):
    for number in range(3):
        spool.append(entry(number))
    spool.seal()
    (file,) = path.glob("*.spool")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert drained(spool) == [0, 2]
    assert files(path) == [".damaged"]
    assert spool.measure()[:4] == (0, 0, None, 1)
    assert spool.is_empty()


def test_threads_share_syncs_and_each_entry_is_there_once(spool, monkeypatch):
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(fsync(descriptor)))
    together = threading.Barrier(8)

    def work(thread):
        together.wait()
        for number in range(25):
            spool.append(entry(thread * 25 + number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    spool.seal()
    found = drained(spool)
    assert sorted(found) == list(range(200))
    for thread in range(8):
        mine = [number for number in found if number // 25 == thread]
        assert mine == sorted(mine)
    assert 0 < len(synced) <= 201


def test_a_forked_process_writes_a_segment_of_its_own(spool):
    spool.append(entry(1, seconds=1))
    child = os.fork()
    if child == 0:
        try:
            spool.append(entry(2, seconds=2))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    spool.append(entry(3, seconds=3))
    assert drained(spool) == [2]
    spool.seal()
    assert drained(spool) == [1, 3]


def test_a_full_spool_takes_nothing_and_says_so(path):
    spool = opened(path, max_bytes=2000)
    spool.append(entry(1, size=900))
    with pytest.raises(SpoolFull):
        spool.append(entry(2, size=1500))
    spool.append(entry(3, size=10))
    spool.seal()
    assert drained(spool) == [1, 3]


def test_the_bound_holds_for_all_processes_together(path):
    opened(path, max_bytes=2000).append(entry(1, size=900))
    with pytest.raises(SpoolFull):
        opened(path, max_bytes=2000).append(entry(2, size=1000))


def test_an_alarm_is_logged_before_it_is_full(path, caplog):
    spool = opened(path, max_bytes=2000)
    spool.append(entry(1, size=500))
    assert not spool.is_alarming(spool.measure().bytes)
    assert caplog.text == ""
    spool.append(entry(2, size=500))
    spool.append(entry(3))
    assert spool.is_alarming(spool.measure().bytes)
    assert caplog.text.count("of 2000 bytes") == 1


@pytest.fixture
def small_disk():
    """No file may have more than 1000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_what_the_disk_refuses_is_not_said_to_be_kept_and_harms_no_other(spool, small_disk):
    spool.append(entry(1, size=300))
    with pytest.raises(OSError, match="too large"):
        spool.append(entry(2, size=2000))
    spool.append(entry(3, size=300))
    spool.seal()
    assert drained(spool) == [1, 3]


def test_a_sync_that_fails_is_not_tried_again_on_the_same_file(spool, path, monkeypatch):
    spool.append(entry(1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(5, "I/O")))
        with pytest.raises(OSError, match="I/O"):
            spool.append(entry(2))
    spool.append(entry(3))
    assert len(files(path)) == 2
    spool.seal()
    assert set(drained(spool)) >= {1, 3}


def test_only_its_owner_enters_it(path):
    spool = opened(path)
    spool.append(entry(1))
    (file,) = path.glob("*.spool")
    assert (path.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    path.chmod(0o750)
    with pytest.raises(PermissionError, match="only its owner"):
        opened(path)


def test_a_directory_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        opened(tmp_path / "file" / "spool")


def test_everybody_measures_the_same(path, spool):
    other = opened(path)
    assert spool.measure() == (0, 0, None, 0, None)
    spool.append(entry(1, seconds=-60))
    spool.append(entry(2))
    for one in (spool, other):
        found = one.measure()
        assert (found.entries, found.oldest_at) == (2, NOW - timedelta(seconds=60))
        assert found.bytes == sum(file.stat().st_size for file in path.glob("*.spool"))
    spool.seal()
    with spool.claim() as claim:
        claim.settle(claim.take(1, 10**9))
        found = other.measure()
        assert (found.entries, found.oldest_at, found.draining_since) == (1, NOW, NOW)
    assert other.measure().draining_since is None


def test_a_drainer_that_was_killed_is_no_longer_draining(path, spool):
    (path / "drain.lock").write_text(NOW.isoformat())
    assert spool.measure().draining_since is None


def test_a_segment_that_somebody_else_drains_is_left_to_him(spool, path):
    spool.append(entry(1))
    spool.seal()
    (file,) = path.glob("*.spool")
    with file.open("rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert drained(spool) == []
    assert drained(spool) == [1]


def test_a_file_without_a_single_entry_is_swept_away(spool, path):
    (path / "00000000000000001-1.abc-000001.spool").write_bytes(frames.beginning()[:10])
    assert drained(spool) == []
    assert files(path) == []
