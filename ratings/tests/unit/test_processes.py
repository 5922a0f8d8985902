"""Workers that count as one, also while some of them start or end."""

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.values import MultiProcessValue

from ratings.metrics import processes
from ratings.metrics.exposing import Shown


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """What two workers have written that counted to three and to four."""
    monkeypatch.setenv(processes.VARIABLE, str(tmp_path))
    for pid, count in ((11, 3), (12, 4)):
        value = MultiProcessValue(lambda pid=pid: pid)
        value("counter", "told", "told_total", (), (), "What was told.").inc(count)
    return tmp_path


def scraped():
    body, _ = Shown(CollectorRegistry(), []).text("")
    return [line for line in body.decode().splitlines() if not line.startswith("#")]


def test_a_scrape_tells_of_all(directory):
    assert scraped() == ["told_total 7.0"]


def test_a_worker_that_has_only_made_its_file_has_counted_nothing(directory):
    (directory / "counter_13.db").touch()
    assert scraped() == ["told_total 7.0"]


def test_what_a_worker_held_may_go_away_while_somebody_looks(directory):
    (directory / "gauge_livesum_14.db").symlink_to(directory / "removed")
    assert scraped() == ["told_total 7.0"]
