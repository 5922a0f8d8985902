"""A Prometheus of the test's own, with series whose times are told."""

import shutil
import subprocess

import requests

from ratings.tests.brokers import free_ports, until

PROGRAMS = ("prometheus", "promtool")


def missing():
    """Which of its programs are not there."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Prometheus:
    """A server on blocks that were made before.

    certificate: a file with certificate and key; authority: one with whoever issued it.
    users: names and their bcrypt hashes.
    """

    def __init__(self, folder, certificate=None, authority=True, users=None):
        self.folder = folder
        (self.port,) = free_ports(1)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self._authority = authority
        lines = []
        if certificate is not None:
            lines += ["tls_server_config:", f"  cert_file: {certificate}"]
            lines += [f"  key_file: {certificate}"]
        if users is not None:
            lines += ["basic_auth_users:", *(f"  {n}: {h}" for n, h in users.items())]
        (folder / "web.yml").write_text("\n".join(lines) + "\n")
        (folder / "prometheus.yml").write_text("global: {}\n")
        self.process = None

    def start(self, series):
        """series: lines of OpenMetrics, ``name{label="text"} value seconds``."""
        (self.folder / "series").write_text("\n".join([*series, "# EOF\n"]))
        made = subprocess.run(
            ["promtool", "tsdb", "create-blocks-from", "openmetrics", "series", "data"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus",
                    "--config.file=prometheus.yml",
                    "--web.config.file=web.yml",
                    "--storage.tsdb.path=data",
                    "--storage.tsdb.retention.time=100y",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._answers, "Prometheus does not start")

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
        try:
            answer = requests.get(f"{self.url}/-/ready", timeout=5, verify=self._authority)
        except requests.RequestException:
            return False
        return answer.status_code in (200, 401)
