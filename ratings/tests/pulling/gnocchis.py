"""A Gnocchi of the test's own, filled as Ceilometer does it."""

import importlib.util
import subprocess
import sys
from pathlib import Path

from sqlalchemy import make_url

NEEDED = ("gnocchi", "gnocchiclient", "psycopg2")
SERVE = Path(__file__).with_name("serve_gnocchi.py")

TEXT = {"type": "string", "required": False, "min_length": 0, "max_length": 255}
TYPES = {
    "instance": ("display_name", "flavor_name", "image_ref"),
    "volume": ("display_name", "volume_type_id"),
}


def missing():
    """What of it is not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


class Gnocchi:
    """An API without any other process: what it has received is processed when it is asked to.

    authtoken: how it verifies tokens, as ``[keystone_authtoken]`` has it; None: it believes names.
    """

    def __init__(self, folder, database_url, authtoken=None):
        self.folder = folder
        url = make_url(database_url).set(drivername="postgresql+psycopg2")
        indexer = url.render_as_string(hide_password=False)
        self.config = folder / "gnocchi.conf"
        self.config.write_text(
            f"""
[DEFAULT]
coordination_url = file://{folder}/coordination
log_file = {folder}/gnocchi.log
parallel_operations = 1
[api]
auth_mode = {"basic" if authtoken is None else "keystone"}
paste_config = {folder}/api-paste.ini
[indexer]
url = {indexer}
[storage]
driver = file
file_basepath = {folder}/storage
[incoming]
driver = file
file_basepath = {folder}/incoming
[keystone_authtoken]
{"".join(f"{name} = {value}{chr(10)}" for name, value in (authtoken or {}).items())}"""
        )
        self._authtoken = authtoken
        shipped = Path(importlib.util.find_spec("gnocchi").origin).parent / "rest/api-paste.ini"
        # Else its middleware would look for the configuration in /etc only.
        named = f"oslo_config_file = {self.config}\noslo_config_project ="
        paste = shipped.read_text().replace("oslo_config_project =", named)
        (folder / "api-paste.ini").write_text(paste)
        for name in ("coordination", "storage", "incoming"):
            (folder / name).mkdir()
        self.process = None

    def start(self):
        upgrade = Path(sys.executable).with_name("gnocchi-upgrade")
        told = ["--config-file", str(self.config), "--sacks-number", "4"]
        done = subprocess.run([upgrade, *told], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        with (self.folder / "errors").open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", str(SERVE), str(self.config)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=self.folder,
            )
        port = self.process.stdout.readline()
        assert port, (self.folder / "errors").read_text()[-3000:]
        self.url = f"http://127.0.0.1:{port.strip()}"
        self._prepare()

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()

    def client(self):
        from gnocchiclient import auth
        from gnocchiclient.v1.client import Client
        from keystoneauth1.identity import v3

        if self._authtoken is None:
            plugin = auth.GnocchiBasicPlugin("admin", self.url)
            return Client(session_options={"auth": plugin})
        told = {"auth_url": self._authtoken["auth_url"], "username": "admin", "password": "admin"}
        domains = {"user_domain_id": "default", "project_domain_id": "default"}
        plugin = v3.Password(project_name="admin", **told, **domains)
        options = {"endpoint_override": self.url}
        return Client(session_options={"auth": plugin}, adapter_options=options)

    def _prepare(self):
        self.api = self.client()
        # As Ceilometer has it, and one that is richer.
        for name, methods in (("ceilometer-low", ["mean"]), ("rich", ["mean", "max"])):
            definition = [{"granularity": "5 minutes", "timespan": "30 days"}]
            self.api.archive_policy.create(
                {"name": name, "definition": definition, "aggregation_methods": methods}
            )
        for name, attributes in TYPES.items():
            attributes = dict.fromkeys(attributes, TEXT)
            self.api.resource_type.create({"name": name, "attributes": attributes})

    def add(
        self, resource_type, resource_id, project_id, measures, policy="ceilometer-low", **told
    ):
        """A resource with measures: meter -> pairs of an instant and a value."""
        metrics = {meter: {"archive_policy_name": policy} for meter in measures}
        found = {"id": resource_id, "project_id": project_id, "metrics": metrics, **told}
        self.api.resource.create(resource_type, found)
        self.measure(resource_id, measures)

    def measure(self, resource_id, measures, *, refresh=True):
        """More measures. refresh: so that they are processed, as gnocchi-metricd would do it."""
        for meter, pairs in measures.items():
            told = [{"timestamp": at.isoformat(), "value": value} for at, value in pairs]
            self.api.metric.add_measures(meter, told, resource_id=resource_id)
            if refresh and told:
                self.api.metric.get_measures(meter, resource_id=resource_id, refresh=True)
