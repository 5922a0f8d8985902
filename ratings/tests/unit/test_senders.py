"""Who delivers without a token: the file of credentials, and what is remembered of them."""

import hashlib
import io
from contextlib import suppress

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ratings.api import senders
from ratings.cmd import manage
from ratings.core.errors import DefinitionError

KEPT = senders.hashed("an open secret")


@pytest.fixture
def load(tmp_path):
    def loaded(text):
        path = tmp_path / "senders.yaml"
        path.write_text(text)
        return senders.load(path)

    return loaded


@pytest.fixture
def known(load):
    return load(f"""
        one: {{secret: "{KEPT}", regions: [RegionOne, RegionTwo]}}
        two: {{secret: "{senders.hashed("another")}", regions: ["*"]}}
        agent.example.com: {{tls: true, regions: [RegionOne]}}
    """)


@pytest.fixture
def work(monkeypatch):
    """The secrets that scrypt was asked about."""
    asked = []
    real = hashlib.scrypt

    def counted(secret, **how):
        asked.append(secret)
        return real(secret, **how)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    return asked


def test_a_sender_is_known_by_its_secret(known):
    assert known.by_secret("one", b"an open secret").regions == {"RegionOne", "RegionTwo"}
    assert known.by_secret("two", b"another").regions is None
    assert known.by_secret("one", b"another") is None
    assert known.by_secret("three", b"another") is None


def test_a_sender_has_the_role_of_services_and_no_project(known):
    caller = known.by_secret("one", b"an open secret")
    assert (caller.roles, caller.tenant_id) == ({"service"}, None)


def test_a_certificate_is_no_secret_and_a_secret_no_certificate(known):
    assert known.by_certificate("agent.example.com").regions == {"RegionOne"}
    assert known.by_certificate("one") is None
    assert known.by_certificate("stranger") is None
    assert known.by_secret("agent.example.com", b"") is None


def test_a_right_secret_costs_one_scrypt_and_a_wrong_one_each_time(known, work):
    for _ in range(3):
        assert known.by_secret("one", b"an open secret")
    assert work == [b"an open secret"]
    for _ in range(2):
        assert known.by_secret("one", b"guessed") is None
    assert work[1:] == [b"guessed"] * 2
    assert known.by_secret("one", b"an open secret")
    assert len(work) == 3


@pytest.mark.parametrize("name", ["stranger", "agent.example.com", "", "one\0"])
def test_a_name_that_nobody_has_costs_what_a_wrong_secret_costs(known, work, name):
    assert known.by_secret(name, b"guessed") is None
    assert work == [b"guessed"]


def test_without_senders_nothing_is_worked_out(work):
    assert senders.load(None).by_secret("one", b"guessed") is None
    assert work == []


def test_what_is_remembered_of_one_name_does_not_help_another(known, work):
    assert known.by_secret("one", b"an open secret")
    assert known.by_secret("two", b"an open secret") is None


def test_a_hash_comes_back_as_it_was_written():
    assert senders.parsed(str(KEPT)) == KEPT
    assert senders.parsed(str(KEPT)).of(b"an open secret") == KEPT.digest


@settings(max_examples=300)
@given(
    st.text(max_size=80)
    | st.builds(
        "$scrypt$ln={},r={},p={}${}${}".format,
        st.integers(0, 99),
        st.integers(0, 99),
        st.integers(0, 9),
        st.text("aA/+", min_size=20, max_size=24),
        st.text("aA/+", min_size=42, max_size=44),
    )
)
def test_a_text_is_a_hash_or_refused(text):
    with suppress(ValueError):
        assert senders.parsed(text).of(b"") is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one: {regions: [R]}", "either a secret or tls"),
        (f"one: {{secret: '{KEPT}', tls: true, regions: [R]}}", "either a secret or tls"),
        ("one: {tls: true, regions: []}", "regions"),
        ("one: {tls: true}", "regions"),
        ("'a:b': {tls: true, regions: [R]}", "without a colon"),
        ("one: {secret: plain, regions: [R]}", "'one' is no hash of scrypt"),
        (f"one: {{secret: '{str(KEPT).replace('ln=14', 'ln=30')}', regions: [R]}}", "parameters"),
        ("one: {tls: true, regions: [R], role: admin}", "role"),
        ("- one", "Expected `object`"),
        ("one: [", "no YAML"),
    ],
)
def test_a_file_that_is_wrong_is_told_at_start(load, text, told):
    with pytest.raises(DefinitionError, match=told) as refusal:
        load(text)
    assert "senders.yaml" in str(refusal.value)


def test_the_command_prints_an_entry_that_is_understood(monkeypatch, capsys, load):
    monkeypatch.setattr("sys.stdin", io.StringIO("an open secret\n"))
    assert manage.main(["ingest", "hash", "one", "--region", "A", "--region", "B"]) == 0
    printed = capsys.readouterr().out
    assert list(yaml.safe_load(printed)) == ["one"]
    assert load(printed).by_secret("one", b"an open secret").regions == {"A", "B"}


@pytest.mark.parametrize(("name", "secret"), [("a:b", "x"), ("a", ""), ("a", "geheimniß")])
def test_what_http_cannot_carry_is_refused(monkeypatch, name, secret):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{secret}\n"))
    with pytest.raises(SystemExit):
        manage.main(["ingest", "hash", name, "--region", "A"])
