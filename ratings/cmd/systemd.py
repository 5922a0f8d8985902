"""What a service tells systemd, and how it learns that it is time to stop."""

import contextlib
import os
import select
import signal
import socket


def notify(message: str) -> None:
    """Say ``READY=1``, ``STATUS=...`` or the like; nothing when systemd does not ask for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # a name in the abstract namespace
        address = "\0" + address[1:]
    # A supervisor that is gone must not end what it supervised.
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
    ):
        sender.connect(address)
        sender.sendall(message.encode())


class Stop:
    """SIGTERM and SIGINT as something that the main thread can wait for, or look for with 0.

    An Event would not do: its lock is not for signal handlers.
    """

    def __init__(self) -> None:
        self._told, self._teller = socket.socketpair()
        self._teller.setblocking(False)
        signal.set_wakeup_fd(self._teller.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def wait(self, seconds: float) -> bool:
        """Whether it was asked for, within that time."""
        return bool(select.select([self._told], [], [], seconds)[0])
