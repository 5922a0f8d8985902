"""``ratings-manage audit``."""

import argparse
import sys

from oslo_config.cfg import ConfigOpts
from rich.console import Console
from rich.progress import Progress, TaskID

from ratings import auditing, plugins
from ratings.cmd.database import connected


def audit_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tenant",
        dest="tenants",
        metavar="ID",
        action="append",
        help="only what concerns this tenant; repeatable",
    )


def audit(conf: ConfigOpts) -> int:
    """Verify the laws on the whole database; exit 1 and say what is wrong."""
    settings = plugins.settings(conf)
    findings = 0
    with connected(conf) as engine, _Bars() as bars:
        for finding in auditing.audit(
            engine, settings, tenants=conf.command.tenants, tell=bars.tell
        ):
            findings += 1
            print(f"{finding.code}: {finding.where}: {finding.detail}")
    if findings:
        number = "1 finding" if findings == 1 else f"{findings} findings"
        print(f"{number}; the page on the audit explains each code.")
        return 1
    done = bars.done
    print(
        f"Every law holds: {done['checks']} checks, {done['resources']} resources,"
        f" {done['records']} records, {done['orders']} sales orders."
    )
    return 0


class _Bars:
    """A bar on the terminal, if there is one, for each thing that is looked at."""

    def __init__(self) -> None:
        self.done: dict[str, int] = dict.fromkeys(("checks", "records", "resources", "orders"), 0)
        terminal = sys.stderr.isatty()
        self._progress = Progress(
            console=Console(stderr=True),
            transient=True,
            disable=not terminal,
            # Else what is printed to a file would go to the terminal.
            redirect_stdout=sys.stdout.isatty(),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tell(self, what: str, done: int, of: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=of)
        self.done[what] = done
        self._progress.update(self._tasks[what], completed=done, total=of)
