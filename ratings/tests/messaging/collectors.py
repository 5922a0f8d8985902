"""``ratings-collector`` as operators start it."""

import os
import signal
import subprocess
import sys


class Collector:
    """A process, and what it says."""

    def __init__(self, database_url, options, log):
        told = {"OS_DATABASE__CONNECTION": database_url, "OS_COLLECTOR__REPORT_INTERVAL": "1"}
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ratings.cmd.collector"],
                env=os.environ | told | options,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )

    def listening(self):
        """Wait until it listens; the line in which it says so."""
        line = self.process.stdout.readline()
        assert line.startswith("ratings-collector: listening to"), self.log()
        return line

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def kill(self):
        self.process.kill()
        return self.end()

    def end(self):
        code = self.process.wait(120)
        self.process.stdout.close()
        return code

    def log(self):
        return self._log.read_text()
