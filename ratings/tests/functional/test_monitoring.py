"""What is exposed, documented, drawn and alerted on is the same."""

import json
import re
import shutil
import subprocess

import pytest
import yaml
from prometheus_client import CollectorRegistry

from ratings import plugins, shipped
from ratings.api.app import make_services
from ratings.metrics.deliveries import DeliveryMetrics
from ratings.metrics.messages import MessageMetrics
from ratings.spool import Spool
from ratings.tests.functional.conftest import NOW

CHECKOUT = shipped.migrations().parent
PAGE = CHECKOUT / "doc" / "source" / "admin" / "monitoring.rst"
RULES = CHECKOUT / "contrib" / "prometheus" / "ratings.rules.yml"
DASHBOARD = CHECKOUT / "contrib" / "grafana" / "ratings.json"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="needs a checkout")

NAME = re.compile(r"\bratings_[a-z_]+")


@pytest.fixture
def exposed(conf, settings, database, tmp_path):
    """The name of every metric of every service, and its type."""
    spool = Spool(tmp_path, max_bytes=1000, alarm_percent=50, clock=lambda: NOW)
    services = make_services(conf, database, settings, plugins.exports(conf), lambda: NOW, spool)
    registry = CollectorRegistry()
    MessageMetrics(registry)
    DeliveryMetrics(registry)
    families = [*services.metrics.shown.collect(), *registry.collect()]
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: family.type
        for family in families
    }


def used(expressions):
    """The metrics that expressions ask for; parts of a histogram are the histogram."""
    found = {name for expression in expressions for name in NAME.findall(expression)}
    return {re.sub("_(bucket|count|sum)$", "", name) for name in found}


def alerts():
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return group["rules"]


def panels():
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if "targets" in panel]


def test_every_metric_is_explained_and_no_other(exposed):
    explained = re.findall(r"^   \* - ``(ratings_\w+)``$", PAGE.read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(exposed)


def test_every_metric_that_an_alert_asks_for_is_there(exposed):
    assert used(rule["expr"] for rule in alerts()) <= set(exposed)


def test_every_metric_is_on_the_dashboard_and_no_other(exposed):
    asked = used(target["expr"] for panel in panels() for target in panel["targets"])
    assert asked == set(exposed)


def test_histograms_are_asked_for_as_histograms_and_counters_as_rates(exposed):
    expressions = [target["expr"] for panel in panels() for target in panel["targets"]]
    for expression in expressions + [rule["expr"] for rule in alerts()]:
        for name in NAME.findall(expression):
            kind = exposed[re.sub("_(bucket|count|sum)$", "", name)]
            assert (kind == "histogram") == name.endswith("_bucket"), expression
            if kind in ("counter", "histogram"):
                assert re.search(rf"(rate|increase)\({name}", expression), expression


def test_every_alert_is_explained_and_tells_what_it_is_about():
    explained = re.findall(r"^``(Ratings\w+)``$", PAGE.read_text(), re.MULTILINE)
    assert explained == [rule["alert"] for rule in alerts()]
    for rule in alerts():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert {"summary", "description"} == set(rule["annotations"])


def test_panels_have_their_places_and_no_two_the_same():
    found = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in found}) == len(found)
    cells = set()
    for panel in found:
        place = panel["gridPos"]
        mine = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not mine & cells, panel["title"]
        cells |= mine


@pytest.fixture
def promtool():
    """A function that runs Prometheus' own tool; it is not needed for anything else."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed: Debian has it in its package prometheus")

    def run(*arguments):
        done = subprocess.run([program, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_prometheus_itself_accepts_the_rules(promtool):
    promtool("check", "rules", str(RULES))


#: For each alert what Prometheus sees of it, minute by minute, until it is raised.
STORIES = {
    "RatingsDatabaseDown": ('ratings_database_up{instance="a"}', "0+0x500"),
    "RatingsBooksUnbalanced": ('ratings_books_balanced{instance="a"}', "0+0x500"),
    "RatingsSpoolFilling": ('ratings_spool_used_ratio{instance="a"}', "0.6+0x500"),
    "RatingsSpoolDamaged": ('ratings_spool_damaged_files{instance="a"}', "1+0x500"),
    "RatingsLagging": ('ratings_region_lag_seconds{instance="a", region="r"}', "0+60x500"),
    "RatingsRegionSilent": ('ratings_region_silent_seconds{instance="a", region="r"}', "0+60x500"),
    "RatingsEventsParked": ('ratings_parked_oldest_seconds{code="c"}', "90000+60x500"),
    "RatingsUsageUnpriced": ('ratings_unpriced_records{component="c"}', "7+0x500"),
    "RatingsOutboxStuck": ('ratings_outbox_oldest_seconds{driver="d"}', "22000+60x500"),
    "RatingsBatchesFailing": ('ratings_batch_failures_total{instance="a"}', "0+1x500"),
    "RatingsSourceNotListened": ('ratings_source_listening{source="s"}', "0+0x500"),
}


def story(alert, raised, **series):
    """A test of promtool's: whether an alert is raised after some hours."""
    asked = {
        "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)',
        "eval_time": "450m",
        "exp_samples": [{"labels": "{}", "value": raised}],
    }
    told = [{"series": name, "values": values} for name, values in series.items()]
    return {"interval": "1m", "input_series": told, "promql_expr_test": [asked]}


def test_every_alert_is_raised_by_what_it_is_for_and_by_nothing_else(promtool, tmp_path):
    waiting = {'ratings_spool_oldest_seconds{instance="a"}': "0+60x500"}
    tests = [story(alert, 1, **dict([series])) for alert, series in STORIES.items()]
    # One that cannot be drained is told from one whose database is down.
    for up in (0, 1):
        tests.append(story("RatingsSpoolStuck", up, **waiting, ratings_database_up=f"{up}+0x500"))
        seen = {"ratings_database_up" if up else "up": "0+0x500"}
        tests.append(story("RatingsUnseen", 1 - up, **seen))
    for series, values in STORIES.values():
        calm = "1+0x500" if values.startswith("0+0x") else "0+0x500"
        tests += [story(alert, 0, **{series: calm}) for alert in STORIES]
    assert {rule["alert"] for rule in alerts()} == {*STORIES, "RatingsSpoolStuck", "RatingsUnseen"}
    told = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "stories.yaml").write_text(yaml.safe_dump(told))
    promtool("test", "rules", str(tmp_path / "stories.yaml"))
