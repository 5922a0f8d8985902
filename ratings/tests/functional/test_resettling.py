"""Settling anew: what changed definitions make of a ledger, shown first, then applied."""

from dataclasses import replace

import pytest
import yaml

from ratings import orders, resettling
from ratings.cmd import manage
from ratings.core import definitions
from ratings.resettling import Scope
from ratings.shipped import defaults
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import NOW, SETTINGS, add_prices, ledger, rate, rater

EVERYTHING = Scope()
LIVED = "06:00 create vcpu=2 disk=10 id=a\n08:00 power_off id=b\n10:00 delete id=c"


def document():
    """The shipped definitions, but a disk costs nothing while its instance is shut off."""
    found = yaml.safe_load((defaults() / "definitions.yaml").read_text())
    found["resource_types"]["instance"]["components"]["disk"]["charged_in"] = ["active"]
    return found


@pytest.fixture
def generous(database):
    """A rater by these definitions."""
    mine = rater(database)
    mine.settings = replace(SETTINGS, definitions=definitions.parse(document()))
    return mine


@pytest.fixture
def lived(database):
    add_prices(database, [price("disk", "0.1"), price("vcpu", "1")])
    rate(database, journal(LIVED, "instance"))
    return database


def settle(database, mine, *, scope=EVERYTHING, dry_run=False, retroactive=False):
    return list(resettling.settle(database, mine, scope, dry_run=dry_run, retroactive=retroactive))


def disks(database):
    return [f"{row[4]:%H}-{row[5]:%H} {row[11]:f}" for row in ledger(database) if row[3] == "disk"]


def test_a_ledger_that_says_what_its_journal_gives_is_left_alone(lived):
    assert settle(lived, rater(lived)) == []


def test_a_dry_run_shows_the_difference_and_writes_nothing(lived, generous):
    before = ledger(lived)
    (difference,) = settle(lived, generous, dry_run=True)
    assert [record.amount for record in difference.gone] == [2]
    assert (difference.come, difference.refused) == ((), None)
    assert ledger(lived) == before


def test_the_ledger_becomes_what_the_definitions_say_now(lived, generous):
    assert disks(lived) == ["06-08 2.000000000000", "08-10 2.000000000000"]
    settle(lived, generous)
    assert disks(lived) == ["06-08 2.000000000000"]
    assert settle(lived, generous) == []


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        (Scope(tenants=["globex"]), 0),
        (Scope(tenants=["acme"]), 1),
        (Scope(since=instant("10:00")), 1),
        (Scope(since=instant("10:01")), 0),
    ],
)
def test_only_what_was_asked_for_is_settled(lived, generous, scope, found):
    assert len(settle(lived, generous, scope=scope)) == found


def test_what_an_order_has_billed_is_refused_unless_the_next_order_is_to_correct_it(
    lived, generous
):
    orders.close(lived, rater(lived), "acme", instant("12:00"), NOW)
    before = ledger(lived)
    (difference,) = settle(lived, generous)
    assert difference.refused == "sales orders have billed it"
    assert ledger(lived) == before
    settle(lived, generous, retroactive=True)
    order = orders.close(lived, generous, "acme", instant("13:00"), NOW).order
    assert [(line.reason, line.amount) for line in order.corrections] == [("disproved", -2)]


def test_the_command_shows_what_it_comes_to(lived, monkeypatch, tmp_path, capsys):
    file = tmp_path / "definitions.yaml"
    file.write_text(yaml.safe_dump(document()))
    url = lived.url.render_as_string(hide_password=False)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)
    monkeypatch.setenv("OS_RATING__DEFINITIONS", str(file))
    assert manage.main(["settle", "--dry-run"]) == 0
    said = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert said == [
        "RegionOne instance r1: records: 1 go, 0 come",
        "tenant  component  was  becomes  currency",
        "acme    disk         2        0  USD",
        "Resources: 1 would be settled, 0 refused.",
    ]
    orders.close(lived, rater(lived), "acme", instant("12:00"), NOW)
    assert manage.main(["settle"]) == 1
    assert "refused: sales orders have billed it" in capsys.readouterr().err
