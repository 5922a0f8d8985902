"""What a service tells systemd, and how it is told to stop."""

import os
import signal
import socket
from pathlib import Path

import pytest

from ratings.cmd.systemd import Stop, notify


@pytest.mark.parametrize("name", ["notify", "@ratings-test"], ids=["file", "abstract"])
def test_systemd_is_told_where_it_asks_for_it(name, tmp_path, monkeypatch):
    if name.startswith("@"):
        if not Path("/proc/net/unix").exists():
            pytest.skip("only Linux has abstract names")
        name += str(os.getpid())
    address = name if name.startswith("@") else str(tmp_path / name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + address[1:] if name.startswith("@") else address)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify("READY=1")
        assert receiver.recv(100) == b"READY=1"


def test_without_systemd_nothing_is_told(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")


def test_nobody_who_listens_no_more_keeps_a_service_from_working(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("STATUS=well")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_waiting(number):
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}
    stop = Stop()
    try:
        assert not stop.wait(0)
        os.kill(os.getpid(), number)
        assert stop.wait(60)
    finally:
        signal.set_wakeup_fd(-1)
        for one, handler in before.items():
            signal.signal(one, handler)
