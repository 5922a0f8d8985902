"""Services that notify, each at its own exchange, with ids and times that the test knows."""

import threading

from oslo_context import context
from oslo_messaging.notify.messaging import MessagingV2Driver

from ratings.tests.brokers import PATIENCE, until
from ratings.tests.messaging.services import Cloud


class Services:
    """Sends notifications through the driver that oslo.messaging's notifier uses."""

    def __init__(self, transport_url):
        self._cloud = Cloud(transport_url)
        self._drivers = {}

    def send(self, told):
        for one in told:
            self.notify(one.service, one.message, one.project)

    def notify(self, service, message, project=None):
        if service not in self._drivers:
            transport = self._cloud.transport(service)
            self._drivers[service] = MessagingV2Driver(
                transport.conf, topics=["notifications"], transport=transport
            )
        found = {}
        if project is not None:
            found = context.RequestContext(project_id=project, overwrite=False).to_dict()
        self._drivers[service].notify(found, message, message["priority"], None)

    def close(self):
        self._cloud.close()


class Stream:
    """Sends one notification after the other in a thread, until it is told to end."""

    PACE = 0.04
    """Seconds between notifications."""

    def __init__(self, services, told):
        self._services, self._told = services, told
        self.sent = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def flow(self):
        """Wait until some more have been sent."""
        count = len(self.sent) + 50
        until(lambda: len(self.sent) > count)

    def end(self):
        """What has been sent."""
        self._over.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.sent

    def _run(self):
        for one in self._told:
            self._services.send([one])
            self.sent.append(one)
            if self._over.wait(self.PACE):
                return
