"""Options: their defaults, and what goes before what."""

import pytest
from oslo_config import cfg

from ratings import conf as options


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for group, opts in options.list_opts():
        for opt in opts:
            monkeypatch.delenv(f"OS_{group.upper()}__{opt.name.upper()}", raising=False)


def load(*argv):
    return options.load(argv, default_config_files=[])


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / "ratings.conf"
    path.write_text("[api]\nport = 8000\n[rating]\ncurrency = EUR\n")
    return str(path)


def test_without_any_configuration_the_service_is_local_and_asks_keystone():
    conf = load()
    assert (conf.api.host, conf.api.port) == ("127.0.0.1", 9999)
    assert conf.auth_strategy == "keystone"
    assert conf.database.connection is None
    assert (conf.rating.currency, conf.rating.region) == ("USD", "RegionOne")
    assert conf.rating.future_tolerance == 3600
    assert conf.api.workers >= 1
    assert conf.api.max_body_size == 16 * 1024 * 1024


def test_a_file_named_on_the_command_line_is_read(config_file):
    conf = load("--config-file", config_file)
    assert (conf.api.port, conf.rating.currency) == (8000, "EUR")


def test_the_environment_goes_before_the_file(config_file, monkeypatch):
    monkeypatch.setenv("OS_API__PORT", "8001")
    conf = load("--config-file", config_file)
    assert (conf.api.port, conf.rating.currency) == (8001, "EUR")


def test_an_option_without_a_group_is_called_default_in_the_environment(monkeypatch):
    monkeypatch.setenv("OS_DEFAULT__AUTH_STRATEGY", "noauth")
    assert load().auth_strategy == "noauth"


def test_two_configurations_know_nothing_of_each_other(config_file):
    first, second = load("--config-file", config_file), load()
    assert (first.api.port, second.api.port) == (8000, 9999)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OS_DEFAULT__AUTH_STRATEGY", "trust"),
        ("OS_API__PORT", "http"),
        ("OS_API__WORKERS", "0"),
        ("OS_RATING__CURRENCY", "dollars"),
        ("OS_RATING__FUTURE_TOLERANCE", "-1"),
    ],
)
def test_a_wrong_value_is_told_at_start_and_not_when_it_is_used(variable, value, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(cfg.Error, match=variable):
        load()


def test_a_missing_file_is_told():
    with pytest.raises(cfg.ConfigFilesNotFoundError):
        load("--config-file", "/nowhere/ratings.conf")


def test_the_state_of_a_user_is_in_the_xdg_state_directory(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", "/home/ada/state")
    assert load().state_path == "/home/ada/state/ratings"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/ada")
    assert load().state_path == "/home/ada/.local/state/ratings"


def test_the_state_of_root_is_in_var_lib(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert load().state_path == "/var/lib/ratings"


def test_every_option_has_help():
    for _, opts in options.list_opts():
        for opt in opts:
            assert opt.help, opt.name


def test_the_password_of_the_database_is_secret():
    (connection,) = (opt for opt in options.DATABASE if opt.name == "connection")
    assert connection.secret
