"""``ratings-puller`` as operators start it."""

import os
import signal
import subprocess
import sys

from sqlalchemy import Engine

from ratings import repricing
from ratings.tests.journals import price

TENANTS = ["acme", "globex", "initech", "umbrella"]


def priced(engine, settings, *meters):
    for meter in meters:
        repricing.add(engine, settings, price(meter, "0.5"), retroactive=False)


def command(*arguments):
    return [sys.executable, "-m", "ratings.cmd.puller", *arguments]


def told(database: Engine, **options):
    """The environment: options as GROUP__OPTION."""
    url = database.url.render_as_string(hide_password=False)
    found = {"DATABASE__CONNECTION": url, **options}
    return os.environ | {f"OS_{name}": str(value) for name, value in found.items()}


def once(database, **options):
    """A turn of one puller: its exit code, and what it said."""
    done = subprocess.run(
        command("--once"),
        env=told(database, **options),
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


class Puller:
    """A process that pulls until it is stopped."""

    def __init__(self, database, log, **options):
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command(),
                env=told(database, **{"PULLER__INTERVAL": 1} | options),
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )

    def collecting(self):
        """The line in which it says what it collects from."""
        return self.process.stdout.readline()

    def stop(self):
        return self.end(signal.SIGTERM)

    def kill(self):
        return self.end(signal.SIGKILL)

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait(120)
        self.process.stdout.close()
        return code

    def log(self):
        return self._log.read_text()
