"""``openstack rating ...`` on a real API without authentication.

Most run in the process of the test, by the function that the executable calls; some as a person
runs them.
"""

import csv
import io
import json
import logging
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from openstackclient import shell
from osc_lib.clientmanager import ClientManager

from ratings import budgeting
from ratings.client.osc import plugin
from ratings.db import collections
from ratings.tests.functional.conftest import NOW
from ratings.tests.ledgers import rater
from ratings.tests.unit.test_openstack import COMMANDS

EVENTS = json.dumps(
    [
        {
            "resource_id": "data",
            "resource_type": "volume",
            "resource_name": "Daten für Ü",
            "event_type": action,
            "event_time": at,
            "region": "RegionOne",
            "tenant_id": "acme",
            "content": {"size": 7},
        }
        for action, at in [
            ("create", "2026-01-05T00:00:00Z"),
            ("delete", "2026-01-15T12:00:00Z"),
        ]
    ]
)
AMOUNT = "2.370967741935"


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """No cloud is configured but the one that the command line names."""
    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def openstack(environment, url, capsys):
    """A function that runs a command and gives what it prints, read as JSON if it is."""
    # It would keep the first client for all the time of the process.
    setattr(ClientManager, plugin.API_NAME, property(plugin.make_client))
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def run(command, *arguments, fails=False):
        root.handlers[:] = []
        given = ("--os-auth-type", "none", "--os-endpoint", url, *command.split(), *arguments)
        code = shell.main([*given])
        printed = capsys.readouterr()
        assert bool(code) == fails, printed.err
        if fails:
            return printed.err
        return json.loads(printed.out) if "json" in arguments else printed.out

    yield run
    root.handlers[:], root.level = before


@pytest.fixture
def charged(openstack, tmp_path):
    """The same with a volume of which the bill is known."""
    openstack("rating price create", "volume", "1", "--per", "month")
    Path("events.json").write_text(EVENTS, encoding="utf-8")
    receipt = openstack("rating event create", "events.json", "-f", "json")
    assert (receipt["received"], receipt["rated"]) == (2, 2)
    return openstack


def test_every_command_is_run_here():
    run = set(re.findall(r'"(rating [a-z ]+)"', Path(__file__).read_text(encoding="utf-8")))
    assert {command.name for command in COMMANDS} == run


def test_a_price_is_created_shown_succeeded_and_deleted(openstack):
    price = openstack(
        *("rating price create", "volume", "0.000300000000000000000001", "--match"),
        *("volume_type=ssd", "--tier", "1000=0.0002", "--start", "2026-01-01", "-f", "json"),
    )
    assert price["unit_price"] == "0.000300000000000000000001"
    assert price["match"] == {"volume_type": "ssd"}
    assert price["tiers"] == [{"above": "1000", "unit_price": "0.0002"}]
    number = str(price["id"])
    assert openstack("rating price show", number, "-f", "json") == price
    new = openstack("rating price set", number, "--unit-price", "9", "--start", "2026-03-01")
    assert "| unit_price    | 9 " in new
    prices = openstack("rating price list", "-f", "json", "--sort-column", "unit_price")
    assert [each["unit_price"] for each in prices] == ["0.000300000000000000000001", "9"]
    assert [each["end_at"] for each in prices] == ["2026-03-01T00:00:00Z", None]
    openstack("rating price delete", *(str(each["id"]) for each in prices))
    assert openstack("rating price list", "-f", "value") == ""


def test_numbers_sort_as_numbers(openstack):
    for component, price in (("vcpu", "10"), ("ram", "9.5"), ("disk", "9.25")):
        openstack("rating price create", component, price)
    sorted_ones = openstack("rating price list", "--sort-column", "unit_price", "-f", "value")
    assert [line.split()[2] for line in sorted_ones.splitlines()] == ["9.25", "9.5", "10"]


def test_what_a_resource_cost_is_told_in_every_format(charged):
    text = charged("rating resource list", "-f", "csv")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["resource_name"], row["consumption"]) == ("Daten für Ü", AMOUNT)
    shown = yaml.safe_load(charged("rating resource show", "data", "-f", "yaml"))
    assert (shown["consumption"], shown["other_currencies"]) == (AMOUNT, [])
    table = charged("rating record list", "--resource", "data")
    assert f"| {AMOUNT} | USD" in table
    (span,) = charged("rating span list", "data", "-f", "json")
    assert (span["consumption"], span["end_at"]) == (AMOUNT, "2026-01-15T12:00:00Z")
    assert charged("rating resource list", "--existing", "-f", "json") == []


def test_a_record_is_explained_to_a_person_and_to_a_program(charged):
    (record,) = charged("rating record list", "-f", "json", "--long")
    number = str(record["id"])
    text = charged("rating record explain", number)
    assert "7 GiB x 1 USD x 907200 s / 2678400 s = 2.3709677419354838709" in text
    assert "2026-01-05T00:00:00Z, for event" in text
    told = charged("rating record explain", number, "-f", "json")
    assert (told["working"]["numerator"], told["working"]["denominator"]) == ("147", "62")
    assert told["begins"]["causes"][0]["event"]["event_type"] == "create"


def test_usage_and_sums_are_shown(charged):
    (usage,) = charged("rating usage show", "acme", "-f", "json")
    assert (usage["quantity"], usage["unit"], usage["priced"]) == ("1764", "GiB", True)
    (row,) = charged(
        *("rating summary show", "--group-by", "tenant_id", "--group-by", "month", "-f", "json")
    )
    assert row == {
        "tenant_id": "acme",
        "month": "2026-01",
        "currency": "USD",
        "amount": AMOUNT,
        "records": 1,
        "unpriced": 0,
    }


def test_a_tenant_must_be_named_where_no_token_tells_it(openstack):
    assert "name a tenant" in openstack("rating usage show", fails=True)


def test_a_bill_is_drafted_issued_and_explained(charged):
    draft = charged("rating draft show", "acme", "--end", "2026-02-01", "-f", "json")
    (line,) = charged("rating draft line list", "acme", "--long", "-f", "json")
    assert (draft["status"], draft["total"], line["amount"]) == ("draft", AMOUNT, AMOUNT)
    order = charged("rating order create", "acme", "--end", "2026-02-01", "-f", "json")
    number = str(order["id"])
    assert order["lines"] == draft["lines"]
    assert charged("rating order show", number, "-f", "json") == order
    historic = charged(
        *("rating order show", "--date", "2026-01-20", "--tenant", "acme", "-f", "json")
    )
    assert historic == order
    assert "| lines           | 1 " in charged("rating order show", number)
    (row,) = charged("rating order list", "--start", "2026-01-01", "--long", "-f", "json")
    assert (row["payable"], row["digest"]) == ("2.37", order["digest"])
    assert "| usage | data        | volume    | 7 " in charged("rating order line list", number)
    text = charged("rating order explain", number, "1")
    assert "1 usage: Daten für Ü volume from 2026-01-05T00:00:00Z" in text
    assert "begins 2026-01-05T00:00:00Z, for event" in text
    told = charged("rating order explain", number, "1", "-f", "json")
    assert told["records"][0]["price"]["per"] == "month"


def test_an_adjustment_is_explained(charged):
    charged(
        *("rating term create", "discount_percent", "10", "--reason", "partner"),
        *("--tenant", "acme", "--start", "2026-01-01"),
    )
    charged("rating order create", "acme", "--end", "2026-02-01")
    text = charged("rating order explain", "1", "2")
    assert "discount_percent of 10 percent, partner" in text
    assert "based on the lines 1" in text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "give the id of an order, or --date"),
        (["1", "--date", "2026-01-01"], "give the id of an order, or --date"),
        (["--date", "2025-01-01", "--tenant", "acme"], "no order of acme contains 2025-01-01"),
        (["1"], "404 Not Found: there is no sales order 1 (not_found) [req-"),
    ],
)
def test_an_order_that_cannot_be_shown_is_an_error(openstack, arguments, reason):
    assert reason in openstack("rating order show", *arguments, fails=True)


def test_orders_and_drafts_are_exported(charged, tmp_path):
    charged("rating draft export", "acme", "--format", "csv", "--file", "draft.csv")
    assert AMOUNT in Path("draft.csv").read_text(encoding="utf-8")
    charged("rating order create", "acme", "--end", "2026-02-01")
    exported = charged("rating order export", "1", "--format", "json")
    assert exported["id"] == 1
    unknown = charged("rating order export", "1", "--format", "smoke", fails=True)
    assert "format_unknown" in unknown
    away = charged("rating order export", "1", "--format", "csv", "--file", "no/way", fails=True)
    assert "no/way: No such file or directory" in away


def test_parked_events_are_listed_and_tried_again(openstack):
    Path("event.json").write_text(
        '{"message_id": "1", "event_type": "nas.create.end",'
        ' "generated": "2026-01-10T06:00:00", "traits": []}'
    )
    openstack("rating event create", "event.json", "--region", "RegionTwo")
    (parked,) = openstack("rating parked list", "--code", "event_type_unknown", "-f", "json")
    assert (parked["message_id"], parked["region"]) == ("1", "RegionTwo")
    again = openstack("rating parked requeue", str(parked["id"]), "-f", "json")
    assert (again["tried"], again["parked"]) == (1, 1)
    assert openstack("rating parked requeue", "-f", "json")["tried"] == 1
    status = openstack("rating status show", "-f", "json")
    (count,) = status["parked_by_code"]
    assert (count["code"], count["events"]) == ("event_type_unknown", 1)


def test_the_journal_is_listed(charged):
    (event,) = charged("rating event list", "--type", "create", "--long", "-f", "json")
    assert (event["action"], event["body"]["content"]) == ("create", {"size": 7})
    assert len(charged("rating event list", "--limit", "1", "-f", "json")) == 1


def test_samples_are_sent(openstack):
    Path("samples.json").write_text("[]")
    assert openstack("rating sample create", "samples.json", "-f", "json")["received"] == 0
    missing = openstack("rating sample create", "nowhere.json", fails=True)
    assert "nowhere.json: No such file or directory" in missing


def test_terms_are_created_moved_listed_and_ended(openstack):
    term = openstack(
        *("rating term create", "credit", "12.50", "--reason", "welcome", "--tenant", "acme"),
        *("-f", "json"),
    )
    number = str(term["id"])
    assert openstack("rating term show", number, "-f", "json") == term
    moved = openstack("rating term set", number, "--end", "2027-01-01", "-f", "json")
    assert moved["end_at"] == "2027-01-01T00:00:00Z"
    (listed,) = openstack("rating term list", "--kind", "credit", "-f", "json")
    assert listed["remaining"] == "12.50" or listed["remaining"] == "12.5"
    openstack("rating term delete", number)
    assert openstack("rating term list", "--at", "2026-06-01", "-f", "json") == []


@pytest.fixture
def running(openstack):
    """The same with a volume that costs 7.000000000007 each month."""
    openstack("rating price create", "volume", "1.000000000001", "--per", "month")
    Path("event.json").write_text(json.dumps(json.loads(EVENTS)[0]), encoding="utf-8")
    openstack("rating event create", "event.json")
    return openstack


def test_a_budget_is_created_shown_and_deleted_and_its_alerts_stay(running, database):
    budget = running(
        *("rating budget create", "month", "7.00", "--threshold", "actual=80.5"),
        *("--threshold", "forecast=100", "--tenant", "acme", "--description", "Läden"),
        *("-f", "json"),
    )
    assert budget["thresholds"] == [
        {"kind": "actual", "percent": "80.5"},
        {"kind": "forecast", "percent": "100"},
    ]
    assert (budget["currency"], budget["description"]) == ("USD", "Läden")
    number = str(budget["id"])
    standing = running("rating budget show", number, "-f", "json")
    assert budget.items() <= standing.items()
    assert (standing["spent"], standing["forecast"]) == ("0", "7.000000000007")
    assert running("rating budget list", "--tenant", "acme", "-f", "json") == [budget]
    assert running("rating budget list", "--tenant", "globex", "-f", "json") == []
    list(budgeting.check_each(database, rater(database), (), lambda: NOW))
    running("rating budget delete", number)
    assert running("rating budget list", "-f", "json") == []
    (alert,) = running(
        *("rating budget alert list", "--tenant", "acme", "--budget", number, "-f", "json")
    )
    assert (alert["kind"], alert["percent"], alert["forecast"]) == (
        *("forecast", "100", "7.000000000007"),
    )
    (whole,) = running("rating budget alert list", "--long", "-f", "json")
    assert alert.items() < whole.items()
    assert (whole["period"], whole["description"]) == ("month", "Läden")
    assert running("rating budget alert list", "--budget", "99", "-f", "json") == []


@pytest.mark.parametrize(
    ("threshold", "reason"),
    [("80", "'80' has no =, as in actual=80"), ("actual=most", "'most' is no number")],
)
def test_a_threshold_that_cannot_be_read_is_not_sent(openstack, capsys, threshold, reason):
    with pytest.raises(SystemExit):
        openstack("rating budget create", "day", "1", "--tenant", "acme", "--threshold", threshold)
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    "more", [("--threshold", "guessed=80"), ("--threshold", "actual=80", "--currency", "EUR")]
)
def test_a_budget_that_cannot_be_watched_is_an_error(openstack, more):
    arguments = ("day", "1", "--tenant", "acme", *more)
    assert "(budget_invalid)" in openstack("rating budget create", *arguments, fails=True)


def test_what_will_have_been_spent_is_shown(running):
    period = ("--start", "2026-02-01", "--end", "2026-04-01")
    found = running("rating forecast show", "acme", *period, "-f", "json")
    assert (found["spent"], found["forecast"]) == ("0", "14.000000000014")
    assert "name a tenant" in running("rating forecast show", fails=True)


def test_collections_are_listed_and_asked_for(openstack, database):
    gnocchi, day = ("gnocchi", "RegionOne"), timedelta(days=1)
    with database.begin() as conn:
        collections.enrol(conn, gnocchi, ["acme", "globex"], NOW - day, NOW)
    with collections.claimed(database, gnocchi, NOW, NOW) as (conn, claim):
        error = "source_refused", "no metric"
        collections.failed(conn, claim, error, NOW + day, 0, NOW)
    (failing,) = openstack("rating collect list", "--failing", "-f", "json")
    assert (failing["tenant_id"], failing["code"]) == ("acme", "source_refused")
    (whole,) = openstack("rating collect list", "--tenant", "acme", "--long", "-f", "json")
    assert failing.items() < whole.items()
    assert whole["collected_from"] == "2026-01-31T00:00:00Z"
    asked = openstack(
        *("rating collect create", "--tenant", "globex", "--tenant", "nobody"),
        *("--source", "gnocchi", "--region", "RegionOne", "--since", "2026-01-30", "-f", "json"),
    )
    assert asked == {"requested": 1, "unknown": ["nobody"]}
    (globex,) = openstack(
        *("rating collect list", "--tenant", "globex", "--source", "gnocchi", "-f", "json")
    )
    assert globex["collected_until"] == "2026-01-30T00:00:00Z"
    assert "| requested | 2 " in openstack("rating collect create")
    assert openstack("rating collect list", "--region", "Mars", "-f", "json") == []


def test_the_currency_of_a_tenant_is_set(openstack):
    openstack("rating tenant set", "acme", "--currency", "EUR")
    assert openstack("rating tenant show", "acme", "-f", "json")["currency"] == "EUR"
    assert len(openstack("rating tenant list", "-f", "json")) == 1


def test_discrepancies_and_the_state_are_shown(charged):
    assert charged("rating discrepancy list", "-f", "json") == []
    assert "| balanced       | True " in charged("rating status show")
    assert charged("rating spool show", "-f", "json")["max_bytes"] == 0


@pytest.fixture
def executable(environment, url):
    """A function that runs the executable as a person does."""
    path = Path(sys.executable).with_name("openstack")

    def run(*arguments, **options):
        command = (path, "--os-auth-type", "none", "--os-endpoint", url, *arguments)
        return subprocess.run(command, capture_output=True, text=True, **options)

    return run


@pytest.mark.slow
def test_the_executable_does_it_too(executable):
    made = executable("rating", "price", "create", "volume", "1", "--per", "month")
    assert (made.returncode, made.stderr) == (0, "")
    sent = executable("rating", "event", "create", "-", "-f", "value", input=EVENTS)
    assert sent.stdout.splitlines()[:2] == ["2", "2"]
    listed = executable("rating", "resource", "list", "-f", "json", "-c", "consumption")
    assert json.loads(listed.stdout) == [{"consumption": AMOUNT}]
    again = executable("rating", "price", "create", "volume", "2", "--per", "month")
    assert again.returncode == 1
    assert re.fullmatch(
        r"409 Conflict: another price .* \(price_overlap\) \[req-.*\]\n", again.stderr
    )


@pytest.mark.slow
def test_a_shell_completes_the_commands(executable):
    script = executable("complete").stdout
    assert "cmds_rating_price='create delete list set show'" in script
    assert "--unit-price" in script
