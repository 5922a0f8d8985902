"""What must be configured before anybody can be found out, and who needs no token."""

import pytest

from ratings import conf as options
from ratings.api import authentication
from ratings.api.authentication import INGEST_PATHS, OPEN_PATHS, Unconfigured

COMPLETE = """
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:1/v3
username = ratings
password = ratings
"""


@pytest.fixture
def configured(tmp_path):
    def loaded(text):
        path = tmp_path / "ratings.conf"
        path.write_text(text)
        return options.load(["--config-file", str(path)])

    return loaded


def test_without_a_word_on_keystone_the_service_does_not_start(configured):
    with pytest.raises(Unconfigured, match="noauth"):
        authentication.check(configured(""))


def test_half_a_word_is_not_enough(configured):
    with pytest.raises(Unconfigured, match="auth_url"):
        authentication.check(configured("[keystone_authtoken]\nauth_type = password\n"))
    with pytest.raises(Unconfigured, match="magic"):
        authentication.check(configured("[keystone_authtoken]\nauth_type = magic\n"))


def test_a_keystone_that_is_away_keeps_nobody_from_starting(configured):
    authentication.check(configured(COMPLETE))


def test_a_service_token_must_be_one_of_a_service_unless_somebody_says_otherwise(configured):
    conf = configured(COMPLETE)
    authentication.check(conf)
    assert conf.keystone_authtoken.service_token_roles_required is True
    assert conf.keystone_authtoken.http_connect_timeout == 10
    conf = configured(COMPLETE + "service_token_roles_required = false\nhttp_connect_timeout = 3")
    authentication.check(conf)
    assert conf.keystone_authtoken.service_token_roles_required is False
    assert conf.keystone_authtoken.http_connect_timeout == 3


def test_a_file_of_senders_that_is_not_there_is_told(configured):
    for strategy in ("noauth", "keystone"):
        conf = configured(f"{COMPLETE}[DEFAULT]\nauth_strategy = {strategy}\n")
        conf.set_override("credentials_file", "/nowhere/senders.yaml", group="ingest")
        with pytest.raises(OSError, match="nowhere"):
            authentication.check(conf)
    conf.set_override("credentials_file", "/dev/null", group="ingest")
    authentication.check(conf)


def test_the_options_are_those_of_this_configuration_alone(configured):
    from oslo_config.cfg import CONF

    authentication.check(configured(COMPLETE))
    assert "oslo_policy" not in CONF
    assert "ingest" not in CONF


def test_what_is_open_is_nowhere_to_deliver():
    assert not set(OPEN_PATHS) & set(INGEST_PATHS)
