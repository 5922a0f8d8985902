"""Series of a real Prometheus, as the source tells them."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import trustme
import yaml

from ratings import conf as options
from ratings.collectors import prometheus as collector
from ratings.core.errors import DefinitionError
from ratings.core.pulls import AnswerInvalid, SourceError, SourceUnreachable
from ratings.tests.ledgers import ledger, rows
from ratings.tests.pulling.pullers import TENANTS, once, priced

HOUR = timedelta(hours=1)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = {
    "meter": "volume.size",
    "query": 'volume_gb{tenant_id="%s"}',
    "step": 300,
    "resource_id": "id",
    "metadata": {"display_name": "name"},
}
RAW = {key: value for key, value in SIZE.items() if key != "step"}
# Of "an open secret".
BCRYPT = "$2b$05$abcdefghijklmnopqrstuuwqFllrwe2AMtA5/0jSydclgLK6H/vHq"


def scraped(labels, start, end, value, step=timedelta(minutes=1)):
    """Lines of OpenMetrics, a scrape a minute."""
    at = start
    while at < end:
        yield f"volume_gb{{{labels}}} {value} {at.timestamp()}"
        at += step


def of(name, tenant="acme"):
    return f'id="{name}",name="disk of {name}",tenant_id="{tenant}",instance="exporter:9180"'


def connected(server, section, **told):
    conf = options.load([], default_config_files=[])
    for name, value in {"url": server.url, **told}.items():
        conf.set_override(name, value, group="prometheus")
    return collector.connect(conf, section)


def pulled(source, start, end, tenant_id="acme"):
    return [json.loads(body, parse_float=Decimal) for body in source.pull(tenant_id, start, end)]


def times(found):
    return [one["timestamp"] for one in found]


def instants(start, end, step):
    return [(start + n * step).isoformat() for n in range((end - start) // step)]


def test_a_query_is_evaluated_at_its_steps(prometheus):
    lines = [
        *scraped(of("v1"), NEW_YEAR, NEW_YEAR + HOUR, "5.25"),
        *scraped(of("v2", "globex"), NEW_YEAR, NEW_YEAR + HOUR, 1),
    ]
    source = connected(prometheus(lines), [SIZE])
    found = pulled(source, NEW_YEAR, NEW_YEAR + HOUR)
    assert times(found) == instants(NEW_YEAR, NEW_YEAR + HOUR, timedelta(minutes=5))
    assert found[0] == {
        "name": "volume.size",
        "source": "prometheus",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "volume": Decimal("5.25"),
        "resource_id": "v1",
        "project_id": "acme",
        "resource_metadata": {
            "id": "v1",
            "name": "disk of v1",
            "display_name": "disk of v1",
            "tenant_id": "acme",
            "instance": "exporter:9180",
        },
    }
    assert pulled(source, NEW_YEAR, NEW_YEAR + HOUR, "nobody") == []


@pytest.mark.parametrize(("pull", "step"), [(SIZE, 300), (RAW, 60)])
def test_windows_side_by_side_take_each_value_once(prometheus, pull, step):
    lines = scraped(of("v1"), NEW_YEAR, NEW_YEAR + 4 * HOUR, 5)
    source = connected(prometheus(lines), [pull])
    found = [
        at
        for hour in range(4)
        for at in times(pulled(source, NEW_YEAR + hour * HOUR, NEW_YEAR + (hour + 1) * HOUR))
    ]
    assert found == instants(NEW_YEAR, NEW_YEAR + 4 * HOUR, timedelta(seconds=step))


def test_samples_keep_their_milliseconds_and_their_digits(prometheus):
    lines = [f"volume_gb{{{of('v1')}}} 0.1 {1767229200 + second}.123" for second in (5, 65)]
    found = pulled(connected(prometheus(lines), [RAW]), NEW_YEAR, NEW_YEAR + 2 * HOUR)
    assert [(one["timestamp"][11:], one["volume"]) for one in found] == [
        ("01:00:05.123000+00:00", Decimal("0.1")),
        ("01:01:05.123000+00:00", Decimal("0.1")),
    ]


def test_what_ends_is_not_told_for_long(prometheus):
    """A series that is no longer scraped is evaluated for five minutes more."""
    lines = scraped(of("v1"), NEW_YEAR, NEW_YEAR + timedelta(minutes=30, seconds=1), 5)
    found = pulled(connected(prometheus(lines), [SIZE]), NEW_YEAR, NEW_YEAR + HOUR)
    assert times(found)[-1] in ("2026-01-01T00:30:00+00:00", "2026-01-01T00:35:00+00:00")


def test_what_is_no_number_comes_as_it_is(prometheus):
    lines = [f"volume_gb{{{of('v1')}}} {v} {1767225600 + n}" for n, v in enumerate(["NaN", "+Inf"])]
    found = pulled(connected(prometheus(lines), [RAW]), NEW_YEAR, NEW_YEAR + HOUR)
    assert [one["volume"] for one in found] == ["NaN", "+Inf"]


def test_exporters_that_tell_of_the_same_resource_are_refused(prometheus):
    lines = [
        *scraped(of("v1"), NEW_YEAR, NEW_YEAR + HOUR, 5),
        *scraped(of("v1").replace("9180", "9181"), NEW_YEAR, NEW_YEAR + HOUR, 5),
    ]
    server = prometheus(lines)
    with pytest.raises(AnswerInvalid, match="two series tell of 'v1'"):
        pulled(connected(server, [SIZE]), NEW_YEAR, NEW_YEAR + HOUR)
    joined = 'max without (instance) (volume_gb{tenant_id="%s"})'
    found = pulled(connected(server, [SIZE | {"query": joined}]), NEW_YEAR, NEW_YEAR + HOUR)
    assert len(found) == 12


def test_a_query_that_prometheus_does_not_understand_is_an_error(prometheus):
    server = prometheus(scraped(of("v1"), NEW_YEAR, NEW_YEAR + HOUR, 5))
    source = connected(server, [SIZE | {"query": 'volume_gb{tenant_id="%s"'}])
    with pytest.raises(SourceError, match=r"answered 400: .*parse error") as caught:
        pulled(source, NEW_YEAR, NEW_YEAR + HOUR)
    assert caught.value.code == "source_refused"


def test_a_prometheus_that_is_not_there_is_unreachable():
    class Nowhere:
        url = "http://127.0.0.1:9"

    with pytest.raises(SourceUnreachable, match="ConnectionError"):
        pulled(connected(Nowhere, [SIZE]), NEW_YEAR, NEW_YEAR + HOUR)


def test_a_prometheus_that_asks_who_it_is_gets_an_answer_over_tls(prometheus, tmp_path):
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    lines = scraped(of("v1"), NEW_YEAR, NEW_YEAR + HOUR, 5)
    server = prometheus(
        lines,
        certificate=tmp_path / "server.pem",
        authority=tmp_path / "ca.pem",
        users={"ratings": BCRYPT},
    )
    trusted = {"ca_file": str(tmp_path / "ca.pem"), "user": "ratings"}
    source = connected(server, [SIZE], password="an open secret", **trusted)
    assert len(pulled(source, NEW_YEAR, NEW_YEAR + HOUR)) == 12
    with pytest.raises(SourceUnreachable, match="answered 401") as caught:
        pulled(connected(server, [SIZE], password="?", **trusted), NEW_YEAR, NEW_YEAR + HOUR)
    assert caught.value.code == "source_denied"
    with pytest.raises(SourceUnreachable, match="SSLError"):
        pulled(connected(server, [SIZE]), NEW_YEAR, NEW_YEAR + HOUR)


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"url": "prometheus:9090"}, "begins with https"),
        ({"url": "https://me:secret@prometheus"}, "holds no password"),
        ({"user": "me", "token": "secret"}, "two ways"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(told, complaint):
    class Somewhere:
        url = "http://127.0.0.1:9"

    with pytest.raises(DefinitionError, match=complaint):
        connected(Somewhere, [SIZE], **told)


def test_prometheus_is_collected_with_the_same_ledger_however_windows_are_cut(
    database, twin, settings, prometheus, tmp_path
):
    lines = [
        line
        for n, tenant_id in enumerate(TENANTS)
        for line in scraped(
            f'id="v{n}",tenant_id="{tenant_id}"', NEW_YEAR, NEW_YEAR + 6 * HOUR, 5 + n
        )
    ]
    pulls = [
        {
            "meter": "volume.size",
            "query": 'volume_gb{tenant_id="%s"}',
            "step": 300,
            "resource_id": "id",
        }
    ]
    (tmp_path / "pull.yaml").write_text(yaml.safe_dump({"prometheus": pulls}))
    lag = datetime.now(UTC) - (NEW_YEAR + 6 * HOUR)
    told = {
        "PULLER__SOURCES": "prometheus",
        "PULLER__LAG": int(lag.total_seconds()),
        "PULLER__PULLS": tmp_path / "pull.yaml",
        "PULLER__TENANTS": ",".join(TENANTS),
        "PULLER__IGNORE": "umbr*",
        "PULLER__START": NEW_YEAR.isoformat(),
        "PROMETHEUS__URL": prometheus(lines).url,
    }
    for engine, window in ((database, 3600), (twin, 900)):
        priced(engine, settings, "volume.size")
        code, said = once(engine, **told | {"PULLER__WINDOW": window})
        assert code == 0, said
    assert ledger(database) == ledger(twin)
    tenants = "SELECT DISTINCT tenant_id FROM records ORDER BY 1"
    assert rows(database, tenants) == [("acme",), ("globex",), ("initech",)]
