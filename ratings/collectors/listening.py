"""Listening to one message broker, through every outage of it and of the database.

While the database cannot be used, nothing is taken from the broker: what was taken goes back once,
and waits there. Requeueing it again and again would keep both busy, and a quorum queue drops a
message that was delivered too often.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import oslo_messaging
import oslo_messaging.opts
from oslo_config.cfg import ConfigOpts
from oslo_messaging.notify.listener import BatchNotificationServer

from ratings.collectors import messages
from ratings.collectors.notifications import Batches
from ratings.collectors.options import Source

LOG = logging.getLogger(__name__)

_FIRST_PAUSE = 1.0
_STOP_TIMEOUT = 60
"""Seconds that a batch in hand may take when it is time to stop."""


class Listener:
    """One source, listened to by a thread of its own from `start` to `stop`.

    Made, it raises oslo_messaging.InvalidTransportURL and oslo_messaging.DriverLoadFailure.

    usable:       whether the database can be used; asked while there is trouble with it.
    on_listening: called each time the queues are there and notifications begin to come.
    """

    def __init__(
        self,
        conf: ConfigOpts,
        source: Source,
        batches: Batches,
        usable: Callable[[], bool],
        on_listening: Callable[[Source], None],
    ) -> None:
        self.source = source
        self.batches = batches
        self._conf = conf
        self._usable = usable
        self._on_listening = on_listening
        self._transport = oslo_messaging.get_notification_transport(conf, url=source.transport_url)
        self._stopping = threading.Event()
        self._listening = False
        self._thread = threading.Thread(target=self._run, name=source.name, daemon=True)

    def is_listening(self) -> bool:
        """Whether the queues are there and taken from; a connection lost since is not noticed."""
        return self._listening

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Bring the batch in hand to its end; what was fetched ahead goes back to the broker."""
        self._stopping.set()
        self.batches.closed.set()
        # Who is still connecting has nothing in hand, and may connect for ever.
        if self._listening:
            self._thread.join(_STOP_TIMEOUT)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            before = self.batches.rated
            try:
                self._listen()
            except Exception as error:  # of the broker, in the terms of three libraries
                LOG.error("%s cannot be listened to: %s", self.source.name, error)
            if self.batches.rated > before:
                pause = _FIRST_PAUSE
            pause = self._rest(pause)
            while not self._stopping.is_set() and not self._usable():
                pause = self._rest(pause)

    def _rest(self, pause: float) -> float:
        """Wait that long, or until it is time to stop; the next pause."""
        self._stopping.wait(pause)
        return min(pause * 2, float(self._conf.collector.retry_interval))

    def _listen(self) -> None:
        """Take notifications until there is trouble, or it is time to stop."""
        server = self._server()
        self.batches.closed.clear()
        if self._stopping.is_set():
            return
        server.start(override_pool_size=self._conf.collector.workers)
        self._listening = True
        self._on_listening(self.source)
        self.batches.closed.wait()
        server.stop()
        server.wait()
        self._listening = False

    def _server(self) -> Any:
        """A server that acknowledges a batch after it was dispatched, and not before."""
        told = self._conf.collector
        targets = [
            oslo_messaging.Target(exchange=exchange, topic=topic)
            for exchange in self.source.exchanges
            for topic in self.source.topics
        ]
        return BatchNotificationServer(
            self._transport,
            targets,
            self.batches,
            allow_requeue=True,
            pool=told.pool or None,
            batch_size=told.batch_size,
            batch_timeout=told.batch_timeout,
        )


def prepare(conf: ConfigOpts) -> None:
    """Make oslo.messaging fit for a ledger; once per process, before the first `Listener`."""
    messages.install()
    for group, opts in oslo_messaging.opts.list_opts():
        conf.register_opts(opts, group=group)
    # Its own default fetches whatever the queues hold. Less than a batch would make batches small.
    conf.set_default(
        "rabbit_qos_prefetch_count", conf.collector.batch_size, group="oslo_messaging_rabbit"
    )
