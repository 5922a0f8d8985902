"""The notification agent of a real Ceilometer, with the files that we ship for it."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import kombu

from ratings import shipped
from ratings.tests.brokers import until

SHIPPED = shipped.migrations().parent / "contrib" / "ceilometer"

ADDRESS = "http://127.0.0.1:9999/"
"""Of ratings-api, in the pipelines."""

QUEUE = "notifications.info"


class Agent:
    """A process. The files are as they ship, but for the port of ratings.

    options: further lines of ceilometer.conf.
    """

    def __init__(self, home, transport_url, port, options=""):
        self.home, self._transport_url = home, transport_url
        self._process = None
        for name in ("event_pipeline.yaml", "pipeline.yaml"):
            text = (SHIPPED / name).read_text()
            assert text.count(ADDRESS) == 1
            (home / name).write_text(text.replace(ADDRESS, f"http://127.0.0.1:{port}/"))
        (home / "ceilometer.conf").write_text((SHIPPED / "ceilometer.conf").read_text())
        (home / "site.conf").write_text(
            f"[DEFAULT]\ntransport_url = {transport_url}\n"
            f"pipeline_cfg_file = {home}/pipeline.yaml\n"
            f"event_pipeline_cfg_file = {home}/event_pipeline.yaml\n{options}"
        )

    def start(self):
        """Return when it takes notifications."""
        program = Path(sys.executable).with_name("ceilometer-agent-notification")
        told = [f"--config-file={self.home / name}" for name in ("ceilometer.conf", "site.conf")]
        with (self.home / "agent.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, *told],
                env=os.environ | {"PYTHONWARNINGS": "ignore"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                start_new_session=True,
            )
        until(self._listens, "Ceilometer does not start")

    def kill(self):
        """Master and worker, at once; what they hold goes back to the broker."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def log(self):
        return (self.home / "agent.log").read_text()[-5000:]

    def left(self):
        """Notifications that it has not taken yet."""
        return self._queue().message_count

    def _listens(self):
        assert self._process.poll() is None, self.log()
        found = self._queue()
        return found is not None and found.consumer_count > 0

    def _queue(self):
        url = self._transport_url.replace("rabbit:", "amqp:")
        with kombu.Connection(url) as connection:
            try:
                return connection.default_channel.queue_declare(QUEUE, passive=True)
            except connection.channel_errors:
                return None


def own_definitions():
    """The text of Ceilometer's event_definitions.yaml."""
    (package,) = importlib.util.find_spec("ceilometer").submodule_search_locations
    return (Path(package) / "pipeline" / "data" / "event_definitions.yaml").read_text()
