"""A Keystone of the test's own, on loopback: SQLite, Fernet tokens, cheap passwords.

Its programs come from the extra ``keystone``: those beside the Python that runs the tests, else
those of ``.venv-keystone`` in the checkout, which ``contrib/venv`` makes::

    RATINGS_VENV=$PWD/.venv-keystone contrib/venv keystone
"""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import requests

from ratings.tests.brokers import free_ports, until

SERVE = Path(__file__).with_name("serve_keystone.py")
CHECKOUT = Path(__file__).parents[2]
REGION = "RegionOne"

CONFIGURATION = """
[DEFAULT]
log_file = {home}/keystone.log
[database]
connection = sqlite:///{home}/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = {home}/fernet-keys
[fernet_receipts]
key_repository = {home}/fernet-keys
[credential]
key_repository = {home}/credential-keys
[cache]
enabled = true
backend = oslo_cache.dict
[identity]
password_hash_algorithm = bcrypt
password_hash_rounds = 4
[oslo_messaging_notifications]
driver = noop
"""


def programs():
    """Where ``keystone-manage`` and its Python are; None where there is no Keystone."""
    for folder in (Path(sys.executable).parent, CHECKOUT / ".venv-keystone" / "bin"):
        if (folder / "keystone-manage").exists():
            return folder
    return None


class Keystone:
    """A server that keeps what it knows when it is stopped and started.

    url: of its API, with the version. admin: the name and password of its administrator.
    """

    admin = "admin"

    def __init__(self, home):
        self.home = home
        (self._port,) = free_ports(1)
        self.root = f"http://127.0.0.1:{self._port}"
        self.url = f"{self.root}/v3"
        self._process = None
        self._roles = {}
        self._prepare()

    def start(self, **options):
        """options: of its configuration, as oslo.config takes them from the environment."""
        command = [str(programs() / "python"), str(SERVE), str(self._port)]
        with (self.home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=self._environment() | options,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
            )
        until(self._answers, "Keystone does not start")

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def away(self):
        """Nobody answers meanwhile."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def token(self, user, password=None, *, project=None, scope=None):
        """A token of a user, whose password is its name unless told; scoped to a project by name.

        scope: another one, in Keystone's words, such as ``{"system": {"all": True}}``.
        """
        domain = {"id": "default"}
        if project is not None:
            scope = {"project": {"name": project, "domain": domain}}
        secret = {"name": user, "domain": domain, "password": password or user}
        auth = {"identity": {"methods": ["password"], "password": {"user": secret}}}
        if scope is not None:
            auth["scope"] = scope
        answer = requests.post(f"{self.url}/auth/tokens", json={"auth": auth}, timeout=60)
        assert answer.status_code == 201, answer.text
        return answer.headers["X-Subject-Token"]

    def expired(self, user, project):
        """A token that was good for a second."""
        self.stop()
        self.start(OS_TOKEN__EXPIRATION="1")
        token = self.token(user, project=project)
        self.stop()
        self.start()
        until(lambda: not self._knows(token), "the token does not expire")
        return token

    def revoke(self, token):
        self.ask("DELETE", "/auth/tokens", headers={"X-Subject-Token": token})

    def project(self, name):
        """The id of a new project."""
        body = {"project": {"name": name, "domain_id": "default"}}
        return self.ask("POST", "/projects", json=body).json()["project"]["id"]

    def user(self, name, **roles):
        """The id of a new user, whose password is its name. roles: project id -> names of roles."""
        body = {"user": {"name": name, "password": name, "domain_id": "default"}}
        found = self.ask("POST", "/users", json=body).json()["user"]["id"]
        for project, names in roles.items():
            for role in names:
                self.grant(f"/projects/{project}/users/{found}", role)
        return found

    def grant(self, target, role):
        """target: the beginning of a path, such as ``/system/users/<id>``."""
        if not self._roles:
            listed = self.ask("GET", "/roles").json()["roles"]
            self._roles = {each["name"]: each["id"] for each in listed}
        self.ask("PUT", f"{target}/roles/{self._roles[role]}")

    def service(self, service_type, url):
        """Put a service into the catalog, with one endpoint for each interface."""
        body = {"service": {"type": service_type, "name": service_type}}
        found = self.ask("POST", "/services", json=body).json()["service"]["id"]
        for interface in ("public", "internal", "admin"):
            endpoint = {"interface": interface, "region_id": REGION, "url": url}
            body = {"endpoint": {**endpoint, "service_id": found}}
            self.ask("POST", "/endpoints", json=body)

    def ask(self, method, path, *, headers=(), **more):
        """As the administrator. The answer, which is a good one."""
        told = {"X-Auth-Token": self.token(self.admin, project="admin"), **dict(headers)}
        answer = requests.request(method, self.url + path, headers=told, timeout=60, **more)
        assert answer.status_code < 300, f"{method} {path}: {answer.text}"
        return answer

    def authtoken(self, user):
        """The options of ``[keystone_authtoken]`` for a service user of the project service."""
        return {
            "auth_type": "password",
            "auth_url": self.url,
            "www_authenticate_uri": self.url,
            "username": user,
            "password": user,
            "project_name": "service",
            "user_domain_id": "default",
            "project_domain_id": "default",
            "interface": "internal",
        }

    def _prepare(self):
        (self.home / "keystone.conf").write_text(CONFIGURATION.format(home=self.home))
        owner = []
        if os.geteuid() == 0:
            owner = ["--keystone-user", "root", "--keystone-group", "root"]
        waiting = [
            self._manage("db_sync"),
            self._manage("fernet_setup", *owner),
            self._manage("credential_setup", *owner),
        ]
        for process in waiting:
            self._done(process)
        urls = [f"--bootstrap-{name}-url={self.url}" for name in ("admin", "public", "internal")]
        names = ["--bootstrap-password=admin", f"--bootstrap-region-id={REGION}"]
        self._done(self._manage("bootstrap", *names, *urls))

    def _manage(self, *arguments):
        file = f"--config-file={self.home}/keystone.conf"
        command = [str(programs() / "keystone-manage"), file, *arguments]
        return subprocess.Popen(
            command,
            env=self._environment(),
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _done(self, process):
        said, _ = process.communicate()
        assert process.returncode == 0, said

    def _environment(self):
        told = {"OS_KEYSTONE_CONFIG_FILES": str(self.home / "keystone.conf")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        return kept | told | {"HOME": str(self.home), "PYTHONWARNINGS": "ignore"}

    def _knows(self, token):
        told = {"X-Auth-Token": self.token(self.admin, project="admin"), "X-Subject-Token": token}
        return requests.head(f"{self.url}/auth/tokens", headers=told, timeout=60).ok

    def _answers(self):
        assert self._process.poll() is None, (self.home / "server.log").read_text()[-3000:]
        with contextlib.suppress(requests.RequestException):
            return requests.get(self.url, timeout=10).status_code == 200
        return False
