"""What is logged bears who asked, and never a secret."""

import json
import logging
import os
import subprocess
import sys

import pytest
from gunicorn.config import Config
from oslo_context import context

from ratings import conf as options
from ratings import plugins
from ratings.api.app import make_app
from ratings.api.contexts import Identified, Numbered
from ratings.batch import Arrival
from ratings.cmd import logs
from ratings.collectors.listening import prepare
from ratings.collectors.options import sources
from ratings.core.errors import Unavailable
from ratings.core.model import Unreadable
from ratings.db.engine import UnsupportedDatabase, create_engine
from ratings.rater import Rater
from ratings.tests.functional.conftest import NOW

SECRETS = {
    "OS_DATABASE__CONNECTION": "postgresql://ratings:hush-database@127.0.0.1:1/ratings",
    "OS_ERP_ODOO__API_KEY": "hush-odoo",
    "OS_ERP_TRYTON__PASSWORD": "hush-tryton",
    "OS_ERP_WEBHOOK__SECRET": "hush-webhook",
    "OS_SOURCE_WEST__TRANSPORT_URL": "rabbit://ratings:hush-broker@127.0.0.1:1/",
    "OS_DEFAULT__TRANSPORT_URL": "rabbit://ratings:hush-default@127.0.0.1:1/",
}


@pytest.fixture
def logged(tmp_path):
    """A function that sets logging up as a service does, and one that reads what was logged."""
    path = tmp_path / "ratings.log"

    def set_up(*arguments):
        conf = options.load(["--log-file", str(path), *arguments], default_config_files=[])
        logs.set_up(conf)
        return conf

    return set_up, path.read_text


def ask(app, path="/v1/prices", **environ):
    """GET without a server; the status."""
    told = []
    request = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "ratings",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        **environ,
    }
    list(app(request, lambda status, headers, *error: told.append((status, dict(headers)))))
    return told[-1]


def test_an_error_is_logged_with_the_request_and_who_asked(logged, settings):
    set_up, read = logged
    conf = set_up()
    conf.set_override("use_json", True)
    conf.set_override("auth_strategy", "noauth")
    logs.set_up(conf)
    engine = create_engine("postgresql://127.0.0.1:1/ratings")
    app = make_app(conf, engine, settings, plugins.exports(conf), lambda: NOW)
    status, _ = ask(app, HTTP_X_PROJECT_ID="acme", HTTP_X_USER_ID="ada")
    assert status == "503 Service Unavailable"
    (line,) = (json.loads(text) for text in read().splitlines())
    assert "the database cannot be used" in line["message"]
    assert line["context"]["request_id"].startswith("req-")
    assert (line["context"]["project"], line["context"]["user"]) == ("acme", "ada")


def test_a_line_of_text_has_them_in_the_usual_place(logged, settings):
    set_up, read = logged
    conf = set_up()
    conf.set_override("auth_strategy", "noauth")
    engine = create_engine("postgresql://127.0.0.1:1/ratings")
    app = make_app(conf, engine, settings, plugins.exports(conf), lambda: NOW)
    ask(app, HTTP_X_PROJECT_ID="acme", HTTP_X_USER_ID="ada")
    assert " ERROR ratings.api.faults [None req-" in read()
    assert " ada acme " in read()


def test_a_request_that_is_refused_early_is_not_logged_as_the_one_before():
    """Threads serve one request after the other."""
    seen = []

    def refusing(environ, start_response):
        seen.append(context.get_current())
        return []

    Identified(refusing)({"HTTP_X_PROJECT_ID": "acme"}, None)
    Numbered(refusing)({"openstack.request_id": "req-2", "HTTP_X_PROJECT_ID": "globex"}, None)
    assert [one.project_id for one in seen] == ["acme", None]
    assert seen[1].request_id == "req-2"


def test_the_configuration_is_logged_without_its_secrets(logged, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OS_COLLECTOR__SOURCES", "west")
    set_up, read = logged
    conf = set_up("--debug")
    prepare(conf)
    assert "hush-broker" in sources(conf)[0].transport_url
    conf.log_opt_values(logging.getLogger("ratings"), logging.DEBUG)
    for shown in (
        "database.connection",
        "erp_odoo.api_key",
        "erp_tryton.password",
        "erp_webhook.secret",
        "source_west.transport_url",
        "transport_url",
    ):
        (value, *_) = [
            line.partition(f" {shown} ")[2] for line in read().splitlines() if f" {shown} " in line
        ]
        assert value.split()[:2] == ["=", "****"], shown
    assert "hush" not in read()


def test_what_gunicorn_says_goes_where_everything_goes(logged):
    set_up, read = logged
    set_up()
    logs.Gunicorn(Config()).error_log.warning("a worker is late")
    assert " WARNING gunicorn.error " in read()


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("manage", "--debug", "audit"),
        ("manage", "--debug", "deliver"),
        ("collector", "--debug"),
        ("deliverer", "--debug"),
        ("status", "upgrade", "check"),
    ],
    ids=" ".join,
)
def test_no_command_tells_a_secret_when_it_cannot_do_its_work(command, tmp_path):
    (tmp_path / "mapping.yaml").write_text("{}")
    done = subprocess.run(
        [sys.executable, "-m", f"ratings.cmd.{command[0]}", *command[1:]],
        env=os.environ
        | SECRETS
        | {
            "HOME": str(tmp_path),
            "OS_DEFAULT__STATE_PATH": str(tmp_path),
            "OS_COLLECTOR__SOURCES": "west",
            "OS_ERP__DRIVERS": "webhook,odoo,tryton",
            "OS_ERP__MAPPING_FILE": str(tmp_path / "mapping.yaml"),
            "OS_ERP_WEBHOOK__URL": "http://127.0.0.1:1",
            "OS_ERP_ODOO__URL": "http://127.0.0.1:1",
            "OS_ERP_ODOO__DATABASE": "books",
            "OS_ERP_TRYTON__URL": "http://127.0.0.1:1",
            "OS_ERP_TRYTON__DATABASE": "books",
            "OS_ERP_TRYTON__USER": "ratings",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (1, 2)
    told = done.stdout + done.stderr
    assert "refused" in told
    assert "hush" not in told


def test_a_password_with_an_unescaped_at_is_refused_and_not_repeated():
    with pytest.raises(UnsupportedDatabase, match="%40") as refusal:
        create_engine("postgresql://ratings:hu@sh@host/ratings")
    assert "sh@host" not in str(refusal.value)
    assert "hu" not in str(refusal.value)


def test_errors_of_the_database_bear_no_password(settings):
    engine = create_engine(SECRETS["OS_DATABASE__CONNECTION"])
    with pytest.raises(Unavailable) as failure:
        Rater(engine, settings, lambda: NOW).rate([Arrival("r", Unreadable("a_b", "c", "d"), "{}")])
    assert "hush" not in failure.value.detail + str(failure.value.__cause__) + repr(engine)


def test_the_status_and_the_metrics_show_no_configuration(client):
    told = client.get("/v1/status").text + client.get("/metrics").text
    assert "postgresql://" not in told
